package import JSON
package import Store

/// Work that state machines can call by name: what a Task's `Resource` refers to.
///
/// ```swift
/// Function("charge") { (order: Order, context: FunctionContext) in
///     try await payments.charge(order.total, key: context.idempotencyKey)
/// }
/// ```
///
/// The event is anything `Decodable`, the reply anything `Encodable`; `JSONValue` is both, for a handler that wants
/// raw JSON. A handler that returns nothing replies `null`.
///
/// A handler may run more than once for the same stay in a state: after a retry, and after a crash of the process that
/// ran it. ``FunctionContext/idempotencyKey`` is the same each time; `Function.transactional` is for work that must take
/// effect exactly once.
///
/// An event that does not fit the type fails the task with `Runtime.UnmarshalError`, a reply that JSON can't say with
/// `Runtime.MarshalError`; see ``FunctionError`` for what a handler throws.
public struct Function: Sendable {
    /// What a published version is known by.
    package struct FunctionRelease: Sendable, Hashable {
        package var function: String
        package var version: Int
        /// The SHA-256 of all that makes it up.
        package var digest: String

        package init(function: String, version: Int, digest: String) {
            self.function = function
            self.version = version
            self.digest = digest
        }
    }

    enum Body: Sendable {
        case plain(@Sendable (JSONDocument, FunctionContext) async throws -> JSONDocument)
        case transactional(@Sendable (JSONDocument, FunctionContext, Transaction) async throws -> JSONDocument)
    }

    /// What a Task calls it: the last part of the ARN in `Resource`.
    public let name: String
    /// How many calls of it this worker runs at once; nil: only the worker's own concurrency counts.
    public let concurrency: Int?
    /// How long a call may take before it fails with `Sandbox.Timedout`; nil: as long as it likes.
    public let timeout: Duration?
    let body: Body
    /// What is set for it in the whole installation, by the program that offers it.
    package var settings: FunctionSettings?
    /// The version that this is, of a function that can be published; its name has the number behind a colon.
    package var release: FunctionRelease?

    /// The timeout of a function that sets none: 15 minutes, the longest that AWS Lambda allows.
    public static let defaultTimeout: Duration = .seconds(15 * 60)

    /// A function that takes and replies JSON text as it is.
    package init(
        name: String,
        concurrency: Int?,
        timeout: Duration?,
        documents handler: @escaping @Sendable (JSONDocument, FunctionContext) async throws -> JSONDocument
    ) {
        self.init(name: name, concurrency: concurrency, timeout: timeout, body: .plain(handler))
    }

    init(name: String, concurrency: Int?, timeout: Duration?, body: Body) {
        self.name = name
        self.concurrency = concurrency
        self.timeout = timeout
        self.body = body
    }

    /// A function that replies to an event.
    public init<Event: Decodable & SendableMetatype, Reply: Encodable & SendableMetatype>(
        _ name: String,
        concurrency: Int? = nil,
        timeout: Duration? = Function.defaultTimeout,
        _ handler: @escaping @Sendable (Event, FunctionContext) async throws -> Reply
    ) {
        self.init(
            name: name,
            concurrency: concurrency,
            timeout: timeout,
            body: .plain { event, context in
                try Payload.encode(try await handler(try Payload.decode(event, for: name), context), of: name)
            }
        )
    }

    /// A function whose reply is `null`.
    public init<Event: Decodable & SendableMetatype>(
        _ name: String,
        concurrency: Int? = nil,
        timeout: Duration? = Function.defaultTimeout,
        _ handler: @escaping @Sendable (Event, FunctionContext) async throws -> Void
    ) {
        self.init(
            name: name,
            concurrency: concurrency,
            timeout: timeout,
            body: .plain { event, context in
                try await handler(try Payload.decode(event, for: name), context)
                return Payload.null
            }
        )
    }

    /// A function that needs nothing but the event.
    public init<Event: Decodable & SendableMetatype, Reply: Encodable & SendableMetatype>(
        _ name: String,
        concurrency: Int? = nil,
        timeout: Duration? = Function.defaultTimeout,
        _ handler: @escaping @Sendable (Event) async throws -> Reply
    ) {
        self.init(name, concurrency: concurrency, timeout: timeout) { (event: Event, _: FunctionContext) in
            try await handler(event)
        }
    }

    /// A function that needs nothing but the event and whose reply is `null`.
    public init<Event: Decodable & SendableMetatype>(
        _ name: String,
        concurrency: Int? = nil,
        timeout: Duration? = Function.defaultTimeout,
        _ handler: @escaping @Sendable (Event) async throws -> Void
    ) {
        self.init(name, concurrency: concurrency, timeout: timeout) { (event: Event, _: FunctionContext) in
            try await handler(event)
        }
    }
}
