extension Function {
    /// A function whose SQL takes effect exactly once: what the handler does with `transaction` is committed together
    /// with the completion of its step, or not at all.
    ///
    /// ```swift
    /// Function.transactional("reserve_stock") { (order: Order, context, transaction) in
    ///     for item in order.items {
    ///         let taken = try await transaction.execute(
    ///             "UPDATE stock SET left = left - $2 WHERE sku = $1 AND left >= $2", item.sku, item.quantity)
    ///         guard taken == 1 else { throw OutOfStock(sku: item.sku) }
    ///     }
    ///     return Reservation(order: order.id)
    /// }
    /// ```
    ///
    /// Throwing rolls the transaction back and fails the task; so does a time-out. A call that is cut short by a crash, a
    /// lost lease or a lost connection rolls back as well and runs again. Everything else that the handler does, such as
    /// a request to another service, can still happen more than once.
    ///
    /// Each call holds a connection of its own while it runs, so without `concurrency` at most
    /// ``defaultTransactionalConcurrency`` run at once.
    public static func transactional<Event: Decodable & SendableMetatype, Reply: Encodable & SendableMetatype>(
        _ name: String,
        concurrency: Int? = nil,
        timeout: Duration? = Function.defaultTimeout,
        _ handler: @escaping @Sendable (Event, FunctionContext, Transaction) async throws -> Reply
    ) -> Function {
        Function(
            name: name,
            concurrency: concurrency ?? defaultTransactionalConcurrency,
            timeout: timeout,
            body: .transactional { event, context, transaction in
                let event: Event = try Payload.decode(event, for: name)
                return try Payload.encode(try await handler(event, context, transaction), of: name)
            }
        )
    }

    /// A function whose SQL takes effect exactly once and whose reply is `null`.
    public static func transactional<Event: Decodable & SendableMetatype>(
        _ name: String,
        concurrency: Int? = nil,
        timeout: Duration? = Function.defaultTimeout,
        _ handler: @escaping @Sendable (Event, FunctionContext, Transaction) async throws -> Void
    ) -> Function {
        Function(
            name: name,
            concurrency: concurrency ?? defaultTransactionalConcurrency,
            timeout: timeout,
            body: .transactional { event, context, transaction in
                try await handler(try Payload.decode(event, for: name), context, transaction)
                return Payload.null
            }
        )
    }

    /// How many calls of a transactional function run at once in one worker when it does not say.
    public static let defaultTransactionalConcurrency = 8

    var isTransactional: Bool {
        if case .transactional = body { true } else { false }
    }
}
