import Expressions
import JSON
import Logging
import Postgres
import PostgresTestSupport
import Stepwell
import Store
import Testing

/// A fresh database with the schema, and workers on it.
struct Database: Sendable {
    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

    let configuration: PostgresConfiguration
    let store: Store

    /// - Parameter settings: changes of `stepwell.settings`, as in an UPDATE.
    init(on cluster: TestCluster? = nil, settings: String? = nil) async throws {
        let cluster = if let cluster { cluster } else { try await TestCluster.shared() }
        configuration = try await cluster.createDatabase("worker") { model in
            _ = try await Store.migrate(
                model,
                directory: Self.root + "/migrations",
                buckets: nil,
                logger: Self.logger
            )
        }
        if let settings {
            let connection = try await Connection.connect(configuration, logger: Self.logger)
            try await connection.execute(Statement("update stepwell.settings set \(settings)"))
            await connection.close()
        }
        store = try await Store.open(configuration, patience: .seconds(120), logger: Self.logger)
    }

    static var logger: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .error
        return logger
    }

    // MARK: Machines and executions

    /// Deploys a machine whose definition is given as the inside of its `States`.
    func deploy(_ states: String, as name: String = "Machine", startAt: String = "Work") async throws {
        _ = try await store.deploy(name: name, definition: #"{"StartAt": "\#(startAt)", "States": {\#(states)}}"#)
    }

    /// Deploys a machine of one Task.
    func deployTask(_ function: String, as name: String = "Machine", _ more: String = "") async throws {
        try await deploy(
            #""Work": {"Type": "Task", "Resource": "\#(Self.function(function))", \#(more) "End": true}"#,
            as: name
        )
    }

    static func function(_ name: String) -> String { "arn:aws:lambda:us-east-1:000000000000:function:\(name)" }

    /// The events of an execution of one Task that went well.
    static let oneTask = [
        "ExecutionStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
        "LambdaFunctionSucceeded", "TaskStateExited", "ExecutionSucceeded",
    ]

    /// Starts an execution and answers its ARN.
    func start(_ machine: String = "Machine", name: String? = nil, input: JSONValue = [:]) async throws -> String {
        try await store.startExecution(stateMachine: machine, name: name, input: JSONDocument(input)).arn
    }

    /// Waits for the end of an execution.
    func end(of execution: String) async throws -> ExecutionDescription {
        while true {
            let description = try await store.describe(execution)
            if description.summary.status != .running { return description }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// The types of an execution's events, in order.
    func events(of execution: String) async throws -> [String] {
        try await store.history(execution).compactMap { $0.json["type"]?.string }
    }

    func sql(_ text: String, _ parameters: [PostgresValue] = []) async throws -> Rows {
        try await store.pool.query(Statement(text, parameters))
    }

    // MARK: Workers

    /// A configuration of a worker on this database.
    func worker(_ change: (inout WorkerConfiguration) -> Void = { _ in }) -> WorkerConfiguration {
        var worker = WorkerConfiguration()
        reach(&worker)
        change(&worker)
        return worker
    }

    /// A configuration of a worker on this database, with an environment of its own.
    func worker(environment: [String: String]) throws -> WorkerConfiguration {
        var worker = try WorkerConfiguration(environment: environment)
        reach(&worker)
        return worker
    }

    private func reach(_ worker: inout WorkerConfiguration) {
        worker.database = configuration.conninfo
        worker.schema = configuration.schema.description
        if TestNetwork.isPooled {
            worker.listenDatabase = TestNetwork.listening(configuration).conninfo
        }
        worker.logger = Self.logger
        worker.shutdownTimeout = .seconds(5)
    }

    /// Runs a worker while the body does.
    func withWorker<Value: Sendable>(
        _ configuration: WorkerConfiguration? = nil,
        @FunctionBuilder functions: () -> [Function] = { [] },
        body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let worker = Worker(configuration: configuration ?? worker(), functions: functions)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                try await worker.run(handlesSignals: false)
                return nil
            }
            group.addTask { try await body() }
            let value = try await group.next()
            group.cancelAll()
            try await group.waitForAll()
            return try #require(value ?? nil, "the worker ended before the test")
        }
    }
}

extension ExecutionDescription {
    var status: ExecutionStatus { summary.status }
}
