/// The engine and both limits, one after the other on the same server, round by round.
struct ThroughputBench {
    let workload: Workload
    let executions: Int
    let rounds: Int
    let startsBefore: Bool

    func run(_ options: BenchOptions) async throws {
        let server = try await BenchServer.start(options)
        let database = try await BenchDatabase.create(on: server, options)
        try await Limit.prepare(database)
        let engine = EngineRound(
            database: database,
            workload: workload,
            executions: executions,
            startsBefore: startsBefore
        )
        var rounds: [Round] = []
        for _ in 1...max(1, self.rounds) {
            let usage = try await engine.run(options)
            let recorded = try await RecordedRows(of: workload, in: database)
            rounds.append(
                Round(
                    engine: usage,
                    sameRows: try await Limit.sameRows.run(executions, recorded: recorded, in: database),
                    bareBound: try await Limit.bareBound.run(executions, recorded: recorded, in: database)
                )
            )
        }
        try await database.drop()
        try await server.stop()
        report(rounds).show(json: options.json)
    }

    private struct Round {
        var engine: Usage
        var sameRows: Usage
        var bareBound: Usage
    }

    private func report(_ rounds: [Round]) -> Report {
        var report = Report("\(workload)", columns: ["round"] + Usage.columns + ["÷ same rows", "÷ bare bound"])
        for (number, round) in rounds.enumerated() {
            report.add(
                [.text("\(number + 1) engine")] + round.engine.cells
                    + [
                        .number(round.engine.rate / round.sameRows.rate, 2),
                        .number(round.engine.rate / round.bareBound.rate, 2),
                    ]
            )
            for (limit, usage) in [(Limit.sameRows, round.sameRows), (.bareBound, round.bareBound)] {
                report.add([.text("\(number + 1) \(limit.name)")] + usage.cells + [.none, .none])
            }
        }
        report.add(
            [.text("median engine"), .number(rounds.map(\.engine.rate).median, 0)]
                + [.number(rounds.map(\.engine.cpu).median, 0), .number(rounds.map(\.engine.serverCPU).median, 0)]
                + [.number(rounds.map(\.engine.ownCPU).median, 0), .number(rounds.map(\.engine.wal).median, 0)]
                + [.number(rounds.map(\.engine.commits).median, 4), .number(rounds.map(\.engine.syncs).median, 4)]
                + [.number(rounds.map(\.engine.hotRatio).median * 100, 1)]
                + [.number(rounds.map { $0.engine.rate / $0.sameRows.rate }.median, 2)]
                + [.number(rounds.map { $0.engine.rate / $0.bareBound.rate }.median, 2)]
        )
        if startsBefore {
            report.notes.append(
                "Executions are started before the engine's time begins; the limits start theirs in theirs."
            )
        }
        return report
    }
}
