import JSON
import Postgres
import Stepwell
import Synchronization

/// A worker in this process, with the settings that it has in production.
final class BenchWorker: Sendable {
    private let calls = Mutex<[String: Int]>([:])
    private let database: BenchDatabase
    private let configuration: WorkerConfiguration

    init(_ database: BenchDatabase, _ options: BenchOptions) {
        self.database = database
        var configuration = WorkerConfiguration()
        configuration.database = database.configuration.conninfo
        configuration.logger = .bench
        if let concurrency = options.concurrency { configuration.concurrency = concurrency }
        self.configuration = configuration
    }

    /// How often a function was called.
    func calls(of function: String) -> Int { calls.withLock { $0[function, default: 0] } }

    /// Runs while the body does.
    func run(_ body: () async throws -> Void) async throws {
        let worker = Worker(configuration: configuration) {
            function("order", reply: ["id": "1042", "status": "accepted", "total": 18000])
            function("charge", reply: ["id": "1042", "receipt": "r-55-1042", "total": 18000])
            function("ship", reply: ["id": "1042", "parcel": "p-9-1042"])
        }
        let running = Task { try await worker.run(handlesSignals: false) }
        let result: Result<Void, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        running.cancel()
        try await running.value
        try result.get()
    }

    /// Waits until the worker has introduced itself and sleeps.
    func waitUntilIdle() async throws {
        while try await database.sql("select from stepwell.workers where idle").isEmpty {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Waits until a function was called so often and no execution runs.
    func waitUntilDone(_ function: String, calls count: Int) async throws {
        while calls(of: function) < count { try await Task.sleep(for: .milliseconds(2)) }
        while try await !database.sql("select from stepwell.execution_heads limit 1").isEmpty {
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    private func function(_ name: String, reply: JSONValue) -> Function {
        Function(name) { [self] (event: JSONValue) in
            calls.withLock { $0[name, default: 0] += 1 }
            return reply
        }
    }
}
