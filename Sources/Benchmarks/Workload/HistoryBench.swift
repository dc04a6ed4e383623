import Postgres

/// Executions that go round for as long as somebody looks.
struct HistoryBench {
    /// Of one Task that follows another.
    private static let eventsOfTask = 5

    let database: BenchDatabase
    let executions: Int

    /// What Tasks use between each of these lengths of the shortest history and the next.
    func run(from bounds: [Int], _ options: BenchOptions) async throws -> [(events: Range<Int>, usage: Usage)] {
        try await Starter(database: database, workload: .loop).start(executions)
        try await database.settle()
        let meter = Meter(database: database)
        let worker = try BenchWorker(database, options)
        var rows: [(Range<Int>, Usage)] = []
        try await worker.run {
            var last: (bound: Int, all: Int, mark: Meter.Mark, counters: Meter.Counters)?
            for bound in bounds {
                var lengths = try await lengths()
                while lengths.shortest < bound {
                    try await Task.sleep(for: .milliseconds(10))
                    lengths = try await self.lengths()
                }
                let (mark, counters) = (try await meter.mark(), try await meter.counters())
                if let last {
                    let tasks = (lengths.all - last.all) / Self.eventsOfTask
                    rows.append(
                        (last.bound..<bound, Usage(count: tasks, from: last.mark, to: mark, last.counters, counters))
                    )
                }
                last = (bound, lengths.all, mark, counters)
            }
        }
        return rows
    }

    /// How many events there are, in the execution that has the fewest and in all together.
    private func lengths() async throws -> (shortest: Int, all: Int) {
        let row = try await database.sql("select min(events), sum(events) from stepwell.steps").only()
        return (try row.int(0), try row.int(1))
    }
}
