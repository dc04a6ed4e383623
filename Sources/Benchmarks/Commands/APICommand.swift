import ArgumentParser

struct APICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api",
        abstract: "StartExecution over HTTP, signed, at one server process; and its memory over many requests."
    )

    @Option(help: "How many clients there are at once, each with a connection that it keeps.")
    var clients = 64
    @Option(help: "How long each row is measured.")
    var seconds = 8
    @Option(help: "How many rounds there are of latency, each beside as many INSERTs.")
    var rounds = 20
    @Option(help: "How many starts and INSERTs there are in a round of latency.")
    var sequential = 100
    @Option(help: "How many clients wait for tasks of an activity.")
    var waiting = 1000
    @Option(help: "After how many requests, starts and descriptions mixed, memory is read; repeatable.")
    var memoryAt: [Int] = [10_000, 100_000]
    @OptionGroup var options: BenchOptions

    func run() async throws {
        let server = try await BenchServer.start(options)
        let database = try await BenchDatabase.create(on: server, options)
        let bench = APIBench(database: database, server: try await ServerProcess.start(database))
        var report = Report("StartExecution at one server process", columns: APIBench.columns)
        try await database.settle()
        // Connections are opened and plans made by the first, and pages written in full after the checkpoint.
        _ = try await bench.starts(clients: clients, count: 100, seconds: 60)

        var bare: [Double] = []
        var alone: [Double] = []
        for _ in 0..<rounds {
            bare += try await bench.bareInserts(sequential)
            alone += try await bench.starts(clients: 1, count: sequential, seconds: 60).milliseconds
        }
        report.add(APIBench.row("INSERT + COMMIT", clients: 1, bare.sorted()))
        report.add(
            APIBench.row("StartExecution", clients: 1, alone.sorted(), beside: bare.sorted().quantile(0.5))
        )
        report.add(try await bench.throughput(clients: clients, seconds: seconds))
        report.add(try await bench.activity(waiting: waiting, options))
        var count = 0
        for wanted in memoryAt.sorted() {
            try await bench.mix(clients: clients, count: wanted - count)
            count = wanted
            report.add(bench.memory(after: count))
        }
        bench.server.stop()
        try await database.drop()
        try await server.stop()
        report.notes.append("Clients, server and PostgreSQL share the machine. Every request is signed and checked.")
        report.show(json: options.json)
    }
}
