/// The engine and both limits, one after the other on the same server, round by round.
struct ThroughputBench {
    let workload: Workload
    let executions: Int
    let rounds: Int
    let startsBefore: Bool

    func run(_ options: BenchOptions) async throws {
        let server = try await BenchServer.start(options)
        let database = try await BenchDatabase.create(on: server, options)
        var report = Report("\(workload)", columns: ["round"] + Usage.columns)
        for round in 1...max(1, rounds) {
            let engine = EngineRound(
                database: database,
                workload: workload,
                executions: executions,
                startsBefore: startsBefore
            )
            report.add([.text("engine \(round)")] + (try await engine.run(options).cells))
        }
        try await database.drop()
        try await server.stop()
        report.show(json: options.json)
    }
}
