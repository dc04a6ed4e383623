import JSON
import Postgres
import Store

/// What the bench `api` measures.
struct APIBench {
    static let columns = [
        "what", "clients", "requests/s", "p50 ms", "p99 ms", "÷ INSERT", "CPU µs", "of PostgreSQL", "of server",
        "commits", "MB",
    ]

    let database: BenchDatabase
    let server: ServerProcess

    private var machineARN: String { database.store.settings.stateMachineARN(Workload.single.machine) }

    /// Single rows in transactions of their own, as an application writes them that has no workflows.
    func bareInserts(_ count: Int) async throws -> [Double] {
        let connection = try await Connection.connect(database.configuration, logger: .bench)
        try await connection.execute("create table if not exists bare (id uuid primary key, input json not null)")
        var milliseconds: [Double] = []
        for _ in 0..<count {
            let statement = Statement(
                "insert into bare (id, input) values ($1, $2)",
                [.uuid(.v4()), .json(Workload.input)]
            )
            let sentAt = ContinuousClock.now
            _ = try await connection.query(statement)
            milliseconds.append(sentAt.duration(to: .now) / .milliseconds(1))
        }
        await connection.close()
        return milliseconds
    }

    func starts(clients: Int, count: Int, seconds: Int) async throws -> (milliseconds: [Double], seconds: Double) {
        try await run(.starts, clients: clients, count: count, seconds: seconds)
    }

    /// Starts from all clients for some time.
    func throughput(clients: Int, seconds: Int) async throws -> [Report.Value] {
        let meter = Meter(database: database)
        let (start, before, cpu) = (try await meter.mark(), try await meter.counters(), server.cpu)
        let (times, taken) = try await starts(clients: clients, count: .max, seconds: seconds)
        // Sessions report what they did a second later at the latest.
        try await Task.sleep(for: .milliseconds(1100))
        let (end, after) = (try await meter.mark(), try await meter.counters())
        let count = Double(max(1, times.count))
        let own = (server.cpu - cpu) * 1_000_000 / count
        let postgres = (end.serverCPU - start.serverCPU) * 1_000_000 / count
        let sorted = times.sorted()
        return [
            .text("StartExecution"), .number(Double(clients), 0), .number(count / taken, 0),
            .number(sorted.quantile(0.5), 2), .number(sorted.quantile(0.99), 2), .none, .number(own + postgres, 0),
            .number(postgres, 0), .number(own, 0), .number(Double(after.commits - before.commits) / count, 3),
            .number(server.residentMegabytes, 0),
        ]
    }

    /// How long after the start of an execution one of many clients has the task of its activity.
    func activity(waiting: Int, _ options: BenchOptions) async throws -> [Report.Value] {
        let activity = try await database.store.createActivity("bench")
        _ = try await database.store.deploy(
            name: "bench-activity",
            definition: Workload.states(
                "Ask",
                #""Ask": {"Type": "Task", "Resource": "\#(activity.arn)", "End": true}"#
            )
        )
        let load = ActivityLoad(server.requests, activityARN: activity.arn)
        let worker = try BenchWorker(database, options)
        var milliseconds: [Double] = []
        try await worker.run {
            try await worker.waitUntilIdle()
            try await load.run(clients: waiting) {
                for _ in 0..<100 {
                    let store = database.store
                    let startedAt = ContinuousClock.now
                    let answeredAt = try await load.firstAnswer {
                        _ = try await store.startExecution(
                            stateMachine: "bench-activity",
                            name: nil,
                            input: JSONDocument(trusted: Workload.input)
                        )
                    }
                    milliseconds.append(startedAt.duration(to: answeredAt) / .milliseconds(1))
                    // Long enough for everybody to wait again.
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        }
        return Self.row("GetActivityTask after a start", clients: waiting, milliseconds.sorted())
    }

    /// So many requests, a quarter of them starts, each client in pieces that signatures are good for.
    func mix(clients: Int, count: Int) async throws {
        var remaining = count
        while remaining > 0 {
            let share = max(1, remaining / clients)
            let done = try await run(.mix, clients: min(clients, remaining), count: share, seconds: 240)
            remaining -= done.milliseconds.count
        }
    }

    func memory(after count: Int) -> [Report.Value] {
        [.text("after \(count) mixed requests")] + Array(repeating: .none, count: Self.columns.count - 2)
            + [.number(server.residentMegabytes, 1)]
    }

    static func row(_ what: String, clients: Int, _ times: [Double], beside bare: Double? = nil) -> [Report.Value] {
        let p50 = times.quantile(0.5)
        return [
            .text(what), .number(Double(clients), 0), .none, .number(p50, 3), .number(times.quantile(0.99), 3),
            bare.map { .number(p50 / $0, 2) } ?? .none,
        ] + Array(repeating: .none, count: 5)
    }

    private func run(
        _ kind: LoadScript.Kind,
        clients: Int,
        count: Int,
        seconds: Int
    ) async throws -> (milliseconds: [Double], seconds: Double) {
        let (requests, arn) = (server.requests, machineARN)
        let deadline = ContinuousClock.now + .seconds(seconds)
        return try await Load(clients: clients, port: requests.port)
            .run { LoadScript(kind, requests, machineARN: arn, count: count, until: deadline) }
    }
}
