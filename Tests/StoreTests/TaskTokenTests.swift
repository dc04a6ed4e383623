import Expressions
import Interpreter
import JSON
import Postgres
import Testing

@testable import Store

@Suite("Task tokens")
struct TaskTokenTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture()
        try await deploy()
    }

    private func deploy(_ more: String = "") async throws {
        try await fixture.deploy(
            "Wait",
            startAt: "Ask",
            """
            "Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", \(more)
                "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}}, "End": true}
            """
        )
    }

    /// A step whose call is on record and goes on, and the token that it carries.
    private func called() async throws -> (step: ClaimedStep, lease: StepLease, branch: Branch, token: String) {
        let step = try await fixture.one(["ask"])
        let decision = step.decision(tokens: fixture.store.taskTokens)
        let commit = StepCommit(lease: step.lease, revision: step.revision, decision: decision, keepsLease: true)
        let applied = try #require(try await fixture.commit(commit).applied)
        guard case .invoke(let call) = decision.next else { throw Unexpected() }
        let token = try #require(try call.input.value()["token"]?.string)
        return (step, applied.lease, applied.branch, token)
    }

    private struct Unexpected: Error {}

    private func expectOver(_ body: () async throws -> Void) async {
        await #expect {
            try await body()
        } throws: {
            if case StoreError.taskTimedOut = $0 { true } else { false }
        }
    }

    private func expectInvalid(_ body: () async throws -> Void) async {
        await #expect {
            try await body()
        } throws: {
            if case StoreError.invalidToken = $0 { true } else { false }
        }
    }

    /// The call returns: from now on the step waits for its answer.
    private func submit(_ call: (step: ClaimedStep, lease: StepLease, branch: Branch, token: String)) async throws
        -> CommitResult
    {
        let decision = call.step.decision(
            .succeeded(JSONDocument("sent")),
            from: call.branch,
            tokens: fixture.store.taskTokens
        )
        return try await fixture.commit(
            StepCommit(lease: call.lease, revision: call.step.revision, decision: decision, keepsLease: false)
        )
    }

    private func waiting() async throws -> String {
        let call = try await called()
        #expect(try await submit(call).applied != nil)
        return call.token
    }

    /// Sweeps as if so many seconds had passed.
    private func sweep(after seconds: Int = 0) async throws {
        _ = try await fixture.sql(
            """
            update stepwell.steps set wake_at = wake_at - make_interval(secs => $1),
                deadline = deadline - make_interval(secs => $1), heartbeat_due = heartbeat_due - make_interval(secs => $1)
            """,
            [.float8(Double(seconds))]
        )
        _ = try await fixture.sql(
            "update stepwell.task_answers set arrived_at = arrived_at - make_interval(secs => $1)",
            [.float8(Double(seconds))]
        )
        for bucket in 0..<fixture.store.settings.buckets { _ = try await fixture.store.sweep(bucket: bucket) }
    }

    private static let succeeded = [
        "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded",
        "TaskStateExited", "ExecutionSucceeded",
    ]

    @Test("an answer ends the wait, once")
    func answer() async throws {
        _ = try await fixture.start("Wait", name: "w")
        let token = try await waiting()
        try await fixture.store.sendTaskSuccess(token: token, output: JSONDocument(parsing: #"{"yes":  true}"#))
        await expectOver {
            try await fixture.store.sendTaskSuccess(token: token, output: JSONDocument("again"))
        }
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.store.describe("Wait:w").output?.text == #"{"yes":  true}"#)
        #expect(try await fixture.eventTypes("Wait:w") == Self.succeeded)
        await expectOver { try await fixture.store.sendTaskHeartbeat(token: token) }
    }

    @Test("a failure has a name and a cause, or neither")
    func failure() async throws {
        for (error, cause) in [("Refused", "too expensive"), (nil, nil)] as [(String?, String?)] {
            let execution = try await fixture.start("Wait").arn
            try await fixture.store.sendTaskFailure(token: try await waiting(), error: error, cause: cause)
            try await ManualWorker(fixture: fixture).run()
            let end = try await fixture.store.describe(execution)
            #expect(end.summary.status == .failed && end.error == error && end.cause == cause)
        }
    }

    @Test("a large result is kept like any other")
    func large() async throws {
        _ = try await fixture.start("Wait", name: "w")
        let output = JSONDocument(.string(String(repeating: "x", count: 5_000)))
        try await fixture.store.sendTaskSuccess(token: try await waiting(), output: output)
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.store.describe("Wait:w").output == output)
    }

    @Test("what is not a token of this database is refused")
    func forged() async throws {
        _ = try await fixture.start("Wait")
        let token = try await waiting()
        var forged = ["", "no token", token + "A", String(token.dropLast()), token + "\n", "é" + token.dropFirst()]
        for place in [0, 30, 47, 60, 95] {
            var characters = Array(token)
            characters[place] = characters[place] == "A" ? "B" : "A"
            forged.append(String(characters))
        }
        for token in forged {
            await expectInvalid {
                try await fixture.store.sendTaskFailure(token: token, error: nil, cause: nil)
            }
        }
        // An older key stays good for its tokens.
        _ = try await fixture.sql("select stepwell.add_token_key()")
        try await fixture.store.sendTaskHeartbeat(token: token)
    }

    @Test("a token of another attempt, of a stopped or a finished execution is over")
    func over() async throws {
        try await deploy(#""Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1}],"#)
        _ = try await fixture.start("Wait", name: "w")
        let token = try await waiting()
        try await fixture.store.sendTaskFailure(token: token, error: "E", cause: nil)
        let step = try await fixture.one()
        let decision = step.decision()
        _ = try await fixture.commit(
            StepCommit(lease: step.lease, revision: step.revision, decision: decision, keepsLease: false)
        )
        await expectOver { try await fixture.store.sendTaskHeartbeat(token: token) }
        _ = try await fixture.sql("update stepwell.steps set run_at = now()")
        let second = try await waiting()
        #expect(second != token)
        _ = try await fixture.store.stopExecution("Wait:w")
        await expectOver { try await fixture.store.sendTaskHeartbeat(token: second) }
    }

    @Test("output and names have limits")
    func limits() async throws {
        _ = try await fixture.start("Wait")
        let token = try await waiting()
        _ = try await fixture.sql("update stepwell.settings set payload_bytes = 1024")
        let tooLarge = JSONDocument(.string(String(repeating: "x", count: 1_024)))
        let error = await #expect(throws: StoreError.self) {
            try await fixture.store.sendTaskSuccess(token: token, output: tooLarge)
        }
        #expect("\(error as Any)".contains("the output has 1026 bytes, the limit is 1024"))
        let surrogate = await #expect(throws: StoreError.self) {
            try await fixture.store.sendTaskSuccess(token: token, output: JSONDocument(trusted: #""\ud800""#))
        }
        #expect("\(surrogate as Any)".contains("the output contains an unpaired surrogate"))
        await #expect(throws: StoreError.self) {
            try await fixture.store.sendTaskFailure(
                token: token,
                error: String(repeating: "e", count: 257),
                cause: nil
            )
        }
        try await fixture.store.sendTaskHeartbeat(token: token)
    }

    // MARK: Answers that come while the call still runs

    @Test("an answer that comes before the call returns waits for its response")
    func early() async throws {
        _ = try await fixture.start("Wait", name: "w")
        let call = try await called()
        try await fixture.store.sendTaskSuccess(token: call.token, output: JSONDocument("early"))
        await expectOver {
            try await fixture.store.sendTaskFailure(token: call.token, error: "late", cause: nil)
        }
        #expect(try await submit(call).applied != nil)
        #expect(try await fixture.claim().isEmpty)
        #expect(try await fixture.store.applyAnswers(bucket: call.step.key.bucket) == 1)
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.store.describe("Wait:w").output?.text == #""early""#)
        #expect(try await fixture.eventTypes("Wait:w") == Self.succeeded)
        #expect(try await fixture.count("task_answers") == 0)
    }

    @Test("it is found when the worker dies before it looks")
    func earlyAndCrashed() async throws {
        _ = try await fixture.start("Wait", name: "w")
        let call = try await called()
        try await fixture.store.sendTaskSuccess(token: call.token, output: JSONDocument("early"))
        #expect(try await submit(call).applied != nil)
        try await sweep(after: 1)
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.eventTypes("Wait:w") == Self.succeeded)
    }

    @Test("a call that does not return is overtaken by the answer")
    func overtakes() async throws {
        _ = try await fixture.start("Wait", name: "w")
        let call = try await called()
        try await fixture.store.sendTaskSuccess(token: call.token, output: JSONDocument("early"))
        // However long this test takes, the lease is not over and the answer is new.
        _ = try await fixture.sql("update stepwell.steps set lease_until = now() + interval '1 hour', wake_at = now()")
        _ = try await fixture.sql("update stepwell.task_answers set arrived_at = now() + interval '1 hour'")
        try await sweep()
        #expect(try await fixture.claim(["ask"]).isEmpty)
        try await sweep(after: 3602)
        try await ManualWorker(fixture: fixture).run()
        #expect(try await submit(call).isRefused)
        #expect(try await fixture.eventTypes("Wait:w") == Self.succeeded.filter { $0 != "TaskSubmitted" })
    }

    @Test("the token outlives the handler that handed it on")
    func lostLease() async throws {
        _ = try await fixture.start("Wait", name: "w")
        let call = try await called()
        _ = try await fixture.sql("update stepwell.steps set lease_until = now(), wake_at = now()")
        try await sweep()
        try await fixture.store.sendTaskSuccess(token: call.token, output: JSONDocument("answer"))
        // Nobody calls the function again for that.
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.store.describe("Wait:w").output?.text == #""answer""#)
    }

    @Test("an answer to what is gone is forgotten")
    func forgotten() async throws {
        _ = try await fixture.start("Wait", name: "w")
        let call = try await called()
        try await fixture.store.sendTaskSuccess(token: call.token, output: JSONDocument("early"))
        _ = try await fixture.store.stopExecution("Wait:w")
        #expect(try await fixture.store.applyAnswers(bucket: call.step.key.bucket) == 0)
        #expect(try await fixture.count("task_answers") == 0)
    }

    // MARK: Time

    @Test("without an answer in time the Task times out")
    func timeout() async throws {
        try await deploy(#""TimeoutSeconds": 1000, "HeartbeatSeconds": 600,"#)
        _ = try await fixture.start("Wait", name: "w")
        let token = try await waiting()
        for _ in 0..<3 {
            try await sweep(after: 300)
            #expect(try await fixture.claim().isEmpty)
            try await fixture.store.sendTaskHeartbeat(token: token)
        }
        try await sweep(after: 101)
        await expectOver { try await fixture.store.sendTaskHeartbeat(token: token) }
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.store.describe("Wait:w").error == "States.Timeout")
        #expect(try await fixture.eventTypes("Wait:w").suffix(2) == ["TaskTimedOut", "ExecutionFailed"])
    }

    @Test("a heartbeat that does not come ends the Task, not before it is due", arguments: [1, 120])
    func heartbeat(seconds: Int) async throws {
        let catcher = #""Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Late"}],"#
        try await fixture.deploy(
            "Wait",
            startAt: "Ask",
            """
            "Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", \(catcher)
                "HeartbeatSeconds": \(seconds), "Parameters": {"FunctionName": "ask",
                "Payload": {"token.$": "$$.Task.Token"}}, "End": true},
            "Late": {"Type": "Pass", "End": true}
            """
        )
        _ = try await fixture.start("Wait", name: "w")
        let token = try await waiting()
        if seconds > 1 {
            try await sweep(after: seconds - 60)
            #expect(try await fixture.claim().isEmpty)
            try await fixture.store.sendTaskHeartbeat(token: token)
            try await sweep(after: seconds - 60)
            #expect(try await fixture.claim().isEmpty)
        }
        try await sweep(after: 61)
        try await ManualWorker(fixture: fixture).run()
        let end = try await fixture.store.describe("Wait:w")
        #expect(end.output?.text == #"{"Error":"States.Timeout","Cause":""}"#)
    }

    @Test("an application answers in its own transaction, with the right to call the functions and no more")
    func fromSQL() async throws {
        _ = try await fixture.start("Wait", name: "w")
        let token = try await waiting()
        _ = try await fixture.sql("create role \(role)")
        _ = try await fixture.sql("grant usage on schema stepwell to \(role)")
        _ = try await fixture.sql(
            "grant execute on function stepwell.send_task_success, stepwell.send_task_failure to \(role)"
        )
        try await fixture.store.pool.withTransaction { transaction in
            _ = try await transaction.query(Statement("set local role \(role)"))
            _ = try await transaction.query(
                Statement("select stepwell.send_task_success($1, '[1]')", [.text(token)])
            )
        }
        let refused = await #expect(throws: (any Error).self) {
            try await fixture.store.pool.withTransaction { transaction in
                _ = try await transaction.query(Statement("set local role \(role)"))
                _ = try await transaction.query(Statement("select * from stepwell.token_keys"))
            }
        }
        #expect("\(refused as Any)".contains("permission denied"))
        try await ManualWorker(fixture: fixture).run()
        #expect(try await fixture.store.describe("Wait:w").output?.text == "[1]")
    }

    /// Roles belong to the whole cluster, which other tests share.
    private let role = "client_\(PGUUID.v4().description.replacing("-", with: ""))"
}
