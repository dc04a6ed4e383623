import JSON
import Logging
import Postgres
import Stepwell
import Synchronization

/// A worker in this process, with the settings that it has in production.
final class BenchWorker: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    private let database: BenchDatabase
    private let conninfo: String
    private let concurrency: Int?

    init(_ database: BenchDatabase, _ options: BenchOptions) throws {
        self.database = database
        var way = database.configuration
        if let pooler = options.pooler {
            way = try PostgresConfiguration(pooler)
            way["dbname"] = database.name
        }
        conninfo = way.conninfo
        concurrency = options.concurrency
    }

    /// The functions that the workloads call.
    static func worker(
        conninfo: String,
        concurrency: Int?,
        listen: String? = nil,
        storage: String? = nil,
        onCall: @escaping @Sendable (String) -> Void
    ) -> Worker {
        var configuration = WorkerConfiguration()
        configuration.database = conninfo
        configuration.listenDatabase = listen
        configuration.storageDirectory = storage
        configuration.logger = .bench
        if let concurrency { configuration.concurrency = concurrency }
        func function(_ name: String, reply: JSONValue) -> Function {
            Function(name) { (event: JSONValue) in
                onCall(name)
                return reply
            }
        }
        return Worker(configuration: configuration) {
            function("order", reply: ["id": "1042", "status": "accepted", "total": 18000])
            function("charge", reply: ["id": "1042", "receipt": "r-55-1042", "total": 18000])
            function("ship", reply: ["id": "1042", "parcel": "p-9-1042"])
        }
    }

    /// How often a function was called.
    func calls(of function: String) -> Int { counts.withLock { $0[function, default: 0] } }

    /// Runs while the body does.
    func run(_ body: () async throws -> Void) async throws {
        let worker = Self.worker(
            conninfo: conninfo,
            concurrency: concurrency,
            listen: database.configuration.conninfo
        ) { [self] name in
            counts.withLock { $0[name, default: 0] += 1 }
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

    /// Waits until so many workers have introduced themselves and sleep.
    func waitUntilIdle(workers: Int = 1) async throws {
        while try await database.sql("select from stepwell.workers where idle").count < workers {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Waits until a function was called so often and nothing more is to be done.
    func waitUntilDone(_ function: String, calls count: Int) async throws {
        while calls(of: function) < count { try await Task.sleep(for: .milliseconds(10)) }
        // Sleepers, of which there may be millions, are not looked at; what is leased stands among what is ready.
        let unfinished = """
            select from stepwell.settings s, generate_series(0, s.buckets - 1) b
            cross join lateral (
                select from unnest(array['', 'order', 'charge', 'ship']) f (name)
                cross join lateral (
                    select from stepwell.steps s
                    where s.bucket = b and s.function = f.name and s.wake_at is null and s.run_at <= now()
                    order by s.run_at limit 1
                ) r
                union all (
                    select from stepwell.steps s
                    where s.bucket = b and s.wake_at < 'infinity'
                    order by s.wake_at limit 1
                )
            ) u
            limit 1
            """
        while try await !database.sql(unfinished).isEmpty {
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
