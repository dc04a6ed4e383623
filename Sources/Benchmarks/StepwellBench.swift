import ArgumentParser

@main
struct StepwellBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stepwell-bench",
        abstract: "Measure what Stepwell costs, beside what PostgreSQL itself can do.",
        discussion: """
            Every bench starts a PostgreSQL server of its own with fsync and synchronous_commit on, prints one table, \
            and stops the server. Build it with optimisation:

              swift build -c release --static-swift-stdlib --product stepwell-bench
              .build/release/stepwell-bench chain
            """,
        subcommands: [
            DrainCommand.self, ChainCommand.self, ExpressCommand.self, FanoutCommand.self, MapRunCommand.self,
            LatencyCommand.self, ScaleCommand.self, HistoryCommand.self, MemoryCommand.self, JSONataCommand.self,
            APICommand.self,
            FunctionsCommand.self, ConsoleCommand.self,
            BenchWorkerCommand.self, BenchServerCommand.self,
        ]
    )
}
