import Postgres

/// Executions of one workload, run by one worker.
struct EngineRound {
    let database: BenchDatabase
    let workload: Workload
    let executions: Int
    /// Whether all are started before the worker, whose time alone counts then.
    let startsBefore: Bool
    var input = Workload.input
    /// How often an execution calls the function that it calls last; nil: as the workload says.
    var calls: Int?

    func run(_ options: BenchOptions) async throws -> Usage {
        let starter = Starter(database: database, workload: workload, input: input)
        if startsBefore { try await starter.start(executions) }
        try await database.settle()
        let meter = Meter(database: database)
        let counters = try await meter.counters()
        let worker = try BenchWorker(database, options)
        var start = try await meter.mark()
        var end = start
        try await worker.run {
            if !startsBefore {
                try await worker.waitUntilIdle()
                start = try await meter.mark()
                try await starter.start(executions)
            }
            let calls = calls ?? (workload == .parallel ? 5 : 1)
            try await worker.waitUntilDone(workload.lastFunction, calls: executions * calls)
            end = try await meter.mark()
        }
        return Usage(count: executions, from: start, to: end, counters, try await meter.counters())
    }
}
