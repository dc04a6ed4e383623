import ArgumentParser

struct ExpressCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "express",
        abstract: "Three Tasks in a row as standard and as express executions, in turn."
    )

    @Option(help: "How many executions a round has.")
    var executions = 30_000
    @Option(help: "How many rounds there are.")
    var rounds = 3
    @OptionGroup var options: BenchOptions

    func run() async throws {
        let server = try await BenchServer.start(options)
        let database = try await BenchDatabase.create(on: server, options)
        var report = Report("three Tasks in a row", columns: ["round"] + Usage.columns + ["÷ standard"])
        var ratios: [Double] = []
        for number in 1...max(1, rounds) {
            func usage(of workload: Workload) async throws -> Usage {
                let round = EngineRound(
                    database: database,
                    workload: workload,
                    executions: executions,
                    startsBefore: false
                )
                return try await round.run(options)
            }
            let standard = try await usage(of: .chain)
            let express = try await usage(of: .express)
            ratios.append(express.rate / standard.rate)
            report.add([.text("\(number) standard")] + standard.cells + [.none])
            report.add([.text("\(number) express")] + express.cells + [.number(express.rate / standard.rate, 2)])
        }
        try await database.drop()
        try await server.stop()
        report.add(
            [.text("median"), .none] + Usage.columns.dropFirst().map { _ in .none } + [.number(ratios.median, 2)]
        )
        report.show(json: options.json)
    }
}
