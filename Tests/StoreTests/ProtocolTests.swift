import Expressions
import Interpreter
import JSON
import Postgres
import PostgresTestSupport
import Testing

@testable import Store

@Suite("Worker protocol")
struct ProtocolTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture()
        try await fixture.deploy(
            "Chain",
            startAt: "A",
            """
            "A": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:a", "Next": "B"},
            "B": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:b", "End": true}
            """
        )
    }

    private func finishing(_ step: ClaimedStep, _ output: String, keepsLease: Bool = false) -> StepCommit {
        StepCommit(
            lease: step.lease,
            revision: step.revision,
            decision: step.decision(.succeeded(JSONDocument(trusted: output)), from: step.decision().branch),
            keepsLease: keepsLease
        )
    }

    @Test("a step is claimed once, by workers of its function only")
    func claim() async throws {
        _ = try await fixture.start("Chain")
        #expect(try await fixture.claim(["b"]).isEmpty)
        #expect(try await fixture.claim(["a", "b"]).count == 1)
        #expect(try await fixture.claim(["a", "b"]).isEmpty)
    }

    @Test("the same call again is told that it was applied; any other use of an old fence is refused")
    func fence() async throws {
        _ = try await fixture.start("Chain", name: "f")
        let step = try await fixture.one(["a"])
        let commit = finishing(step, #"{"x": 1}"#, keepsLease: true)
        let first = try #require(try await fixture.commit(commit).applied)
        let again = try #require(try await fixture.commit(commit).applied)
        #expect(first.lease == again.lease && first.branch == again.branch)
        #expect(first.lease.fence == step.lease.fence + 1)
        #expect(try await fixture.commit(commit, worker: PGUUID.v7(microseconds: 2)).isRefused)
        // The lease was kept: the next state's result names the next fence, and the old one is worth nothing.
        let next = StepCommit(
            lease: first.lease,
            revision: step.revision,
            decision: step.decision(.succeeded(JSONDocument(trusted: "2")), from: first.branch),
            keepsLease: false
        )
        let stale = StepCommit(
            lease: StepLease(key: next.lease.key, fence: next.lease.fence - 1),
            revision: next.revision,
            decision: next.decision,
            keepsLease: false
        )
        #expect(try await fixture.commit(next).applied != nil)
        #expect(try await fixture.commit(stale).isRefused)
        #expect(
            try await fixture.eventTypes("Chain:f") == [
                "ExecutionStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
                "LambdaFunctionSucceeded", "TaskStateExited", "TaskStateEntered", "LambdaFunctionScheduled",
                "LambdaFunctionStarted", "LambdaFunctionSucceeded", "TaskStateExited", "ExecutionSucceeded",
            ]
        )
    }

    @Test("a zombie that wakes after the rescue, during or after the second attempt is refused")
    func zombie() async throws {
        _ = try await fixture.start("Chain", name: "z")
        let zombie = try await fixture.one(["a"], lease: .zero)
        let late = finishing(zombie, #""zombie""#)
        #expect(try await sweep() == 1)
        #expect(try await fixture.commit(late).isRefused)
        let second = try await fixture.one(["a"])
        #expect(second.isSuspect && second.key == zombie.key)
        #expect(try await fixture.commit(late).isRefused)
        #expect(try await fixture.commit(finishing(second, #""live""#)).applied != nil)
        #expect(try await fixture.commit(late).isRefused)
        #expect(try await fixture.one(["b"]).branch.input.text == #""live""#)
    }

    @Test(
        "a step that is rescued while its transition is being written stays as the rescue left it",
        arguments: ["A", "B"]
    )
    func rescuedMeanwhile(state: String) async throws {
        _ = try await fixture.start("Chain", name: "r")
        var step = try await fixture.one(["a"])
        if state == "B" {
            // The last one: its transition ends the execution.
            #expect(try await fixture.commit(finishing(step, "1")).applied != nil)
            step = try await fixture.one(["b"])
        }
        let before = try await fixture.eventTypes("Chain:r")
        let late = finishing(step, #""late""#, keepsLease: state == "A")
        let rescue = try await Connection.connect(fixture.configuration, logger: fixture.store.logger)
        try await rescue.execute("begin")
        try await rescue.execute(
            "update stepwell.steps set status = 'r', fence = fence + 1, worker = null, lease_until = null, wake_at = null"
        )
        async let written = fixture.commit(late)
        let waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        while try await fixture.sql(waiting).isEmpty { await Task.yield() }
        try await rescue.execute("commit")
        await rescue.close()
        do {
            #expect(try await written.isRefused)
        } catch {
            // A worker makes the same call again.
            #expect((error as? StoreError)?.isTransient == true)
            #expect(try await fixture.commit(late).isRefused)
        }
        #expect(try await fixture.eventTypes("Chain:r") == before)
        let row = try await fixture.sql("select fence, status::text from stepwell.steps").only()
        #expect(try row.int64(0) == step.lease.fence + 1)
        #expect(try row.text(1) == "r")
    }

    @Test(
        "an execution that is stopped while a transition of it is being written ends as it was stopped",
        arguments: ["A", "B"]
    )
    func stoppedMeanwhile(state: String) async throws {
        let started = try await fixture.start("Chain", name: "s")
        var step = try await fixture.one(["a"])
        if state == "B" {
            #expect(try await fixture.commit(finishing(step, "1")).applied != nil)
            step = try await fixture.one(["b"])
        }
        let before = try await fixture.eventTypes("Chain:s")
        let late = finishing(step, #""late""#, keepsLease: state == "A")
        let other = try await Connection.connect(fixture.configuration, logger: fixture.store.logger)
        try await other.execute("begin")
        _ = try await other.query(Statement("select stepwell.stop_execution($1)", [.text(started.arn)]))
        async let written = fixture.commit(late)
        let waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        while try await fixture.sql(waiting).isEmpty { await Task.yield() }
        try await other.execute("commit")
        await other.close()
        do {
            #expect(try await written.isRefused)
        } catch {
            #expect((error as? StoreError)?.isTransient == true)
            #expect(try await fixture.commit(late).isRefused)
        }
        #expect(try await fixture.eventTypes("Chain:s") == before + ["ExecutionAborted"])
        #expect(try await fixture.count("steps") == 0)
    }

    @Test("a lease that is extended while its step's transition is being written does not stop it")
    func extendedMeanwhile() async throws {
        _ = try await fixture.start("Chain", name: "e")
        let step = try await fixture.one(["a"])
        let commit = finishing(step, "1", keepsLease: true)
        let other = try await Connection.connect(fixture.configuration, logger: fixture.store.logger)
        try await other.execute("begin")
        try await other.execute("update stepwell.steps set lease_until = now() + interval '1 hour'")
        async let written = fixture.commit(commit)
        let waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        while try await fixture.sql(waiting).isEmpty { await Task.yield() }
        try await other.execute("commit")
        await other.close()
        do {
            #expect(try await written.applied != nil)
        } catch {
            #expect((error as? StoreError)?.isTransient == true)
            #expect(try await fixture.commit(commit).applied != nil)
        }
        #expect(try await fixture.eventTypes("Chain:e").count == 9)
    }

    @Test("an extended lease is not rescued, a released one counts nothing against the step")
    func extendAndRelease() async throws {
        _ = try await fixture.start("Chain")
        let step = try await fixture.one(["a"], lease: .milliseconds(1))
        #expect(
            try await fixture.store.extend([step.lease], bucket: step.key.bucket, lease: .seconds(60)) == [step.key]
        )
        _ = try await sweep()
        #expect(try await fixture.claim(["a"]).isEmpty)
        var old = step.lease
        old.fence -= 1
        #expect(try await fixture.store.extend([old], bucket: step.key.bucket, lease: .seconds(60)).isEmpty)
        let released = try await fixture.store.release([step.lease], bucket: step.key.bucket, worker: fixture.worker)
        #expect(released == 1)
        let again = try await fixture.one(["a"])
        #expect(!again.isSuspect)
    }

    @Test("a release after a lost answer gives the kept lease back, too")
    func releaseAfterLostAnswer() async throws {
        _ = try await fixture.start("Chain")
        let step = try await fixture.one(["a"])
        _ = try await fixture.commit(finishing(step, "1", keepsLease: true))
        #expect(try await fixture.store.release([step.lease], bucket: step.key.bucket, worker: fixture.worker) == 1)
        #expect(try await fixture.one(["b"]).branch.input.text == "1")
    }

    @Test("three lost runs of a suspect fail the step; runs that never began do not count")
    func poison() async throws {
        _ = try await fixture.start("Chain", name: "p")
        for _ in 0..<5 {
            _ = try await fixture.one(["a"], lease: .zero)
            #expect(try await sweep() == 1)
        }
        for _ in 0..<3 {
            let step = try await fixture.one(["a"], lease: .zero)
            #expect(step.isSuspect && step.outcome == .due)
            #expect(try await fixture.store.startSuspect(step.lease))
            #expect(try await sweep() == 1)
        }
        let step = try await fixture.one(["a"])
        guard case .failed(let error, let cause) = step.outcome else {
            Issue.record("the outcome is \(step.outcome)")
            return
        }
        #expect(error == "Runtime.ExitError" && cause.contains("3 times"))
    }

    @Test("a restarted worker takes its dead self's steps over at once")
    func takeOver() async throws {
        _ = try await fixture.start("Chain")
        let dead = PGUUID.v7(microseconds: 3)
        var record = WorkerRecord(
            host: "h",
            name: "w",
            instance: dead,
            pid: 1,
            version: "1",
            functions: ["a"],
            slots: 4
        )
        #expect(try await fixture.store.register(record) == nil)
        #expect(try await fixture.claim(["a"], worker: dead).count == 1)
        record.instance = fixture.worker
        #expect(try await fixture.store.register(record) == dead)
        #expect(try await fixture.store.releaseWorker(dead) == 1)
        #expect(try await fixture.claim(["a"]).count == 1)
    }

    @Test("a damaged row does not keep its neighbours from being run")
    func damaged() async throws {
        for number in 0..<3 { _ = try await fixture.start("Chain", name: "d\(number)") }
        _ = try await fixture.sql("update stepwell.steps set outcome = 'nonsense' where name = 'd1'")
        let steps = try await fixture.claim(["a"])
        #expect(Set(steps.map(\.execution.name)) == ["d0", "d2"])
        let damaged = try await fixture.sql("select status::text, suspect from stepwell.steps where name = 'd1'").only()
        #expect(try damaged.text(0) == "r")
        #expect(try damaged.bool(1) == false)
    }

    @Test(
        "a start notifies only where a worker of its function sleeps",
        .disabled(if: TestNetwork.losesNotifications, "no notification arrives")
    )
    func notification() async throws {
        let listener = try await fixture.listen("stepwell_work")
        var record = WorkerRecord(
            host: "h",
            name: "w",
            instance: fixture.worker,
            pid: 1,
            version: "1",
            functions: ["b"],
            slots: 4,
            isIdle: true
        )
        _ = try await fixture.store.register(record)
        _ = try await fixture.start("Chain", name: "silent")
        record.functions = ["a"]
        try await fixture.store.heartbeat(record)
        let loud = try await fixture.start("Chain", name: "loud")
        let payload = try #require(await listener.next())
        let names = try #require(Settings.executionNames(loud.arn))
        let bucket = Digest.bucket(
            machine: names.machine,
            execution: names.execution,
            of: fixture.store.settings.buckets
        )
        #expect(payload == "\(bucket)")
        await listener.close()
    }

    @Test("a probe says what is due and when the next thing will be")
    func probe() async throws {
        let empty = try await fixture.store.probe(functions: ["a", ""])
        #expect(empty.buckets.count == 2)
        #expect(empty.buckets.allSatisfy { $0.nextReady == nil && $0.nextWake == nil && $0.nextOutbox == nil })
        _ = try await fixture.start("Chain")
        let foreign = try await fixture.store.probe(functions: ["b", ""])
        #expect(foreign.buckets.allSatisfy { $0.nextReady == nil })
        let ready = try await fixture.store.probe(functions: ["a", ""])
        #expect(ready.buckets.compactMap(\.nextReady).count == 1)
        _ = try await fixture.one(["a"], lease: .seconds(10))
        let leased = try await fixture.store.probe(functions: ["a", ""])
        let wake = try #require(leased.buckets.compactMap(\.nextWake).first)
        #expect(wake > leased.now && wake.microseconds - leased.now.microseconds <= 10_000_000)
    }

    private func sweep() async throws -> Int {
        var count = 0
        for bucket in 0..<fixture.store.settings.buckets { count += try await fixture.store.sweep(bucket: bucket) }
        return count
    }
}
