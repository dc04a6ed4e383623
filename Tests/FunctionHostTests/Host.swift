import Foundation
import JSON
import Logging
import Postgres
import PostgresTestSupport
import Stepwell
import Store
import Synchronization
import Testing

@testable import FunctionHost

/// A folder of functions whose programs are Python scripts, a database, and a worker that offers them.
struct Host: Sendable {
    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
    /// What every script begins with: a runtime in a few lines.
    private static let prelude = #"""
        #!/usr/bin/env python3
        import http.client, json, os, signal, sys, time
        api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
        def ask(method, path, body=None, headers={}):
            api.request(method, "/2018-06-01/runtime/" + path, body, headers)
            answer = api.getresponse()
            return answer, answer.read()
        def next_call():
            answer, body = ask("GET", "invocation/next")
            return answer.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(body), answer.headers
        def reply(call, value):
            return ask("POST", f"invocation/{call}/response", json.dumps(value))[0].status

        """#

    let folder: URL
    let database: PostgresConfiguration
    let store: Store

    /// - Parameter functions: their scripts, and what `functions.json` says of them.
    init(_ functions: [String: (script: String, settings: String)]) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "swfn.\(UUID().uuidString.prefix(8))")
        var declarations: [String] = []
        for (name, function) in functions {
            let directory = folder.appending(path: name)
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try Self.write(function.script, to: directory)
            declarations.append("\"\(name)\": {\(function.settings)}")
        }
        try Data("{\(declarations.joined(separator: ", "))}".utf8).write(to: folder.appending(path: "functions.json"))
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        database = try await TestCluster.shared()
            .createDatabase("functions") { [logger] model in
                _ = try await Store.migrate(model, directory: Self.root + "/migrations", buckets: nil, logger: logger)
            }
        store = try await Store.open(database, patience: .seconds(120), logger: logger)
        for name in functions.keys {
            let definition = """
                {"StartAt": "Work", "States": {"Work": {"Type": "Task", "End": true,
                 "Resource": "arn:aws:lambda:us-east-1:000000000000:function:\(name)"}}}
                """
            _ = try await store.deploy(name: name, definition: definition)
        }
    }

    /// Gives a function another program.
    func rewrite(_ name: String, _ script: String) throws {
        try Self.write(script, to: folder.appending(path: name))
    }

    private static func write(_ script: String, to directory: URL) throws {
        let bootstrap = directory.appending(path: "bootstrap")
        try Data((prelude + script).utf8).write(to: bootstrap)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: bootstrap.path)
    }

    /// Runs a worker while the body does.
    ///
    /// - Parameters:
    ///   - log: takes what the worker logs.
    ///   - controlGroups: where processes have control groups.
    ///   - keepsFolder: whether the folder is needed afterwards.
    func withWorker<Value: Sendable>(
        log: LogRecord? = nil,
        controlGroups: ControlGroups? = nil,
        keepsFolder: Bool = false,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        var logger = Logger(label: "test")
        if let log { logger = Logger(label: "test") { _ in log.handler } }
        logger.logLevel = log == nil ? .error : .info
        let host = try FunctionHost(folder: folder, controlGroups: controlGroups, logger: logger)
        var configuration = WorkerConfiguration()
        configuration.database = database.conninfo
        configuration.schema = database.schema.description
        configuration.preparesStatements = database.preparesStatements
        configuration.listenDatabase = TestNetwork.listening(database).conninfo
        configuration.shutdownTimeout = .seconds(5)
        configuration.logger = logger
        let worker = Worker(configuration: configuration) { host.functions }
        defer { if !keepsFolder { try? FileManager.default.removeItem(at: folder) } }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                try await worker.run(handlesSignals: false)
                return nil
            }
            group.addTask { try await body() }
            var result: Value?
            while let value = try await group.next() {
                if let value {
                    result = value
                    group.cancelAll()
                }
            }
            await host.stop()
            return try #require(result)
        }
    }

    /// Calls a function by way of an execution.
    func call(_ name: String, _ input: JSONValue = .null, trace: String? = nil) async throws -> ExecutionDescription {
        let request = StartRequest(stateMachine: name, name: nil, input: JSONDocument(input), traceHeader: trace)
        return try await end(of: try await store.startExecutions([request])[0].get().arn)
    }

    /// Runs an execution of a state machine to its end.
    ///
    /// - Parameter runsOnce: as StartSyncExecution starts it.
    func callMachine(_ name: String, _ input: JSONValue = .null, runsOnce: Bool = false) async throws
        -> ExecutionDescription
    {
        let request = StartRequest(stateMachine: name, name: nil, input: JSONDocument(input), runsOnce: runsOnce)
        let started = try await store.startExecutions([request])[0].get()
        return try await end(of: started.arn)
    }

    /// Waits for the end of an execution.
    func end(of execution: String) async throws -> ExecutionDescription {
        while true {
            let description = try await store.describe(execution)
            if description.summary.status != .running { return description }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// What was logged, for tests that read it.
final class LogRecord: Sendable {
    struct Entry: Sendable {
        var message: String
        var metadata: Logger.Metadata
    }

    private struct Handler: LogHandler {
        let record: LogRecord
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            record.all.withLock { $0.append(Entry(message: "\(event.message)", metadata: all)) }
        }
    }

    private let all = Mutex<[Entry]>([])

    var handler: any LogHandler { Handler(record: self) }
    var entries: [Entry] { all.withLock(\.self) }
}
