import Foundation
import ProcessTestSupport
import Proof
import Testing

/// The worker's protocol under everything that can go wrong.
@Suite("Seeded schedules", .serialized)
struct SimulationTests {
    /// How many schedules to run; `STEPWELL_SCHEDULES` says another number.
    private static let count =
        ProcessInfo.processInfo.environment["STEPWELL_SCHEDULES"].flatMap { Int($0) } ?? 2000

    @Test("nothing is lost and nothing happens twice")
    func schedules() async throws {
        let campaign = Campaign(firstSeed: 1, count: Self.count, threads: 2)
        let result = try await campaign.run { report in
            for violation in report.violations {
                Issue.record("stepwell-proof simulate --schedules 1 --seed \(report.seed): \(violation)")
            }
        }
        #expect(result.failures == 0 && result.schedules == Self.count)
        #expect(result.executions > Self.count && result.faults > Self.count)
    }

    @Test("the same seed makes the same schedule, in every process")
    func reproducible() async throws {
        let first = try await simulate()
        #expect(first.contains("seed 100: fingerprint"))
        #expect(try await simulate() == first)
    }

    /// What `stepwell-proof` shows of some schedules.
    private func simulate() async throws -> String {
        let arguments = ["simulate", "--schedules", "60", "--seed", "100", "--threads", "1", "--trace"]
        let outcome = try await TestProcess.run(.init(.built("stepwell-proof"), arguments))
        #expect(outcome.status == 0)
        // The last line says how fast it was.
        let lines = outcome.output.split(separator: "\n")
        return lines.dropLast().joined(separator: "\n")
    }
}
