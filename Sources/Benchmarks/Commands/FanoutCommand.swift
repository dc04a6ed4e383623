import ArgumentParser

struct FanoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fanout",
        abstract: "A Parallel of five Tasks, and an inline Map of many."
    )

    @Option(help: "How many executions of the Parallel there are.")
    var executions = 2000
    @Option(help: "How many items the Maps have.")
    var items: [Int] = [1000, 10_000]
    @OptionGroup var options: BenchOptions

    func run() async throws {
        let server = try await BenchServer.start(options)
        let database = try await BenchDatabase.create(on: server, options)
        var report = Report("fan-out", columns: ["what", "tasks", "tasks/s", "CPU µs per task", "WAL bytes per task"])
        func add(_ what: String, _ usage: Usage, tasks: Int) {
            let scale = Double(usage.count) / Double(tasks)
            report.add([
                .text(what), .number(Double(tasks), 0), .number(usage.rate / scale, 0), .number(usage.cpu * scale, 0),
                .number(usage.wal * scale, 0),
            ])
        }
        let parallel = EngineRound(database: database, workload: .parallel, executions: executions, startsBefore: false)
        add("\(executions) Parallels of 5", try await parallel.run(options), tasks: executions * 5)
        for count in items {
            let input = "[" + (0..<count).map { #"{"id":"\#($0)"}"# }.joined(separator: ",") + "]"
            let map = EngineRound(
                database: database,
                workload: .map,
                executions: 1,
                startsBefore: false,
                input: input,
                calls: count
            )
            add("one Map of \(count)", try await map.run(options), tasks: count)
        }
        try await database.drop()
        try await server.stop()
        report.show(json: options.json)
    }
}
