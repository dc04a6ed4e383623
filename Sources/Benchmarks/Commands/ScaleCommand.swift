import ArgumentParser
import Postgres

struct ScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract:
            "What a chain of three Tasks costs beside many others: ended, asleep, ready for others, an old snapshot."
    )

    @Option(help: "How many executions a round has.")
    var executions = 20_000
    @Option(help: "How many ended executions are stored; each is a row of its own. 10000000 takes about 10 GB.")
    var stored: [Int] = [1000, 100_000, 1_000_000]
    @Option(help: "How many sleeping executions there are.")
    var sleepers = 1_000_000
    @Option(help: "How many seconds an old snapshot is held before the round under it.")
    var snapshotSeconds = 20
    @OptionGroup var options: BenchOptions

    func run() async throws {
        let server = try await BenchServer.start(options)
        let database = try await BenchDatabase.create(on: server, options)
        let bench = ScaleBench(database: database, executions: executions)
        var report = Report("scale", columns: ["beside"] + Usage.columns + ["buffers"])
        func add(_ beside: String) async throws {
            let usage = try await bench.round(options)
            report.add([.text(beside)] + usage.cells + [.number(usage.buffers, 0)])
        }
        // The first round opens files and makes plans.
        _ = try await bench.round(options)
        var count = 0
        for wanted in stored.sorted() {
            try await bench.store(from: count + 1, to: wanted)
            count = wanted
            try await add("\(count) ended")
        }
        try await bench.addSleepers(sleepers)
        try await add("and \(sleepers) asleep")
        let snapshot = try await bench.holdSnapshot()
        try await add("and a snapshot, at once")
        try await Task.sleep(for: .seconds(snapshotSeconds))
        try await add("and a snapshot of \(snapshotSeconds) s")
        await snapshot.close()
        report.notes.append(
            "A claim of 100 among \(sleepers) ready rows of another function touches \(try await bench.claimBuffers(100, foreign: sleepers)) buffers."
        )
        try await database.drop()
        try await server.stop()
        report.show(json: options.json)
    }
}
