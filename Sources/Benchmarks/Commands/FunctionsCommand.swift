import ArgumentParser
import Foundation
import Logging

struct FunctionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "functions",
        abstract: "Calls of a Python function in its own process, beside the floor of its runtime.",
        discussion: """
            Calls a warm function, one call after the other: through a Runtime API server that does nothing but answer \
            from memory, for less is not possible with Amazon's runtime client; through the function host; and as \
            executions, which a worker claims and PostgreSQL keeps. Rounds alternate; ratios are those of the medians. \
            `python3` has to know awslambdaric (pip install awslambdaric).
            """
    )

    @Option(help: "How many calls are measured in a round.")
    var calls = 1_000

    @Option(help: "How many rounds of each.")
    var rounds = 5

    @OptionGroup var options: BenchOptions

    func validate() throws {
        guard (1...1_000_000).contains(calls), (1...100).contains(rounds) else {
            throw ValidationError("--calls and --rounds take positive numbers.")
        }
    }

    func run() async throws {
        let folder = try PythonFunction.write()
        defer { try? FileManager.default.removeItem(at: folder) }
        try await PythonFunction.checkRuntime()
        let server = try await BenchServer.start(options)
        let database = try await BenchDatabase.create(on: server, options)
        var report = Report(
            "functions",
            columns: ["round", "floor µs", "host µs", "÷ floor", "execution µs", "execution ÷ floor"]
        )
        var floors: [Double] = []
        var hosts: [Double] = []
        var executions: [Double] = []
        for round in 1...rounds {
            floors.append(try await RuntimeFloor.measure(folder, calls: calls))
            hosts.append(try await HostedCalls.measure(folder, calls: calls))
            executions.append(try await DurableCalls.measure(folder, calls: calls, database))
            report.add(Self.row("\(round)", floors[round - 1], hosts[round - 1], executions[round - 1]))
        }
        report.add(Self.row("median", Self.median(floors), Self.median(hosts), Self.median(executions)))
        report.notes.append(
            "Executions by their own times, from the commit of the start to that of the end, with an idle worker."
        )
        try await database.drop()
        try await server.stop()
        report.show(json: options.json)
    }

    private static func row(_ name: String, _ floor: Double, _ host: Double, _ execution: Double) -> [Report.Value] {
        [
            .text(name), .number(floor, 1), .number(host, 1), .number(host / floor, 2), .number(execution, 1),
            .number(execution / floor, 2),
        ]
    }

    private static func median(_ figures: [Double]) -> Double {
        let sorted = figures.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
