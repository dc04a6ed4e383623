import Logging
public import ServiceLifecycle
import UnixSignals

/// Runs workflows: claims steps of executions from the database, calls functions for them, and records what follows.
///
/// ```swift
/// @main struct Orders {
///     static func main() async throws {
///         let worker = Worker {
///             Function("process_order") { (event: OrderEvent, context: FunctionContext) in
///                 try await process(event, key: context.idempotencyKey)
///             }
///         }
///         try await worker.run()
///     }
/// }
/// ```
///
/// Any number of workers share a database. Each takes what its functions can do; a worker without functions is of use
/// too: it advances executions through states that call none. When a worker dies, others go on with its steps.
public struct Worker: Service {
    /// What the worker can do.
    public let functions: [Function]
    private let configuration: WorkerConfiguration?
    private let prepare: (@Sendable (Transaction) async throws -> Void)?

    /// A worker with these functions.
    ///
    /// - Parameters:
    ///   - configuration: nil: what the environment says, see ``WorkerConfiguration/init(environment:)``.
    ///   - functions: what the worker can do; none is fine.
    ///   - prepare: called in a transaction before the worker claims anything, and by one worker at a time: the place
    ///     to create tables that handlers need. The worker does not start if it throws.
    public init(
        configuration: WorkerConfiguration? = nil,
        @FunctionBuilder functions: () -> [Function] = { [] },
        prepare: (@Sendable (Transaction) async throws -> Void)? = nil
    ) {
        self.configuration = configuration
        self.functions = functions()
        self.prepare = prepare
    }

    /// Runs until the process gets SIGTERM or SIGINT, or the task is cancelled.
    ///
    /// On a signal the worker claims nothing more, finishes the handlers that run, and gives the rest back. In an
    /// application of several services, put the worker into its `ServiceGroup` instead: ``run()`` leaves signals alone.
    ///
    /// - Parameter handlesSignals: whether to end on signals.
    /// - Throws: ``WorkerError`` when the worker can't start.
    public func run(handlesSignals: Bool = true) async throws {
        guard handlesSignals else { return try await runService() }
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: self, successTerminationBehavior: .gracefullyShutdownGroup)],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "stepwell.lifecycle") { _ in SwiftLogNoOpLogHandler() }
        )
        configuration.maximumCancellationDuration = .seconds(10)
        try await ServiceGroup(configuration: configuration).run()
    }

    /// Runs as a service of a group, which says when it ends.
    @_disfavoredOverload
    public func run() async throws {
        try await runService()
    }

    private func runService() async throws {
        let configuration = try configuration ?? WorkerConfiguration(environment: nil)
        let life = try WorkerLife(functions: functions, configuration: configuration)
        try await life.run(prepare: prepare)
    }
}
