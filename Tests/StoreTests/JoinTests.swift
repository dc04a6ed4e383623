import Expressions
import Interpreter
import JSON
import Postgres
import Testing

@testable import Store

@Suite("Forks and joins")
struct JoinTests {
    let fixture: StoreFixture

    init() async throws { fixture = try await StoreFixture() }

    private func task(_ name: String, _ function: String, _ more: String = #""End": true"#) -> String {
        #""\#(name)": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:\#(function)", \#(more)}"#
    }

    private var echo: ManualWorker { ManualWorker(fixture: fixture, functions: ["echo": { .succeeded($0) }]) }

    private func expectNothingLeft() async throws {
        for table in ["steps", "results", "map_items", "outbox"] {
            #expect(try await fixture.count(table) == 0, "rows left in \(table)")
        }
    }

    @Test("an execution that is stopped between the last branch and the join leaves nothing")
    func stoppedBeforeTheJoin() async throws {
        try await fixture.deploy(
            "M",
            startAt: "Each",
            #""Each": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {\#(task("I", "echo"))}}}"#
        )
        let execution = try await fixture.start("M", input: "[1, 2, 3]")
        let root = try await fixture.one()
        _ = try await fixture.commit(
            StepCommit(lease: root.lease, revision: root.revision, decision: root.decision(), keepsLease: false)
        )
        for child in try await fixture.claim(["echo"]) {
            let call = child.decision()
            let decision = child.decision(.succeeded(try JSONDocument(parsing: "1")), from: call.branch)
            _ = try await fixture.commit(
                StepCommit(lease: child.lease, revision: child.revision, decision: decision, keepsLease: false)
            )
        }
        #expect(try await fixture.count("results") == 3)
        _ = try await fixture.store.stopExecution(execution.arn)
        try await expectNothingLeft()
    }

