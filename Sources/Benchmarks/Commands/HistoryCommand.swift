import ArgumentParser

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "What a Task costs while the history of its execution grows."
    )

    @Option(help: "How many executions there are, each of them a Task that follows itself.")
    var executions = 16
    @Option(help: "From how many events on in each of them, and up to how many, is measured; repeatable.")
    var events: [Int] = [10, 10_000, 40_000, 70_000, 100_000]
    @OptionGroup var options: BenchOptions

    func validate() throws {
        guard executions > 0 else { throw ValidationError("--executions takes a number from 1.") }
    }

    func run() async throws {
        let server = try await BenchServer.start(options)
        let database = try await BenchDatabase.create(on: server, options)
        let bench = HistoryBench(database: database, executions: executions)
        let columns = ["events of each", "Tasks/s"] + Usage.columns.dropFirst() + ["buffers"]
        var report = Report("history", columns: columns)
        for (range, usage) in try await bench.run(from: events.sorted(), options) {
            report.add(
                [.text("\(range.lowerBound) to \(range.upperBound)")] + usage.cells + [.number(usage.buffers, 1)]
            )
        }
        report.notes.append("All but the first two columns are per Task; a Task has five events.")
        try await database.drop()
        try await server.stop()
        report.show(json: options.json)
    }
}
