import ArgumentParser
import Foundation
import Proof

/// Runs schedules of the simulator.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run workers against an in-memory store, with faults that a seed chooses.",
        discussion: """
            Every schedule runs the real worker on one thread, in virtual time: requests and answers get lost or come
            late, processes are killed, stopped and continued, the database goes away and its clock jumps. Afterwards
            everything that was promised is checked. A schedule that breaks a promise is shown with its seed, and
            `--schedules 1 --seed SEED --trace` shows what happened in it.
            """
    )

    @Option(help: "How many schedules to run.")
    var schedules: Int = 20_000

    @Option(help: "The seed of the first schedule; the next one has the next number.")
    var seed: UInt64 = 1

    @Option(help: "How many threads run schedules; 0: one per core.")
    var threads: Int = 0

    @Option(help: "A bug to plant: \(PlantedBug.allCases.map(\.rawValue).joined(separator: ", ")).")
    var bug: String?

    @Flag(help: "Show what happens, one line each.")
    var trace = false

    func validate() throws {
        guard schedules > 0 else { throw ValidationError("--schedules \(schedules): expected at least one") }
        guard threads >= 0 else { throw ValidationError("--threads \(threads): expected none or more") }
        if let bug, PlantedBug(rawValue: bug) == nil { throw ValidationError("--bug \(bug): there is no such bug") }
    }

    func run() async throws {
        let campaign = Campaign(
            firstSeed: seed,
            count: schedules,
            threads: threads == 0 ? ProcessInfo.processInfo.activeProcessorCount : threads,
            bug: bug.flatMap(PlantedBug.init),
            traces: trace,
            failureLimit: 10
        )
        let clock = ContinuousClock()
        let start = clock.now
        let result = try await campaign.run { report in
            for line in report.trace { print(line) }
            for violation in report.violations { print("seed \(report.seed): \(violation)") }
            if trace { print("seed \(report.seed): fingerprint \(String(report.fingerprint, radix: 16))") }
        }
        let seconds = Double(start.duration(to: clock.now).components.seconds)
        let rate = seconds > 0 ? " (\(Int(Double(result.schedules) / seconds)) a second)" : ""
        print(
            """
            \(result.schedules) schedules\(rate), \(result.executions) executions, \(result.faults) faults,\
             \(result.jobs) jobs: \(result.failures) schedules broke a promise
            """
        )
        if result.failures > 0 { throw ExitCode.failure }
    }
}
