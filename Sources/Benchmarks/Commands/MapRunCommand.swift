import ArgumentParser

struct MapRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "map-run",
        abstract: "A distributed Map of many items, from a file and back to files, and the memory of its worker."
    )

    @Option(help: "How many items the Maps have.")
    var items: [Int] = [10_000, 100_000]
    @OptionGroup var options: BenchOptions

    func run() async throws {
        let server = try await BenchServer.start(options)
        let database = try await BenchDatabase.create(on: server, options)
        var report = Report("a distributed Map, one worker", columns: ["items"] + MapRunRound.columns)
        for count in items {
            report.add(
                [.number(Double(count), 0)] + (try await MapRunRound(database: database, items: count).run(options))
            )
        }
        report.notes.append(
            "Each item is an execution with a Task and a history of its own; the file has a JSON value of 90 bytes a line."
        )
        try await database.drop()
        try await server.stop()
        report.show(json: options.json)
    }
}
