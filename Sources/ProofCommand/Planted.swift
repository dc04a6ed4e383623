import ArgumentParser
import Foundation
import Proof

/// Plants bugs and sees whether the simulator catches them.
struct Planted: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Plant bugs of the protocol, one after the other, and see each of them caught.",
        discussion: """
            A proof that finds nothing is worth something only if it would have found something. Bugs of the worker \
            itself are there in debug builds only.
            """
    )

    @Option(help: "How many schedules may pass before a bug is caught.")
    var schedules: Int = 5000

    @Option(help: "The seed of the first schedule.")
    var seed: UInt64 = 1

    func run() async throws {
        let bugs = PlantedBug.allCases.filter(\.isVisible)
        let width = bugs.map(\.rawValue.count).max() ?? 0
        var missed = 0
        for bug in bugs {
            let campaign = Campaign(
                firstSeed: seed,
                count: schedules,
                threads: ProcessInfo.processInfo.activeProcessorCount,
                bug: bug,
                failureLimit: 1
            )
            let clock = ContinuousClock()
            let start = clock.now
            let first = FirstViolation()
            let result = try await campaign.run { first.note($0) }
            let time = start.duration(to: clock.now)
            let name = bug.rawValue.padding(toLength: width, withPad: " ", startingAt: 0)
            let seconds = (Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18)
                .formatted(.number.precision(.fractionLength(2)))
            if result.failures == 0 { missed += 1 }
            let verdict = result.failures == 0 ? "NOT CAUGHT" : "caught"
            print("\(name)  \(verdict) after \(result.schedules) schedules, \(seconds) s  \(first.text)")
        }
        print("\(bugs.count - missed) of \(bugs.count) bugs were caught")
        if missed > 0 { throw ExitCode.failure }
    }
}
