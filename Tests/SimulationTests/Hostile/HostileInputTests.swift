import Foundation
import JSON
import ProcessTestSupport
import Testing

/// Every input that is made to hurt ends as a value or as a named error, in a process that is still there, for little time
/// and memory. The bounds are for tests: unoptimised, on a machine that does other things as well.
@Suite("Input made to hurt")
struct HostileInputTests {
    /// What it came to is in `deploy/proof.md`.
    private static let milliseconds: Int64 = 3_000
    private static let megabytes: Int64 = 256

    @Test("there are enough of them")
    func count() {
        let all = Self.families.flatMap(\.cases)
        #expect(all.count >= 300)
        #expect(Set(all.map { "\($0.kind) \($0.name)" }).count == all.count)
    }

    static let families: [(name: String, cases: [HostileCase])] = [
        ("JSON", HostileCase.jsonTexts), ("definitions", HostileCase.definitions),
        ("executions", HostileCase.executions),
        ("paths", HostileCase.paths), ("JSONata", HostileCase.jsonatas),
    ]

    @Test("each is answered", arguments: families.indices)
    func answers(family: Int) async throws {
        var (slowest, largest) = ((Int64(0), ""), (Int64(0), ""))
        for hostile in Self.families[family].cases {
            let report = try await Self.run(hostile)
            guard let answer = report["answer"]?.string, let cpu = report["cpu"]?.number?.integer,
                let memory = report["megabytes"]?.number?.integer
            else {
                Issue.record("\(hostile.name): the process ended without an answer: \(report.text)")
                continue
            }
            switch hostile.answer {
            case .fine: #expect(answer == "fine", "\(hostile.name): \(answer)")
            case .error(let names):
                #expect(names.contains { answer.hasPrefix($0) }, "\(hostile.name): \(answer)")
                #expect(answer.contains(":"), "\(hostile.name): \(answer)")
            case .either: #expect(answer == "fine" || answer.contains(":"), "\(hostile.name): \(answer)")
            }
            #expect(cpu <= Self.milliseconds, "\(hostile.name) took \(cpu) ms of CPU")
            #expect(memory <= Self.megabytes, "\(hostile.name) took \(memory) MB")
            if cpu > slowest.0 { slowest = (cpu, hostile.name) }
            if memory > largest.0 { largest = (memory, hostile.name) }
        }
        let (name, cases) = Self.families[family]
        print(
            "\(name): \(cases.count) inputs made to hurt, at most \(slowest.0) ms of CPU (\(slowest.1)) and"
                + " \(largest.0) MB (\(largest.1))"
        )
    }

    /// What the child process says of an input; how it ended if it says nothing.
    private static func run(_ hostile: HostileCase) async throws -> JSONValue {
        // Another build of it can be measured as well.
        let programs = ProcessInfo.processInfo.environment["STEPWELL_TEST_PROGRAMS"].map { URL(fileURLWithPath: $0) }
        let outcome = try await TestProcess.run(
            TestProcess.Program(
                programs?.appending(path: "HostileInput") ?? .built("HostileInput"),
                [hostile.kind.rawValue],
                environment: ["SWIFT_BACKTRACE": "enable=no"]
            ),
            input: hostile.input()
        )
        guard let report = try? JSONValue(parsing: outcome.output) else {
            return ["status": .number(JSONNumber(Int(outcome.status)))]
        }
        return report
    }
}
