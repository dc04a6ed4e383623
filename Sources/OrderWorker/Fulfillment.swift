import Stepwell

/// The functions of the state machine OrderFulfillment.
enum Fulfillment {
    static let functions = [
        Function("validate_order") { (order: Order) in
            try order.check()
            return Summary(total: order.total, pickUpInSeconds: order.pickUpInSeconds ?? 2)
        },
        // The stock is taken exactly once, whatever happens to the worker: it commits together with the step.
        Function.transactional("reserve_stock") { (order: Order, _, transaction) in
            try await Shop.reserve(order, in: transaction)
        },
        Function.transactional("release_stock") { (order: Order, _, transaction) in
            try await Shop.release(order, in: transaction)
        },
        // The others may run more than once; the idempotency key lets the services behind them notice.
        Function("charge_customer", timeout: .seconds(20)) { (order: Order, context: FunctionContext) in
            try await PaymentService.charge(order.total, for: order.id, key: context.idempotencyKey)
        },
        Function("refund_customer", timeout: .seconds(20)) { (order: Order, context: FunctionContext) in
            try await PaymentService.refund(order.id, key: context.idempotencyKey)
        },
        Function("ship_order", concurrency: 4) { (order: Order, context: FunctionContext) in
            for item in order.items {
                try await Carrier.handOver(item, of: order.id, key: context.idempotencyKey)
                try await context.heartbeat()
            }
            return Shipment(trackingNumber: "SW-\(order.id)")
        },
    ]

    struct Summary: Encodable {
        var total: Int
        var pickUpInSeconds: Int
    }

    struct Shipment: Encodable {
        var trackingNumber: String
    }
}
