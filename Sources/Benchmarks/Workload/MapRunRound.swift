import Foundation
import JSON
import Postgres
import Store

/// One distributed Map, from its start to its end, with a worker in a process of its own.
struct MapRunRound {
    static let columns = [
        "seconds", "items/s", "CPU µs per item", "of PostgreSQL", "of worker", "WAL bytes per item", "MB before",
        "MB at most", "updates of map_runs", "of map_run_shards",
    ]

    private static let bucket = "bench"
    private static let machine = "bench-map-run"

    private static let definition = #"""
        {"StartAt": "Each", "States": {"Each": {"Type": "Map", "Label": "L", "End": true,
            "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSONL"},
                "Parameters": {"Bucket": "bench", "Key": "items.jsonl"}},
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Order", "States": {"Order": {"Type": "Task", "End": true,
                    "Resource": "arn:aws:lambda:us-east-1:000000000000:function:order"}}},
            "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": "bench", "Prefix": "results"}}}}}
        """#

    let database: BenchDatabase
    let items: Int

    func run(_ options: BenchOptions) async throws -> [Report.Value] {
        let storage = FileManager.default.temporaryDirectory.appending(path: "stepwell-bench-" + UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: storage) }
        try FileManager.default.createDirectory(
            at: storage.appending(path: Self.bucket),
            withIntermediateDirectories: true
        )
        try Data((0..<items).map(line).joined().utf8)
            .write(to: storage.appending(path: Self.bucket).appending(path: "items.jsonl"))
        _ = try await database.store.deploy(name: Self.machine, definition: Self.definition)
        try await database.settle()
        let worker = try WorkerProcess.start(database, options, storage: storage.path)
        defer { worker.stop() }
        while try await database.sql("select from stepwell.workers where idle").isEmpty {
            try await Task.sleep(for: .milliseconds(5))
        }
        let meter = Meter(database: database)
        let before = (memory: worker.memory.now, cpu: worker.cpu, updates: try await updates())
        let start = try await meter.mark()
        let execution = try await database.store.startExecution(
            stateMachine: Self.machine,
            name: UUID().uuidString,
            input: JSONDocument(.object([:]))
        )
        try await waitForEnd(of: execution.arn)
        let end = try await meter.mark()
        let after = try await updates()
        let seconds = start.time.duration(to: end.time) / .seconds(1)
        func perItem(_ total: Double) -> Double { total / Double(max(1, items)) }
        let serverCPU = perItem((end.serverCPU - start.serverCPU) * 1_000_000)
        let workerCPU = perItem((worker.cpu - before.cpu) * 1_000_000)
        return [
            .number(seconds, 1), .number(Double(items) / seconds, 0), .number(serverCPU + workerCPU, 0),
            .number(serverCPU, 0), .number(workerCPU, 0), .number(perItem(Double(end.wal - start.wal)), 0),
            .number(before.memory, 0), .number(worker.memory.peak, 0), .number(after.runs - before.updates.runs, 0),
            .number(after.shards - before.updates.shards, 0),
        ]
    }

    private func line(_ number: Int) -> String {
        #"{"id":"\#(number)","customer":"c-81231","sku":"tea","quantity":2,"price":9000,"total":18000}"# + "\n"
    }

    private func waitForEnd(of execution: String) async throws {
        while true {
            let description = try await database.store.describe(execution)
            switch description.summary.status {
            case .running, .pendingRedrive: try await Task.sleep(for: .milliseconds(20))
            case .succeeded: return
            case .failed, .timedOut, .aborted: throw BenchFailure("the Map failed: \(description.cause ?? "")")
            }
        }
    }

    /// How often rows that are shared by the children of a run were written.
    private func updates() async throws -> (runs: Double, shards: Double) {
        // Sessions report what they have done at most once a second.
        try await Task.sleep(for: .milliseconds(1100))
        try await database.sql("select pg_stat_force_next_flush()")
        func count(_ table: String) async throws -> Double {
            try await database.sql(
                """
                select coalesce(sum(n_tup_upd), 0)::float8 from pg_stat_user_tables
                where schemaname = 'stepwell' and relname = $1
                """,
                [.text(table)]
            )
            .only().double(0)
        }
        return (try await count("map_runs"), try await count("map_run_shards"))
    }
}
