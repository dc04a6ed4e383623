import JSON
import Stepwell

struct Order: Codable {
    struct Item: Codable {
        var sku: String
        var quantity: Int
        /// For one, in won.
        var price: Int
    }

    var id: String
    var items: [Item]
    /// When the carrier comes; soon, if the order does not say.
    var pickUpInSeconds: Int?

    var total: Int { items.reduce(0) { $0 + $1.quantity * $1.price } }
}

/// An order that can't be carried out. State machines catch it by its name.
struct InvalidOrder: FunctionError {
    var errorMessage: String
}

extension Order {
    init(json: String) throws {
        do {
            self = try JSONValueDecoder().decode(Order.self, from: JSONValue(parsing: json))
        } catch {
            throw InvalidOrder(errorMessage: "The body is not an order: \(JSONValueDecoder.describe(error))")
        }
    }

    func check() throws {
        func require(_ condition: Bool, _ message: String) throws {
            if !condition { throw InvalidOrder(errorMessage: message) }
        }
        try require(!id.isEmpty, "The order has no id.")
        try require(!items.isEmpty, "Order \(id) has no items.")
        for item in items {
            try require(!item.sku.isEmpty, "An item of order \(id) has no SKU.")
            try require((1...1_000).contains(item.quantity), "Order \(id): \(item.quantity) of \(item.sku).")
            try require((0...1_000_000_000).contains(item.price), "Order \(id): \(item.sku) for \(item.price) won.")
        }
        try require((0...86_400).contains(pickUpInSeconds ?? 0), "Order \(id): the pick-up is more than a day away.")
    }
}
