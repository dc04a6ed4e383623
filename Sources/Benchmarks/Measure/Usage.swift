/// What a round of so many executions, or other pieces of work, has used.
struct Usage {
    let count: Int
    let seconds: Double
    /// Microseconds per execution.
    let serverCPU: Double
    let ownCPU: Double
    /// Bytes per execution.
    let wal: Double
    let commits: Double
    let syncs: Double
    let hotRatio: Double
    let buffers: Double

    init(count: Int, from start: Meter.Mark, to end: Meter.Mark, _ before: Meter.Counters, _ after: Meter.Counters) {
        let divisor = Double(max(1, count))
        self.count = count
        seconds = start.time.duration(to: end.time) / .seconds(1)
        serverCPU = (end.serverCPU - start.serverCPU) * 1_000_000 / divisor
        ownCPU = (end.ownCPU - start.ownCPU) * 1_000_000 / divisor
        wal = Double(end.wal - start.wal) / divisor
        commits = Double(after.commits - before.commits) / divisor
        syncs = Double(after.syncs - before.syncs) / divisor
        buffers = Double(after.buffers - before.buffers) / divisor
        hotRatio = Double(after.hotUpdates - before.hotUpdates) / Double(max(1, after.updates - before.updates))
    }

    var rate: Double { Double(count) / seconds }
    var cpu: Double { serverCPU + ownCPU }

    static let columns = [
        "executions/s", "CPU µs", "of PostgreSQL", "of worker", "WAL bytes", "commits", "fsyncs", "HOT %",
    ]

    var cells: [Report.Value] {
        [
            .number(rate, 0), .number(cpu, 0), .number(serverCPU, 0), .number(ownCPU, 0), .number(wal, 0),
            .number(commits, 4), .number(syncs, 4), .number(hotRatio * 100, 1),
        ]
    }
}

extension Sequence<Double> {
    var median: Double {
        let sorted = sorted()
        guard !sorted.isEmpty else { return 0 }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
