import Stepwell

/// The shop's own tables, in the same database as its workflows.
enum Shop {
    struct Reservation: Encodable {
        var order: String
        var items: Int
    }

    /// There is less in stock than an order asks for.
    struct OutOfStock: Error {
        var sku: String
    }

    static func createTables(in transaction: Transaction) async throws {
        try await transaction.execute("CREATE SCHEMA IF NOT EXISTS shop")
        try await transaction.execute(
            "CREATE TABLE IF NOT EXISTS shop.stock (sku text PRIMARY KEY, available bigint NOT NULL CHECK (available >= 0))"
        )
        try await transaction.execute(
            "CREATE TABLE IF NOT EXISTS shop.orders (id text PRIMARY KEY, total bigint NOT NULL, status text NOT NULL)"
        )
        try await transaction.execute(
            "INSERT INTO shop.stock VALUES ('tea', 1000000), ('cup', 1000000), ('pot', 3) ON CONFLICT DO NOTHING"
        )
    }

    static func reserve(_ order: Order, in transaction: Transaction) async throws -> Reservation {
        try await transaction.execute(
            "INSERT INTO shop.orders (id, total, status) VALUES ($1, $2, 'reserved')",
            order.id,
            order.total
        )
        // In one order everywhere, so that two orders never wait for each other.
        for item in order.items.sorted(by: { $0.sku < $1.sku }) {
            let taken = try await transaction.execute(
                "UPDATE shop.stock SET available = available - $2 WHERE sku = $1 AND available >= $2",
                item.sku,
                item.quantity
            )
            guard taken == 1 else { throw OutOfStock(sku: item.sku) }
        }
        return Reservation(order: order.id, items: order.items.count)
    }

    /// Undoes a reservation; where there is none, nothing.
    static func release(_ order: Order, in transaction: Transaction) async throws {
        let released = try await transaction.execute(
            "UPDATE shop.orders SET status = 'cancelled' WHERE id = $1 AND status = 'reserved'",
            order.id
        )
        guard released == 1 else { return }
        for item in order.items.sorted(by: { $0.sku < $1.sku }) {
            try await transaction.execute(
                "UPDATE shop.stock SET available = available + $2 WHERE sku = $1",
                item.sku,
                item.quantity
            )
        }
    }
}
