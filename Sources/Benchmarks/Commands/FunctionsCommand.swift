import ArgumentParser
import Foundation
import Logging

struct FunctionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "functions",
        abstract: "Calls of a Python function in its own process, beside the floor of its runtime, without a database.",
        discussion: """
            Calls a warm function, one call after the other, through the function host, and next to it through a Runtime \
            API server that does nothing but answer from memory: less is not possible with Amazon's runtime client. \
            Rounds alternate; the ratio is that of the medians. `python3` has to know awslambdaric \
            (pip install awslambdaric).
            """
    )

    @Option(help: "How many calls are measured in a round.")
    var calls = 1_000

    @Option(help: "How many rounds of each.")
    var rounds = 5

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    func validate() throws {
        guard (1...1_000_000).contains(calls), (1...100).contains(rounds) else {
            throw ValidationError("--calls and --rounds take positive numbers.")
        }
    }

    func run() async throws {
        let folder = try PythonFunction.write()
        defer { try? FileManager.default.removeItem(at: folder) }
        try await PythonFunction.checkRuntime()
        var report = Report("functions", columns: ["round", "floor µs", "host µs", "÷ floor"])
        var figures: [(floor: Double, host: Double)] = []
        for round in 1...rounds {
            let floor = try await RuntimeFloor.measure(folder, calls: calls)
            let host = try await HostedCalls.measure(folder, calls: calls)
            figures.append((floor, host))
            report.add([.text("\(round)"), .number(floor, 1), .number(host, 1), .number(host / floor, 2)])
        }
        let floor = Self.median(figures.map(\.floor))
        let host = Self.median(figures.map(\.host))
        report.add([.text("median"), .number(floor, 1), .number(host, 1), .number(host / floor, 2)])
        report.show(json: json)
    }

    private static func median(_ figures: [Double]) -> Double {
        let sorted = figures.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
