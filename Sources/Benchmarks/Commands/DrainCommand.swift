import ArgumentParser

struct DrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Started executions of one Task, worked off by one worker."
    )

    @Option(help: "How many executions a round has.")
    var executions = 50_000
    @Option(help: "How many rounds there are.")
    var rounds = 3
    @OptionGroup var options: BenchOptions

    func run() async throws {
        try await ThroughputBench(workload: .single, executions: executions, rounds: rounds, startsBefore: true)
            .run(options)
    }
}
