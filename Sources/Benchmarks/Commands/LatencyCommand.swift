import ArgumentParser

struct LatencyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "From the start to the end of three Tasks on an idle system."
    )

    @Option(help: "How many executions each row measures.")
    var executions = 300
    @OptionGroup var options: BenchOptions

    func run() async throws {
        let server = try await BenchServer.start(options)
        let database = try await BenchDatabase.create(on: server, options)
        var report = Report(
            "latency of three Tasks in ms",
            columns: ["started", "how", "workers", "p50", "p95", "p99", "longest"]
        )
        for workers in [1, 2] {
            for door in LatencyRound.Door.allCases {
                for rate in [nil, 100] {
                    let round = LatencyRound(
                        database: database,
                        door: door,
                        perSecond: rate,
                        executions: executions,
                        workers: workers
                    )
                    let times = try await round.run(options).sorted()
                    report.add(
                        [
                            .text("by \(door)"), .text(rate.map { "\($0)/s" } ?? "one at a time"),
                            .number(Double(workers), 0),
                        ] + [0.5, 0.95, 0.99, 1].map { .number(times.quantile($0), 2) }
                    )
                }
            }
        }
        try await database.drop()
        try await server.stop()
        report.notes.append(
            "By the executions' own times: stopped_at - started_at, both by the server's clock, plus the last commit."
        )
        report.show(json: options.json)
    }
}