    @Test("branches that a failure cuts short are recorded, few or many", arguments: [2, 60])
    func aborted(items: Int) async throws {
        try await fixture.deploy(
            "M",
            startAt: "Each",
            """
            "Each": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "C", "States": {
                "C": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "T"}], "Default": "W"},
                \(task("T", "fail")), "W": {"Type": "Wait", "Seconds": 1000, "End": true}}}}
            """
        )
        let execution = try await fixture.start("M", input: "\(Array(0..<items))")
        let fails: [String: ManualWorker.Handler] = ["fail": { _ in .failed(error: "E", cause: "") }]
        let begins = ManualWorker(fixture: fixture, functions: [:])
        try await begins.run()
        try await ManualWorker(fixture: fixture, functions: fails).run()
        let end = ["TaskStateAborted"] + (1..<items).flatMap { _ in ["MapIterationAborted", "WaitStateAborted"] }
        let types = try await fixture.eventTypes(execution.arn)
        #expect(
            types.suffix(2 * items + 3) == ["LambdaFunctionFailed"] + end + [
                "MapIterationFailed", "MapStateFailed", "ExecutionFailed",
            ]
        )
        try await expectNothingLeft()
    }

    @Test("the branches of a Parallel end in one array, in the order of the definition")
    func parallel() async throws {
        try await fixture.deploy(
            "P",
            startAt: "Both",
            """
            "Both": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "L", "States": {\(task("L", "echo", #""ResultPath": "$.l", "End": true"#))}},
                {"StartAt": "R", "States": {"R": {"Type": "Pass", "Result": 7, "End": true}}},
                {"StartAt": "M", "States": {"M": {"Type": "Pass", "End": true}}}]}
            """
        )
        _ = try await fixture.start("P", name: "x", input: #"{"a": 1}"#)
        try await echo.run()
        let result = try await fixture.store.describe("P:x")
        #expect(result.summary.status == .succeeded)
        #expect(result.output?.text == #"[{"a":1,"l":{"a":1}},7,{"a":1}]"#)
        try await expectNothingLeft()
    }

    @Test(
        "a Map of any size and concurrency gives its results in order",
        arguments: [0, 1, 7, 250, 2500],
        [0, 1, 3, 1000]
    )
    func map(items: Int, concurrency: Int) async throws {
        guard items < 1000 || concurrency != 1 else { return }
        try await fixture.deploy(
            "M",
            startAt: "Each",
            """
            "Each": {"Type": "Map", "MaxConcurrency": \(concurrency), "ItemsPath": "$.items", "End": true,
                "ItemSelector": {"n.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "k.$": "$.k"},
                "ItemProcessor": {"StartAt": "E", "States": {\(task("E", "echo"))}}}
            """
        )
        let list = (0..<items).map(String.init).joined(separator: ",")
        _ = try await fixture.start("M", name: "x", input: #"{"k": "v", "items": [\#(list)]}"#)
        try await echo.run()
        let result = try await fixture.store.describe("M:x")
        #expect(result.summary.status == .succeeded)
        let expected = (0..<items).map { #"{"n":\#($0),"i":\#($0),"k":"v"}"# }.joined(separator: ",")
        #expect(result.output?.text == "[\(expected)]")
        try await expectNothingLeft()
    }

    @Test("never more children at once than MaxConcurrency allows")
    func concurrency() async throws {
        try await fixture.deploy(
            "M",
            startAt: "Each",
            """
            "Each": {"Type": "Map", "MaxConcurrency": 3, "End": true,
                "ItemProcessor": {"StartAt": "E", "States": {\(task("E", "echo"))}}}
            """
        )
        _ = try await fixture.start("M", name: "x", input: "[1,2,3,4,5,6,7,8]")
        try await ManualWorker(fixture: fixture).run()
        for _ in 0..<8 {
            let running =
                try await fixture.sql(
                    "select count(*)::int from stepwell.steps where parent is not null"
                )
                .only().int(0)
            #expect(running <= 3)
            guard let step = try await fixture.claim(["echo"], limit: 1).first else { break }
            let begun = step.decision()
            let commit = StepCommit(
                lease: step.lease,
                revision: step.revision,
                decision: step.decision(.succeeded(JSONDocument(trusted: "0")), from: begun.branch),
                keepsLease: false
            )
            #expect(try await fixture.commit(commit).applied != nil)
        }
    }

    @Test("a failing branch takes its siblings along, at any depth, and the Catch goes on")
    func failure() async throws {
        try await fixture.deploy(
            "F",
            startAt: "Outer",
            """
            "Outer": {"Type": "Parallel", "End": true,
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}],
                "Branches": [
                    {"StartAt": "Inner", "States": {"Inner": {"Type": "Map", "End": true, "ItemProcessor":
                        {"StartAt": "Slow", "States": {\(task("Slow", "never"))}}}}},
                    {"StartAt": "Bad", "States": {\(task("Bad", "fail"))}}]},
            "Sorry": {"Type": "Pass", "ResultPath": "$.sorry", "Result": true, "End": true}
            """
        )
        _ = try await fixture.start("F", name: "x", input: "[1,2,3]")
        var worker = ManualWorker(fixture: fixture)
        try await worker.run()
        let slow = try await fixture.claim(["never"], worker: PGUUID.v7(microseconds: 9))
        #expect(slow.count == 3)
        worker.functions = ["fail": { _ in .failed(error: "Broken", cause: "on purpose") }]
        try await worker.run()
        let result = try await fixture.store.describe("F:x")
        #expect(result.summary.status == .succeeded)
        #expect(result.output?.text == #"{"Error":"Broken","Cause":"on purpose","sorry":true}"#)
        try await expectNothingLeft()
        let late = StepCommit(
            lease: slow[0].lease,
            revision: slow[0].revision,
            decision: slow[0].decision(.succeeded(JSONDocument(trusted: "1")), from: slow[0].decision().branch),
            keepsLease: false
        )
        #expect(try await fixture.commit(late, worker: PGUUID.v7(microseconds: 9)).isRefused)
    }

    @Test("who holds leases on steps that a failure took away is named")
    func holders() async throws {
        try await fixture.deploy(
            "F",
            startAt: "Both",
            """
            "Both": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "Slow", "States": {\(task("Slow", "slow"))}},
                {"StartAt": "Bad", "States": {\(task("Bad", "bad"))}}]}
            """
        )
        _ = try await fixture.start("F")
        try await ManualWorker(fixture: fixture).run()
        let other = PGUUID.v7(microseconds: 5)
        #expect(try await fixture.claim(["slow"], worker: other).count == 1)
        let bad = try await fixture.one(["bad"])
        let commit = StepCommit(
            lease: bad.lease,
            revision: bad.revision,
            decision: bad.decision(.failed(error: "E", cause: "c"), from: bad.decision().branch),
            keepsLease: false
        )
        let outcome = try await fixture.store.commit(
            [commit],
            bucket: bad.key.bucket,
            worker: fixture.worker,
            lease: fixture.lease
        )
        #expect(outcome.holders == [other])
    }

    @Test("two ends of one execution in one call: one goes first, the other is sent again")
    func deferred() async throws {
        try await fixture.deploy(
            "F",
            startAt: "Both",
            """
            "Both": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {\(task("A", "f"))}}, {"StartAt": "B", "States": {\(task("B", "f"))}}]}
            """
        )
        _ = try await fixture.start("F", name: "x")
        try await ManualWorker(fixture: fixture).run()
        let commits = try await fixture.claim(["f"])
            .map { step in
                StepCommit(
                    lease: step.lease,
                    revision: step.revision,
                    decision: step.decision(.failed(error: "E", cause: "c"), from: step.decision().branch),
                    keepsLease: false
                )
            }
        let outcome = try await fixture.store.commit(
            commits,
            bucket: commits[0].lease.key.bucket,
            worker: fixture.worker,
            lease: fixture.lease
        )
        #expect(outcome.results.count == 2 && outcome.results[0].applied != nil && outcome.results[1].isDeferred)
        #expect(try await fixture.commit(commits[1]).isRefused)
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.store.describe("F:x").error == "E")
        try await expectNothingLeft()
    }

    @Test("inner scopes read outer variables, which are stored once")
    func variables() async throws {
        try await fixture.deploy(
            "V",
            startAt: "Set",
            """
            "Set": {"Type": "Pass", "Assign": {"shop": "서울", "rate": 2}, "Next": "Each"},
            "Each": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "Own", "States": {
                "Own": {"Type": "Pass", "Assign": {"item.$": "$"}, "Next": "Use"},
                "Use": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:echo", "End": true,
                    "Parameters": {"shop.$": "$shop", "rate.$": "$rate", "item.$": "$item"}}}}}
            """
        )
        _ = try await fixture.start("V", name: "x", input: "[1,2]")
        try await echo.run()
        let output = try await fixture.store.describe("V:x").output?.text
        #expect(output == #"[{"shop":"서울","rate":2,"item":1},{"shop":"서울","rate":2,"item":2}]"#)
    }
}
