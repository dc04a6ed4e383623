import Expressions
import Interpreter
import JSON
import Postgres
import Synchronization
import Testing

@testable import Store

/// Redrives of executions that stand in a Parallel or a Map: what succeeded there is not run again.
@Suite("Redrive of branches")
struct RedriveBranchesTests {
    let fixture: StoreFixture

    init() async throws { fixture = try await StoreFixture() }

    private static func task(_ name: String, _ more: String = #""End": true"#) -> String {
        #"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:\#(name)", \#(more)}"#
    }

    /// Runs until nothing is due.
    ///
    /// - Parameter fails: whether the function `work` fails for an input.
    /// - Returns: the inputs of `work`, sorted.
    private func run(fails: @escaping @Sendable (String) -> Bool = { _ in false }) async throws -> [String] {
        let calls = Calls()
        let worker = ManualWorker(
            fixture: fixture,
            functions: [
                "work": { input in
                    calls.add(input.text)
                    return fails(input.text) ? .failed(error: "Broken", cause: "c") : .succeeded(input)
                },
                "pass": { .succeeded($0) },
            ]
        )
        try await worker.run()
        return calls.inputs.sorted()
    }

    private final class Calls: Sendable {
        private let all = Mutex<[String]>([])
        var inputs: [String] { all.withLock(\.self) }
        func add(_ input: String) { all.withLock { $0.append(input) } }
    }

    private func expectNothingLeft() async throws {
        for table in ["steps", "results", "map_items", "outbox"] {
            #expect(try await fixture.count(table) == 0, "\(table)")
        }
    }

