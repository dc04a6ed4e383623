import Stepwell

/// Stands in for a payment service.
enum PaymentService {
    struct Payment: Encodable {
        var reference: String
        var amount: Int
    }

    /// The customer can't pay that much.
    struct PaymentDeclined: Error {
        var amount: Int
    }

    static func charge(_ amount: Int, for order: String, key: String) async throws -> Payment {
        guard amount <= 1_000_000 else { throw PaymentDeclined(amount: amount) }
        return Payment(reference: "pay-\(key)", amount: amount)
    }

    static func refund(_ order: String, key: String) async throws {}
}

/// Stands in for a carrier.
enum Carrier {
    /// The carrier does not take this.
    struct ItemRefused: Error {
        var sku: String
    }

    static func handOver(_ item: Order.Item, of order: String, key: String) async throws {
        guard item.quantity <= 100 else { throw ItemRefused(sku: item.sku) }
    }
}
