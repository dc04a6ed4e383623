import Expressions
import Interpreter
import JSON
import Postgres
import Testing

@testable import Store

@Suite("Waits and time-outs")
struct TimerTests {
    let fixture: StoreFixture

    init() async throws { fixture = try await StoreFixture() }

    /// Moves the queue's clock: everything that was due in so many seconds is due now.
    private func pass(seconds: Int) async throws {
        _ = try await fixture.sql(
            """
            update stepwell.steps set run_at = run_at - make_interval(secs => $1),
                wake_at = wake_at - make_interval(secs => $1), deadline = deadline - make_interval(secs => $1)
            """,
            [.float8(Double(seconds))]
        )
        _ = try await fixture.sql(
            "update stepwell.claims set look_at = look_at - make_interval(secs => $1)",
            [.float8(Double(seconds))]
        )
    }

    @Test("a year's Wait is a row that nobody claims before its time")
    func wait() async throws {
        try await fixture.deploy(
            "W",
            startAt: "Year",
            #""Year": {"Type": "Wait", "Seconds": 31536000, "Next": "Done"}, "Done": {"Type": "Succeed"}"#
        )
        _ = try await fixture.start("W", name: "x")
        let worker = ManualWorker(fixture: fixture)
        try await worker.run()
        #expect(try await fixture.count("steps") == 1)
        let step = try #require(try await fixture.store.describe("W:x").steps.first)
        #expect(step.status == "sleeping" && step.state == "Year")
        try await pass(seconds: 31_535_900)
        #expect(try await worker.run() == 0)
        try await pass(seconds: 200)
        try await worker.run()
        #expect(try await fixture.store.describe("W:x").summary.status == .succeeded)
    }

    @Test("an execution that takes too long is timed out, and its steps are gone")
    func executionTimeout() async throws {
        try await fixture.deploy(
            "T",
            startAt: "Year",
            #""Year": {"Type": "Wait", "Seconds": 31536000, "End": true}"#,
            more: #""TimeoutSeconds": 60,"#
        )
        _ = try await fixture.start("T", name: "x")
        let worker = ManualWorker(fixture: fixture)
        try await worker.run()
        #expect(try await fixture.count("steps") == 2)
        try await pass(seconds: 61)
        try await worker.run()
        #expect(try await fixture.store.describe("T:x").summary.status == .timedOut)
        #expect(try await fixture.eventTypes("T:x").last == "ExecutionTimedOut")
        #expect(try await fixture.count("steps") == 0)
    }

    @Test("where the limits are AWS's, an execution times out after a year", arguments: [nil, 99_999_998] as [Int?])
    func year(timeout: Int?) async throws {
        let more = timeout.map { #""TimeoutSeconds": \#($0),"# } ?? ""
        let wait = #""Long": {"Type": "Wait", "Seconds": 99999999, "End": true}"#
        try await fixture.deploy("T", startAt: "Long", wait, more: more)
        for name in ["old", "young"] { _ = try await fixture.start("T", name: name) }
        let worker = ManualWorker(fixture: fixture)
        try await worker.run()
        // An id begins with the time of the start.
        let lastYear = try await fixture.sql("select stepwell.uuid_at(now() - interval '367 days')").only().uuid(0)
        for table in ["steps", "history"] {
            _ = try await fixture.sql(
                """
                update stepwell.\(table) set execution = $1
                where execution = (select e.id from stepwell.executions e where e.name = 'old')
                """,
                [.uuid(lastYear)]
            )
        }
        _ = try await fixture.sql(
            "update stepwell.executions set id = $1, started_at = now() - interval '367 days' where name = 'old'",
            [.uuid(lastYear)]
        )
        // The limits are wide, and nothing happens.
        try await fixture.store.timeOutOldExecutions()
        #expect(try await worker.run() == 0)

        _ = try await fixture.store.changeSettings(isStrict: true)
        let strict = try await Store.open(fixture.configuration, poolSize: 2, logger: fixture.store.logger)
        for _ in 0..<2 { try await strict.timeOutOldExecutions() }
        try await worker.run()
        #expect(try await fixture.store.describe("T:old").summary.status == .timedOut)
        #expect(try await fixture.eventTypes("T:old").last == "ExecutionTimedOut")
        #expect(try await fixture.store.describe("T:young").summary.status == .running)
        #expect(try await fixture.count("steps") == (timeout == nil ? 1 : 2))
        try await strict.timeOutOldExecutions()
        #expect(try await worker.run() == 0)
        await strict.close()
    }

    @Test("a Task whose worker died and whose time is over times out at the rescue")
    func taskTimeout() async throws {
        try await fixture.deploy(
            "T",
            startAt: "Slow",
            """
            "Slow": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:slow", "TimeoutSeconds": 5, "End": true}
            """
        )
        _ = try await fixture.start("T", name: "x")
        let step = try await fixture.one(["slow"])
        let planned = step.decision()
        var branch = planned.branch
        branch.deadline = Timestamp(microseconds: 0)
        let decision = Decision(branch: branch, next: planned.next)
        let commit = StepCommit(lease: step.lease, revision: step.revision, decision: decision, keepsLease: true)
        #expect(try await fixture.commit(commit).applied != nil)
        _ = try await fixture.sql(
            "update stepwell.steps set lease_until = now() - interval '1 s', wake_at = now() - interval '1 s'"
        )
        for bucket in 0..<fixture.store.settings.buckets { _ = try await fixture.store.sweep(bucket: bucket) }
        let late = try await fixture.one()
        #expect(late.outcome == .timedOut)
        try #require(
            try await fixture
                .commit(
                    StepCommit(lease: late.lease, revision: late.revision, decision: late.decision(), keepsLease: false)
                )
                .applied != nil
        )
        #expect(try await fixture.store.describe("T:x").error == "States.Timeout")
    }

    @Test("a retry waits on the same row, for the same function")
    func retry() async throws {
        try await fixture.deploy(
            "R",
            startAt: "Try",
            """
            "Try": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:try", "End": true,
                "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 100, "MaxAttempts": 1}]}
            """
        )
        _ = try await fixture.start("R", name: "x")
        var worker = ManualWorker(fixture: fixture)
        worker.functions = ["try": { _ in .failed(error: "E", cause: "c") }]
        try await worker.run()
        let step = try #require(try await fixture.store.describe("R:x").steps.first)
        #expect(step.status == "retrying" && step.state == "Try" && step.retryCount == 1)
        try await pass(seconds: 101)
        worker.functions = ["try": { _ in .succeeded(JSONDocument(trusted: "1")) }]
        try await worker.run()
        #expect(try await fixture.store.describe("R:x").output?.text == "1")
    }
}
