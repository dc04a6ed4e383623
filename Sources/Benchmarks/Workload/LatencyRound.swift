import Expressions
import Foundation
import JSON
import Postgres
import Store

/// Executions that are started while the workers have nothing else to do.
struct LatencyRound {
    enum Door: CaseIterable {
        case library, sql
    }

    let database: BenchDatabase
    let door: Door
    /// nil: the next one is started a moment after the last has ended.
    let perSecond: Int?
    let executions: Int
    let workers: Int

    /// - Returns: milliseconds from before the start was sent until the end was committed.
    func run(_ options: BenchOptions) async throws -> [Double] {
        let others = try (1..<workers).map { _ in try WorkerProcess.start(database, options) }
        defer { for other in others { other.stop() } }
        let worker = try BenchWorker(database, options)
        var times: [Double] = []
        try await worker.run {
            try await worker.waitUntilIdle(workers: workers)
            // Connections are opened and plans made by the first.
            _ = try await measure(count: 20)
            times = try await measure(count: executions)
        }
        return times
    }

    private func measure(count: Int) async throws -> [Double] {
        guard let perSecond else {
            var times: [Double] = []
            for _ in 0..<count {
                times.append(try await one())
                // Long enough for the workers to fall asleep.
                try await Task.sleep(for: .milliseconds(Int.random(in: 15...30)))
            }
            return times
        }
        return try await withThrowingTaskGroup(of: Double.self) { group in
            for _ in 0..<count {
                group.addTask { try await one() }
                try await Task.sleep(for: .seconds(1) / perSecond)
            }
            var times: [Double] = []
            for try await time in group { times.append(time) }
            return times
        }
    }

    private func one() async throws -> Double {
        let name = UUID().uuidString
        switch door {
        case .library:
            _ = try await database.store.startExecution(
                stateMachine: Workload.chain.machine,
                name: name,
                input: JSONDocument(trusted: Workload.input)
            )
        case .sql:
            try await database.sql(
                "select stepwell.start_execution($1, $2, $3)",
                [.text(Workload.chain.machine), .json(Workload.input), .text(name)]
            )
        }
        return try await end(of: name)
    }

    /// Waits for the end. The watcher sleeps before each look, so that it does not measure itself: the times are the rows'
    /// own.
    private func end(of name: String) async throws -> Double {
        while true {
            try await Task.sleep(for: .milliseconds(5))
            let rows = try await database.sql(
                """
                select (extract(epoch from e.stopped_at - e.started_at) * 1000)::float8
                from stepwell.settings s
                join stepwell.state_machines m on m.name = $1
                join stepwell.executions e on e.machine = m.id and e.name = $2
                    and e.bucket = stepwell.bucket_of($1, $2, s.buckets)
                where e.stopped_at is not null
                """,
                [.text(Workload.chain.machine), .text(name)]
            )
            if let row = rows.first { return try row.double(0) }
        }
    }
}

extension [Double] {
    /// Of sorted numbers: the one below which this part of them lies.
    func quantile(_ part: Double) -> Double {
        isEmpty ? 0 : self[Swift.min(count - 1, Int(Double(count - 1) * part + 0.5))]
    }
}
