import Expressions
import Interpreter
import JSON
import Postgres
import Testing

@testable import Store

@Suite("Redrive")
struct RedriveTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture()
        try await fixture.deploy(
            "Chain",
            startAt: "First",
            """
            "First": {"Type": "Task", "Resource": "\(Self.function("first"))", "Assign": {"seen.$": "$"}, "Next": "Second"},
            "Second": {"Type": "Task", "Resource": "\(Self.function("second"))", "Next": "Last",
                "Retry": [{"ErrorEquals": ["Never"]}]},
            "Last": {"Type": "Pass", "Parameters": {"first.$": "$seen", "second.$": "$"}, "End": true}
            """
        )
    }

    private static func function(_ name: String) -> String { "arn:aws:lambda:us-east-1:000000000000:function:\(name)" }

    private func worker(first: String, second: Outcome) -> ManualWorker {
        ManualWorker(
            fixture: fixture,
            functions: [
                "first": { _ in .succeeded(JSONDocument(.string(first))) }, "second": { _ in second },
            ]
        )
    }

    @Test("what failed runs again with the input and the variables that it had; what succeeded does not")
    func failed() async throws {
        _ = try await fixture.start("Chain", name: "c", input: #"{"a": 1}"#)
        try await worker(first: "one", second: .failed(error: "E", cause: "c")).run()
        for count in 1...2 {
            let redriven = try await fixture.store.redriveExecution("Chain:c")
            #expect(redriven.count == count)
            let running = try await fixture.store.describe("Chain:c")
            #expect(running.summary.status == .running && running.error == nil && running.summary.redriveCount == count)
            let second: Outcome = count == 1 ? .failed(error: "E", cause: "c") : .succeeded(JSONDocument("two"))
            try await worker(first: "not again", second: second).run()
        }
        let end = try await fixture.store.describe("Chain:c")
        #expect(end.output?.text == #"{"first":"one","second":"two"}"#)
        #expect(
            try await fixture.eventTypes("Chain:c") == [
                "ExecutionStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
                "LambdaFunctionSucceeded", "TaskStateExited", "TaskStateEntered", "LambdaFunctionScheduled",
                "LambdaFunctionStarted", "LambdaFunctionFailed", "ExecutionFailed", "ExecutionRedriven",
                "LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionFailed", "ExecutionFailed",
                "ExecutionRedriven", "LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded",
                "TaskStateExited", "PassStateEntered", "PassStateExited", "ExecutionSucceeded",
            ]
        )
        let redriven = try await fixture.store.history("Chain:c")[11].json
        #expect(redriven["previousEventId"] == 11)
        #expect(redriven["executionRedrivenEventDetails"]?["redriveCount"] == 1)
        #expect(try await fixture.count("steps") == 0)
    }

    @Test("an execution that was aborted before it began starts at the beginning")
    func aborted() async throws {
        _ = try await fixture.start("Chain", name: "c", input: #"{"a": 1}"#)
        _ = try await fixture.store.stopExecution("Chain:c")
        _ = try await fixture.store.redriveExecution("Chain:c")
        try await worker(first: "one", second: .succeeded(JSONDocument("two"))).run()
        #expect(try await fixture.store.describe("Chain:c").summary.status == .succeeded)
    }

    @Test("the time of a redriven execution counts anew; a large input is there again")
    func timedOut() async throws {
        try await fixture.deploy(
            "Slow",
            startAt: "Work",
            #""Work": {"Type": "Task", "Resource": "\#(Self.function("second"))", "End": true}"#,
            more: #""TimeoutSeconds": 600,"#
        )
        let input = #""\#(String(repeating: "x", count: 5_000))""#
        _ = try await fixture.start("Slow", name: "s", input: input)
        _ = try await fixture.sql("update stepwell.steps set run_at = now() where id = 1")
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.store.describe("Slow:s").summary.status == .timedOut)
        _ = try await fixture.store.redriveExecution("Slow:s")
        let timer = try await fixture.sql("select run_at > now() from stepwell.steps where id = 1").only().bool(0)
        #expect(timer)
        try await ManualWorker(fixture: fixture, functions: ["second": { .succeeded($0) }]).run()
        #expect(try await fixture.store.describe("Slow:s").output?.text == input)
    }

    @Test(
        "a token asks for one redrive, however often it comes, until ten others have come or a quarter of an hour is over"
    )
    func clientTokens() async throws {
        let failing = worker(first: "one", second: .failed(error: "E", cause: "c"))
        let store = fixture.store
        _ = try await fixture.start("Chain", name: "c")
        try await failing.run()
        async let one = store.redriveExecution("Chain:c", token: "once")
        async let other = store.redriveExecution("Chain:c", token: "once")
        let first = try await one
        let again = try await other
        #expect(first.count == 1 && again.count == 1 && first.redrivenAt == again.redrivenAt)
        await #expect(throws: StoreError.self) { try await store.redriveExecution("Chain:c", token: "another") }
        await #expect(throws: StoreError.self) { try await store.redriveExecution("Chain:c") }
        try await failing.run()
        #expect(try await store.redriveExecution("Chain:c", token: "once").count == 1)
        #expect(try await store.describe("Chain:c").summary.status == .failed)

        for count in 2...11 {
            #expect(try await store.redriveExecution("Chain:c", token: "token \(count)").count == count)
            try await failing.run()
        }
        #expect(try await fixture.count("redrive_tokens") == 10)
        #expect(try await store.redriveExecution("Chain:c", token: "once").count == 12)
        try await failing.run()
        _ = try await fixture.sql("update stepwell.redrive_tokens set redriven_at = now() - interval '16 minutes'")
        #expect(try await store.redriveExecution("Chain:c", token: "once").count == 13)
        #expect(try await fixture.count("redrive_tokens") == 1)
        try await failing.run()

        _ = try await fixture.sql(
            "select stepwell.forget_executions(e.bucket, array[e.id]) from stepwell.find_execution('Chain:c') e"
        )
        #expect(try await fixture.count("redrive_tokens") == 0)
    }

    @Test("a redriven execution belongs to the trace of its start")
    func trace() async throws {
        let request = StartRequest(
            stateMachine: "Chain",
            name: "c",
            input: JSONDocument([:]),
            traceHeader: "Root=1-67891233-abcdef012345678912345678"
        )
        _ = try await fixture.store.startExecutions([request])[0].get()
        _ = try await fixture.store.stopExecution("Chain:c")
        _ = try await fixture.store.redriveExecution("Chain:c")
        let kept = try await fixture.sql("select trace_header from stepwell.steps where id = 0").only().optionalText(0)
        #expect(kept == request.traceHeader)
    }

    @Test("a program of the time before finds the function that it calls, and redrives")
    func earlierProgram() async throws {
        _ = try await fixture.start("Chain", name: "c")
        _ = try await fixture.store.stopExecution("Chain:c")
        let count =
            try await fixture.sql(
                """
                select r.o_count from stepwell.find_execution('Chain:c') e
                cross join lateral stepwell.redrive(e.bucket, e.id) r
                """
            )
            .only().int(0)
        #expect(count == 1)
    }

    @Test("a token of the time before is over")
    func tokens() async throws {
        try await fixture.deploy(
            "Wait",
            startAt: "Ask",
            """
            "Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
                "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}}}
            """
        )
        _ = try await fixture.start("Wait", name: "w")
        let first = try await token()
        _ = try await fixture.store.stopExecution("Wait:w")
        _ = try await fixture.store.redriveExecution("Wait:w")
        let second = try await token()
        await #expect {
            try await fixture.store.sendTaskHeartbeat(token: first)
        } throws: {
            if case StoreError.taskTimedOut = $0 { true } else { false }
        }
        try await fixture.store.sendTaskSuccess(token: second, output: JSONDocument("now"))
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.store.describe("Wait:w").output?.text == #""now""#)
    }

    /// Lets the call return, and answers the token that it carried.
    private func token() async throws -> String {
        let step = try await fixture.one(["ask"])
        let called = step.decision(tokens: fixture.store.taskTokens)
        let waits = step.decision(.succeeded(JSONDocument("sent")), from: called.branch)
        let commit = StepCommit(lease: step.lease, revision: step.revision, decision: waits, keepsLease: false)
        #expect(try await fixture.commit(commit).applied != nil)
        guard case .invoke(let call) = called.next else { return "" }
        return try call.input.value()["token"]?.string ?? ""
    }

    @Test("what runs, succeeded or ended long ago is refused")
    func refused() async throws {
        func expectRefusal(_ text: String) async {
            await #expect {
                _ = try await fixture.store.redriveExecution("Chain:c")
            } throws: { error in
                guard case StoreError.executionNotRedrivable(let reason) = error else { return false }
                return reason == text
            }
        }
        _ = try await fixture.start("Chain", name: "c")
        await expectRefusal("Execution is RUNNING and cannot be redriven")
        _ = try await fixture.store.stopExecution("Chain:c")
        _ = try await fixture.sql("update stepwell.executions set stopped_at = now() - interval '15 days'")
        await expectRefusal("Execution has exceeded the redrivable period of 14 days")
        _ = try await fixture.sql("update stepwell.executions set stopped_at = now()")
        _ = try await fixture.store.redriveExecution("Chain:c")
        try await worker(first: "one", second: .succeeded(JSONDocument("two"))).run()
        await expectRefusal("Execution is SUCCEEDED and cannot be redriven")
        await #expect(throws: StoreError.self) { _ = try await fixture.store.redriveExecution("Chain:none") }
    }
}
