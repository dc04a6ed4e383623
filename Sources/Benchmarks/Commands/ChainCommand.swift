import ArgumentParser

struct ChainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chain",
        abstract: "Executions of three Tasks in a row, started, run and recorded."
    )

    @Option(help: "How many executions a round has.")
    var executions = 30_000
    @Option(help: "How many rounds there are.")
    var rounds = 3
    @OptionGroup var options: BenchOptions

    func run() async throws {
        try await ThroughputBench(workload: .chain, executions: executions, rounds: rounds, startsBefore: false)
            .run(options)
    }
}
