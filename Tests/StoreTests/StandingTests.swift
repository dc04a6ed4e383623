import Expressions
import Interpreter
import JSON
import Logging
import Postgres
import Testing

@testable import Store

/// Every reason for which an execution stands, beside what a claim makes of it.
@Suite("Why an execution stands")
struct StandingTests {
    typealias Reason = BranchStanding.Reason

    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture()
        try await fixture.deploy(
            "Order",
            startAt: "Work",
            #"""
            "Work": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:work", "End": true,
                "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 300}]}
            """#
        )
    }

    private func register(functions: [String] = ["work"], slots: Int = 4, inHand: Int = 0) async throws {
        var record = WorkerRecord(
            host: "here",
            name: "w1",
            instance: fixture.worker,
            pid: 1,
            version: "1",
            functions: functions,
            slots: slots
        )
        record.inHand = inHand
        _ = try await fixture.store.register(record)
    }

    private func reasons(_ execution: StartedExecution) async throws -> [Reason] {
        try await fixture.store.standing(of: execution.arn).branches.map(\.reason)
    }

    private func reason(_ execution: StartedExecution) async throws -> Reason? {
        let all = try await reasons(execution)
        #expect(all.count == 1)
        return all.first
    }

    /// Claims and commits what the interpreter decides.
    private func advance(_ outcome: Outcome? = nil, functions: [String] = ["work"]) async throws {
        let step = try await fixture.one(functions)
        let decision = step.decision(tokens: fixture.store.taskTokens)
        let next = outcome.map { step.decision($0, from: decision.branch) } ?? decision
        _ = try await fixture.commit(
            StepCommit(lease: step.lease, revision: step.revision, decision: next, keepsLease: false)
        )
    }

    @Test("nobody offers the function, then a worker does and can claim it")
    func noWorker() async throws {
        let execution = try await fixture.start("Order")
        #expect(try await reason(execution) == .noWorker(function: "work"))
        try await register(functions: ["other"])
        #expect(try await reason(execution) == .noWorker(function: "work"))
        #expect(try await fixture.claim(["other"]).isEmpty)
        try await register()
        guard case .ready? = try await reason(execution) else {
            Issue.record("it should be ready")
            return
        }
        #expect(try await fixture.claim(["work"]).count == 1)
    }

    @Test("a worker that is silent for half a minute does not count")
    func deadWorker() async throws {
        try await register()
        _ = try await fixture.sql("update stepwell.workers set seen_at = now() - interval '31 seconds'")
        let execution = try await fixture.start("Order")
        #expect(try await reason(execution) == .noWorker(function: "work"))
        #expect(try await fixture.store.standing(of: execution.arn).liveWorkers == 0)
    }

    @Test("work that any worker does stands when none lives")
    func nobody() async throws {
        try await fixture.deploy("Free", startAt: "P", #""P": {"Type": "Pass", "End": true}"#)
        let execution = try await fixture.start("Free")
        #expect(try await reason(execution) == .noWorker(function: nil))
        try await register(functions: [])
        guard case .ready? = try await reason(execution) else {
            Issue.record("it should be ready")
            return
        }
    }

    @Test("all workers that offer it have their hands full")
    func full() async throws {
        try await register(slots: 4, inHand: 4)
        let execution = try await fixture.start("Order")
        #expect(try await reason(execution) == .workersFull(["w1"]))
        try await register(slots: 4, inHand: 3)
        #expect(try await reason(execution) != .workersFull(["w1"]))
    }

    @Test("it waits for a time, and nobody can claim it")
    func sleeping() async throws {
        try await fixture.deploy(
            "Nap",
            startAt: "W",
            #""W": {"Type": "Wait", "Seconds": 600, "End": true}"#,
            more: #""TimeoutSeconds": 3600,"#
        )
        try await register(functions: [])
        let execution = try await fixture.start("Nap")
        try await advance(functions: [])
        let found = try await reasons(execution)
        #expect(found.count == 2)
        guard case .sleeps(let until) = found[0], case .timesOut(let end) = found[1] else {
            Issue.record("\(found)")
            return
        }
        #expect(until < end)
        #expect(try await fixture.claim().isEmpty)
    }

    @Test("a retry is not due yet")
    func retrying() async throws {
        try await register()
        let execution = try await fixture.start("Order")
        try await advance(.failed(error: "Busy", cause: ""))
        guard case .retries(1, _)? = try await reason(execution) else {
            Issue.record("it should wait for a retry")
            return
        }
        #expect(try await fixture.claim(["work"]).isEmpty)
    }

    @Test("a worker has it, and later its lease is over")
    func leased() async throws {
        try await register()
        let execution = try await fixture.start("Order")
        _ = try await fixture.one(["work"], lease: .seconds(10))
        guard case .leased("w1", _, "work")? = try await reason(execution) else {
            Issue.record("it should be leased")
            return
        }
        #expect(try await fixture.claim(["work"]).isEmpty)
        _ = try await fixture.sql(
            """
            update stepwell.steps set lease_until = now() - interval '1 second', wake_at = now() - interval '1 second'
            """
        )
        guard case .leaseOver("w1", _)? = try await reason(execution) else {
            Issue.record("its lease should be over")
            return
        }
    }

    @Test("another session has locked the row: claims pass over it, and the culprit is named")
    func locked() async throws {
        try await register()
        let execution = try await fixture.start("Order")
        let other = try await Connection.connect(fixture.configuration.named("culprit"), logger: Logger(label: "test"))
        try await other.execute("begin")
        let pid = try await other.query("select pg_backend_pid() from stepwell.steps for update").only().int(0)
        #expect(try await fixture.claim(["work"]).isEmpty)
        // Shorter transactions are workers' own.
        var found: Reason?
        repeat { found = try await reason(execution) } while !found.isLocked
        guard case .locked(let session)? = found else { return }
        #expect(session.pid == pid)
        #expect(session.application == "culprit")
        try await other.execute("rollback")
        await other.close()
        #expect(try await fixture.claim(["work"]).count == 1)
    }

    @Test("another session has locked the execution")
    func lockedExecution() async throws {
        let execution = try await fixture.start("Order")
        let other = try await Connection.connect(fixture.configuration, logger: Logger(label: "test"))
        try await other.execute("begin")
        let pid = try await other.query("select pg_backend_pid() from stepwell.execution_heads for update").only()
            .int(0)
        var session: Session?
        repeat { session = try await fixture.store.standing(of: execution.arn).lockedBy } while session == nil
        #expect(session?.pid == pid)
        await other.close()
    }

    @Test("an old snapshot is named")
    func snapshot() async throws {
        let execution = try await fixture.start("Order")
        let other = try await Connection.connect(fixture.configuration, logger: Logger(label: "test"))
        try await other.execute("begin isolation level repeatable read")
        let pid = try await other.query("select pg_backend_pid() from stepwell.settings").only().int(0)
        let young = try await fixture.store.standing(of: execution.arn)
        #expect(young.oldSnapshot == nil)
        let old = try await fixture.store.standing(of: execution.arn, snapshotAge: .zero)
        #expect(old.oldSnapshot?.pid == pid)
        await other.close()
    }

    @Test("it waits for an answer with its token")
    func token() async throws {
        try await fixture.deploy(
            "Ask",
            startAt: "Q",
            #"""
            "Q": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
                "TimeoutSeconds": 600, "HeartbeatSeconds": 60,
                "Parameters": {"FunctionName": "work", "Payload": {"t.$": "$$.Task.Token"}}}
            """#
        )
        try await register()
        let execution = try await fixture.start("Ask")
        try await advance(.succeeded(JSONDocument(.object([:]))))
        let branch = try #require(try await fixture.store.standing(of: execution.arn).branches.first)
        #expect(branch.reason == .waitsForAnswer)
        #expect(branch.deadline != nil)
        #expect(try await fixture.claim(["work"]).isEmpty)
        // When the next sign of life is due is settled by the first look.
        _ = try await fixture.sql("update stepwell.steps set wake_at = now()")
        for bucket in 0..<fixture.store.settings.buckets { _ = try await fixture.store.sweep(bucket: bucket) }
        let later = try #require(try await fixture.store.standing(of: execution.arn).branches.first)
        #expect(later.heartbeatDue != nil)
    }

    @Test("it waits for somebody who asks for an activity's tasks")
    func activity() async throws {
        _ = try await fixture.store.createActivity("approve")
        try await fixture.deploy(
            "Approval",
            startAt: "Q",
            #"""
            "Q": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:000000000000:activity:approve", "End": true}
            """#
        )
        try await register(functions: [])
        let execution = try await fixture.start("Approval")
        try await advance(functions: [])
        #expect(try await reason(execution) == .waitsForActivity("approve", pollers: 0))
    }

    @Test("it starts an execution, and then waits for its end")
    func child() async throws {
        try await fixture.deploy("Child", startAt: "W", #""W": {"Type": "Wait", "Seconds": 600, "End": true}"#)
        try await fixture.deploy(
            "Parent",
            startAt: "Call",
            #"""
            "Call": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "End": true,
                "Parameters": {"StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:Child"}}
            """#
        )
        try await register(functions: [])
        let execution = try await fixture.start("Parent")
        try await advance(functions: [])
        #expect(try await reason(execution) == .startsExecution)
        try await ManualWorker(fixture: fixture).run()
        #expect(try await reason(execution) == .waitsForExecution)
    }

    @Test("it waits for its branches, each of which has its own reason")
    func branches() async throws {
        try await fixture.deploy(
            "Both",
            startAt: "P",
            #"""
            "P": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
                    "Resource": "arn:aws:lambda:us-east-1:000000000000:function:work"}}},
                {"StartAt": "B", "States": {"B": {"Type": "Wait", "Seconds": 600, "End": true}}}]}
            """#
        )
        try await register(functions: [])
        let execution = try await fixture.start("Both")
        try await ManualWorker(fixture: fixture).run()
        let found = try await reasons(execution)
        #expect(found.count == 3)
        #expect(found.first == .joins(left: 2))
        #expect(found.contains(.noWorker(function: "work")))
        #expect(found.contains { if case .sleeps = $0 { true } else { false } })
    }

    @Test("a map run goes on")
    func mapRun() async throws {
        try await fixture.deploy(
            "Many",
            startAt: "M",
            #"""
            "M": {"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"},
                "StartAt": "W", "States": {"W": {"Type": "Pass", "End": true}}}}
            """#
        )
        try await register(functions: [])
        let execution = try await fixture.start("Many", input: "[1, 2]")
        try await advance(functions: [])
        let step = try await fixture.one()
        let request = try #require(step.branch.taskInput.flatMap(MapRun.init))
        let run = HeldMapRun(lease: step.lease, id: try #require(PGUUID(request.id)))
        _ = try await fixture.store.openMapRun(run, request, label: "M", machine: step.revision.machineID)
        #expect(try await reason(execution) == .mapRun(run.id, items: nil))
        _ = try await fixture.store.addMapRunItems(run, [], total: 2)
        #expect(try await reason(execution) == .mapRun(run.id, items: 2))
    }

    @Test("an execution that has ended has no branches")
    func ended() async throws {
        let execution = try await fixture.start("Order")
        _ = try await fixture.store.stopExecution(execution.arn)
        #expect(try await reasons(execution).isEmpty)
    }

    @Test("executions are found by what is known of them")
    func filters() async throws {
        let first = try await fixture.start("Order", name: "eu-1", input: #"{"customer": {"id": "c-8"}, "n": [5]}"#)
        _ = try await fixture.start("Order", name: "eu-2", input: #"{"customer": {"id": "c\u0000"}}"#)
        _ = try await fixture.start("Order", name: "us-1", input: "[]")
        func names(_ change: (inout ExecutionFilter) -> Void) async throws -> [String] {
            var filter = ExecutionFilter()
            change(&filter)
            return try await fixture.store.executions(filter).executions.map(\.name)
        }
        #expect(try await names { $0.namePrefix = "eu-" } == ["eu-2", "eu-1"])
        #expect(try await names { $0.fields = [.init(path: ["customer", "id"], value: "c-8")] } == ["eu-1"])
        #expect(try await names { $0.fields = [.init(path: ["n", "0"], value: "5")] } == ["eu-1"])
        #expect(try await names { $0.fields = [.init(path: ["n"], value: "'; drop table")] } == [])
        _ = try await fixture.store.stopExecution(first.arn, error: "Withdrawn")
        #expect(try await names { $0.error = "Withdrawn" } == ["eu-1"])
        #expect(try await names { $0.statuses = [.running, .failed] } == ["us-1", "eu-2"])
        let now = try await fixture.store.databaseTime()
        #expect(try await names { $0.startedSince = now.adding(seconds: Int64(-60)) }.count == 3)
        #expect(try await names { $0.startedBefore = now.adding(seconds: Int64(-60)) }.isEmpty)
        #expect(try await names { $0.startedSince = now.adding(seconds: Int64(60)) }.isEmpty)
    }
}

extension BranchStanding.Reason? {
    fileprivate var isLocked: Bool { if case .locked? = self { true } else { false } }
}
