import Foundation
import JSON
import Store
import Testing

@testable import FunctionHost

@Suite("Processes that keep more and more in memory")
struct RecyclingTests {
    struct Case: Sendable {
        var above: Int?
        var percent: Int?
        /// In MB after the 10th, 20th … call.
        var usage: [Int]
        var replacedAfter: Int?
    }

    @Test(arguments: [
        Case(above: 100, usage: [50, 100, 101], replacedAfter: 30),
        Case(percent: 50, usage: [40, 60, 61], replacedAfter: 30),
        Case(percent: 50, usage: [40, 20, 60]),
        Case(above: 100, percent: 10, usage: [101], replacedAfter: 10),
        Case(above: 1000, percent: 50, usage: [10, 16], replacedAfter: 20),
        Case(usage: [1_000_000, 2_000_000]),
    ])
    func tooMuchIsAskedForNowAndThen(_ one: Case) {
        var growth = MemoryGrowth(above: one.above, percent: one.percent)
        var left = one.usage[...]
        var found: Int?
        for call in 1...(one.usage.count * 10) where found == nil {
            if growth.isTooMuch(after: call, usage: { (left.popFirst() ?? 0) << 20 }) { found = call }
        }
        #expect(found == one.replacedAfter)
    }

    private static func script(_ megabytes: Int) -> String {
        """
        kept = []
        while True:
            call, event, _ = next_call()
            kept.append(bytearray(b"x" * (\(megabytes) << 20)))
            reply(call, os.getpid())
        """
    }

    @Test func areReplacedBetweenCalls() async throws {
        let settings = #""timeout": 60, "memory": 1024"#
        let host = try await Host([
            "leaks": (Self.script(3), settings + #", "recycleGrowth": 50"#),
            "full": (Self.script(3), settings + #", "recycleAbove": 50"#),
            "steady": (Self.script(0), settings + #", "recycleGrowth": 50, "recycleAbove": 500"#),
        ])
        let processes = try await host.withWorker {
            var processes: [String: [String]] = [:]
            for name in ["leaks", "full", "steady"] {
                for _ in 1...30 {
                    processes[name, default: []].append(try #require(try await host.call(name).output?.text))
                }
            }
            return processes
        }
        for name in ["leaks", "full"] {
            let seen = try #require(processes[name])
            // After the 20th call there is at least twice as much as after the 10th.
            #expect(Set(seen[..<10]).count == 1 && Set(seen).count > 1, "\(name): \(seen)")
        }
        #expect(Set(try #require(processes["steady"])).count == 1)
    }
}
