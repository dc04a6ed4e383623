import ArgumentParser

struct ConsoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console",
        abstract: "Every page of the console, with very many executions, a long history and a large Map behind it."
    )

    @Option(help: "How many executions have ended.")
    var stored = 1_000_000
    @Option(help: "How many executions sleep.")
    var open = 20_000
    @Option(help: "How many events the long history has.")
    var events = 100_000
    @Option(help: "How many items the Maps have.")
    var items = 10_000
    @Option(help: "How often each page is read, after the first time.")
    var rounds = 9
    @OptionGroup var options: BenchOptions

    func run() async throws {
        let server = try await BenchServer.start(options)
        let database = try await BenchDatabase.create(on: server, options)
        let data = ConsoleData(database: database, stored: stored, open: open, events: events, items: items)
        try await data.write()
        let (rounds, json) = (rounds, options.json)
        try await PageReader.run(database) { reader in
            var report = Report("pages of the console", columns: ["page", "kB", "first ms", "p50 ms", "longest ms"])
            for page in ConsolePages.all(data) {
                let first = try await reader.read(page.path)
                var times: [Double] = []
                var bytes = first.bytes
                for _ in 0..<rounds {
                    let read = try await reader.read(page.path)
                    times.append(read.milliseconds)
                    bytes = max(bytes, read.bytes)
                }
                times.sort()
                report.add([
                    .text(page.name), .number(Double(bytes) / 1000, 1), .number(first.milliseconds, 1),
                    .number(times.quantile(0.5), 1), .number(times.last ?? 0, 1),
                ])
            }
            report.notes.append(
                "From the request to the last byte, over loopback. Server, client and PostgreSQL share the machine."
            )
            report.show(json: json)
        }
        try await database.drop()
        try await server.stop()
    }
}