    @Test("of a Map only the iterations that failed, were aborted or had not begun run again", arguments: [0, 1, 2])
    func map(maxConcurrency: Int) async throws {
        try await fixture.deploy(
            "Map",
            startAt: "Each",
            """
            "Each": {"Type": "Map", "End": true, "MaxConcurrency": \(maxConcurrency),
                "ItemSelector": {"n.$": "$$.Map.Item.Value", "all.$": "$.name"}, "ItemsPath": "$.items",
                "ItemProcessor": {"StartAt": "Work", "States": {
                    "Work": \(Self.task("work", #""Next": "Then""#)), "Then": \(Self.task("pass"))}}}
            """
        )
        _ = try await fixture.start("Map", name: "m", input: #"{"name": "x", "items": [0, 1, 2, 3, 4, 5]}"#)
        let first = try await run { $0.contains(#""n":3"#) }
        #expect(try await fixture.store.describe("Map:m").summary.status == .failed)
        _ = try await fixture.store.redriveExecution("Map:m")
        let second = try await run()
        let end = try await fixture.store.describe("Map:m")
        let outputs = (0..<6).map { #"{"n":\#($0),"all":"x"}"# }
        #expect(end.output?.text == "[" + outputs.joined(separator: ",") + "]")
        // What had been called but not recorded is called again.
        #expect(second.contains(outputs[3]))
        #expect(Set(first + second) == Set(outputs))
        let succeeded = try await fixture.store.history("Map:m").filter { $0.json["type"] == "MapIterationSucceeded" }
        #expect(succeeded.count == 6)
        try await expectNothingLeft()
    }

    @Test("an iteration goes on from the state that failed, with its variables")
    func iteration() async throws {
        try await fixture.deploy(
            "Map",
            startAt: "Each",
            """
            "Each": {"Type": "Map", "End": true, "MaxConcurrency": 1, "ItemProcessor": {"StartAt": "Keep", "States": {
                "Keep": \(Self.task("pass", #""Assign": {"kept.$": "$"}, "Next": "Work""#)),
                "Work": \(Self.task("work", #""Next": "Show""#)),
                "Show": {"Type": "Pass", "Parameters": {"kept.$": "$kept"}, "End": true}}}}
            """
        )
        _ = try await fixture.start("Map", name: "m", input: "[1, 2, 3]")
        #expect(try await run { $0 == "2" } == ["1", "2"])
        _ = try await fixture.store.redriveExecution("Map:m")
        #expect(try await run { $0 == "3" } == ["2", "3"])
        _ = try await fixture.store.redriveExecution("Map:m")
        #expect(try await run() == ["3"])
        let end = try await fixture.store.describe("Map:m")
        #expect(end.output?.text == #"[{"kept":1},{"kept":2},{"kept":3}]"#)
        #expect(end.summary.redriveCount == 2)
        try await expectNothingLeft()
    }

    @Test("of a Parallel only the branches that failed run again, however deep they are")
    func parallel() async throws {
        let large = String(repeating: "x", count: 3_000)
        try await fixture.deploy(
            "Both",
            startAt: "Both",
            """
            "Both": {"Type": "Parallel", "End": true, "Parameters": {"large.$": "$.large", "items.$": "$.items"},
                "Branches": [
                {"StartAt": "A", "States": {"A": \(Self.task("work", #""InputPath": "$.large", "End": true"#))}},
                {"StartAt": "B", "States": {"B": {"Type": "Map", "MaxConcurrency": 1, "ItemsPath": "$.items", "End": true,
                    "ItemProcessor": {"StartAt": "C", "States": {"C": \(Self.task("work"))}}}}}]}
            """
        )
        _ = try await fixture.start("Both", name: "b", input: #"{"large": "\#(large)", "items": [1, 2, 3]}"#)
        #expect(try await run { $0 == "2" }.contains("2"))
        _ = try await fixture.store.redriveExecution("Both:b")
        let second = try await run()
        #expect(!second.contains("1"))
        let end = try await fixture.store.describe("Both:b")
        #expect(end.output?.text == #"["\#(large)",[1,2,3]]"#)
        try await expectNothingLeft()
    }

    @Test("a Map that failed although its iterations did not is run as a whole")
    func whole() async throws {
        try await fixture.deploy(
            "Map",
            startAt: "Each",
            """
            "Each": {"Type": "Map", "End": true, "ResultSelector": {"missing.$": "States.ArrayGetItem($, 9)"},
                "ItemProcessor": {"StartAt": "Work", "States": {"Work": \(Self.task("work"))}}}
            """
        )
        _ = try await fixture.start("Map", name: "m", input: "[1, 2]")
        #expect(try await run() == ["1", "2"])
        _ = try await fixture.store.redriveExecution("Map:m")
        #expect(try await run() == ["1", "2"])
        #expect(try await fixture.store.describe("Map:m").summary.status == .failed)
    }

    @Test("a client redrives in a transaction of its own")
    func client() async throws {
        try await fixture.deploy("Task", startAt: "Work", #""Work": \#(Self.task("work"))"#)
        _ = try await fixture.start("Task", name: "t", input: "1")
        _ = try await run { _ in true }
        let redriven = try await fixture.sql("select stepwell.redrive_execution('Task:t') <= now()")
        #expect(try redriven.only().bool(0))
        #expect(try await run() == ["1"])
        #expect(try await fixture.store.describe("Task:t").summary.status == .succeeded)
        await #expect {
            _ = try await fixture.sql("select stepwell.redrive_execution('Task:t')")
        } throws: {
            guard let error = $0 as? PostgresError, case .executionNotRedrivable(let reason) = StoreError(error) else {
                return false
            }
            return reason == "Execution is SUCCEEDED and cannot be redriven"
        }
    }

    @Test("a lease of the time before the redrive is refused")
    func staleLease() async throws {
        try await fixture.deploy("Task", startAt: "Work", #""Work": \#(Self.task("work"))"#)
        _ = try await fixture.start("Task", name: "t", input: "1")
        let stale = try await fixture.one(["work"])
        let decision = stale.decision(.succeeded(JSONDocument("stale")), from: stale.decision().branch)
        _ = try await fixture.store.stopExecution("Task:t")
        _ = try await fixture.store.redriveExecution("Task:t")
        let fresh = try await fixture.one(["work"])
        let late = StepCommit(lease: stale.lease, revision: stale.revision, decision: decision, keepsLease: false)
        #expect(try await fixture.commit(late).isRefused)
        let answer = fresh.decision(.succeeded(JSONDocument("fresh")), from: fresh.decision().branch)
        let commit = StepCommit(lease: fresh.lease, revision: fresh.revision, decision: answer, keepsLease: false)
        #expect(try await fixture.commit(commit).applied != nil)
        #expect(try await fixture.store.describe("Task:t").output?.text == #""fresh""#)
    }

    @Test("the context object says how often the execution was redriven, and when")
    func context() async throws {
        try await fixture.deploy(
            "Task",
            startAt: "Work",
            """
            "Work": \(Self.task("work", #""Next": "Count""#)),
            "Count": {"Type": "Pass", "End": true, "Parameters": {
                "count.$": "$$.Execution.RedriveCount", "time.$": "$$.Execution.RedriveTime"}}
            """
        )
        _ = try await fixture.start("Task", name: "t", input: "1")
        _ = try await run { _ in true }
        _ = try await fixture.store.redriveExecution("Task:t")
        _ = try await run()
        let description = try await fixture.store.describe("Task:t")
        let time = try #require(description.summary.redrivenAt)
        #expect(description.output?.text == #"{"count":1,"time":"\#(time)"}"#)
    }
}
