import Expressions
import Interpreter
import JSON
import Logging
import Postgres
import StatesLanguage
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

    private func register(
        functions: [String] = ["work"],
        slots: Int = 4,
        inHand: Int = 0,
        claims: [String]? = nil,
        withheld: [String: BranchStanding.BusyWorker.Obstacle] = [:]
    ) async throws {
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
        if let claims { record.claims = claims }
        record.withheld = withheld
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
        #expect(try await reason(execution)?.isReady == true)
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
        #expect(try await reason(execution)?.isReady == true)
    }

    /// What the only worker claims decides, and what it has to do with it says why it doesn't.
    @Test(
        "a worker offers it and claims other things",
        arguments: [
            (4, [], BranchStanding.BusyWorker.Obstacle.full), (3, [], .runsAlone), (3, ["", "other"], .functionLimit),
        ]
    )
    func busy(inHand: Int, claims: [String], obstacle: BranchStanding.BusyWorker.Obstacle) async throws {
        try await register(slots: 4, inHand: inHand, claims: claims)
        let execution = try await fixture.start("Order")
        #expect(try await reason(execution) == .workersBusy([.init(name: "w1", obstacle: obstacle)]))
        #expect(
            try await fixture.store
                .claim(
                    bucket: 0,
                    functions: claims,
                    limit: 10,
                    worker: fixture.worker,
                    lease: .seconds(10)
                )
                .steps.isEmpty
        )
        try await register(slots: 4, inHand: inHand, claims: claims + ["work"])
        #expect(try await reason(execution)?.isReady == true)
    }

    /// That workers say so is seen with real ones: SharedLimitTests, CapacityTests.
    @Test(
        "a worker says why it leaves a function out",
        arguments: [
            BranchStanding.BusyWorker.Obstacle.functionLimit, .reservedConcurrency, .rateLimit, .lateHandlers,
        ]
    )
    func withheld(obstacle: BranchStanding.BusyWorker.Obstacle) async throws {
        try await register(claims: ["", "other"], withheld: ["other": .full, "work": obstacle])
        let execution = try await fixture.start("Order")
        #expect(try await reason(execution) == .workersBusy([.init(name: "w1", obstacle: obstacle)]))
        var record = WorkerRecord(
            host: "here",
            name: "w1",
            instance: fixture.worker,
            pid: 1,
            version: "1",
            functions: ["work"],
            slots: 4
        )
        record.claims = []
        try await fixture.store.heartbeat(record)
        #expect(try await reason(execution) == .workersBusy([.init(name: "w1", obstacle: .runsAlone)]))
    }

    @Test("a worker has a function's lane, and leaves it out")
    func withheldLane() async throws {
        let execution = try await fixture.start("Order")
        _ = try await fixture.sql("update stepwell.steps set function = 'work#'")
        try await register(claims: ["", "work"], withheld: ["work#": .full])
        #expect(try await reason(execution) == .workersBusy([.init(name: "w1", obstacle: .full)]))
        try await register(claims: ["", "work", "work#"])
        #expect(try await reason(execution)?.isReady == true)
    }

    @Test("a worker of an earlier version does not say what it claims: its slots decide")
    func earlierWorker() async throws {
        try await register(slots: 4, inHand: 4)
        _ = try await fixture.sql("update stepwell.workers set claims = null")
        let execution = try await fixture.start("Order")
        #expect(try await reason(execution) == .workersBusy([.init(name: "w1", obstacle: .full)]))
        _ = try await fixture.sql("update stepwell.workers set in_hand = 3")
        #expect(try await reason(execution)?.isReady == true)
    }

    @Test("a worker takes a function that it does not have itself")
    func adopted() async throws {
        try await register(functions: ["other"], claims: ["", "other", "work"])
        let execution = try await fixture.start("Order")
        #expect(try await reason(execution)?.isReady == true)
    }

    @Test("this version doesn't know the phase, and its workers give it back")
    func unknownPhase() async throws {
        try await register()
        let execution = try await fixture.start("Order")
        _ = try await fixture.sql("update stepwell.steps set phase = 'dreaming'")
        #expect(try await reason(execution) == .unknownPhase("dreaming"))
        #expect(try await fixture.claim(["work"]).isEmpty)
    }

    @Test("a worker was lost with it: it runs alone, and how often it may is counted")
    func suspect() async throws {
        try await register()
        let execution = try await fixture.start("Order")
        func loseIt(begins: Bool) async throws {
            let step = try await fixture.one(["work"], lease: .zero)
            if begins { #expect(try await fixture.store.startSuspect(step.lease)) }
            for bucket in 0..<fixture.store.settings.buckets { _ = try await fixture.store.sweep(bucket: bucket) }
        }
        for (begins, losses) in [(false, 0), (true, 1), (true, 2)] {
            try await loseIt(begins: begins)
            let branch = try #require(try await fixture.store.standing(of: execution.arn).branches.first)
            #expect(branch.isSuspect && branch.losses == losses && branch.reason.isReady)
        }
        #expect(try await fixture.one(["work"]).isSuspect)
    }

    @Test("an express execution runs in a worker's memory")
    func express() async throws {
        _ = try await fixture.store.deploy(
            name: "Quick",
            definition: #"{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 200, "End": true}}}"#,
            type: .express
        )
        try await register(functions: [])
        let execution = try await fixture.start("Quick")
        #expect(try await reason(execution)?.isReady == true)
        #expect(try await fixture.one().isExpress)
        guard case .runsInMemory("w1", _)? = try await reason(execution) else {
            Issue.record("it should run in memory")
            return
        }
    }

    /// A session of somebody else.
    private func culprit() async throws -> Connection {
        var configuration = fixture.configuration
        configuration["application_name"] = "culprit"
        return try await Connection.connect(configuration, logger: Logger(label: "test"))
    }

    @Test("a table is locked against workers, and the culprit is named")
    func tableLock() async throws {
        #expect(try await fixture.store.tableLocks().isEmpty)
        let other = try await culprit()
        try await other.execute("begin")
        try await other.execute("lock table stepwell.steps in share mode")
        let pid = try await other.query("select pg_backend_pid()").only().int(0)
        let lock = try #require(try await fixture.store.tableLocks().first)
        #expect(lock.table == "steps" && lock.mode == "ShareLock")
        #expect(lock.session.pid == pid && lock.session.application == "culprit")
        await other.close()
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
        let other = try await culprit()
        try await other.execute("begin")
        let pid = try await other.query("select pg_backend_pid() from stepwell.steps for update").only().int(0)
        #expect(try await fixture.claim(["work"]).isEmpty)
        // Shorter transactions are workers' own.
        var found: Reason?
        repeat { found = try await reason(execution) } while !found.isLocked
        guard case .locked(let session)? = found else { return }
        #expect(session.pid == pid)
        #expect(session.application == "culprit")
        #expect(try await fixture.store.standing(of: execution.arn).lockedBy == nil, "it is said once")
        try await other.execute("rollback")
        await other.close()
        #expect(try await fixture.claim(["work"]).count == 1)
    }

    @Test("another session has locked the execution")
    func lockedExecution() async throws {
        let execution = try await fixture.start("Order")
        let other = try await Connection.connect(fixture.configuration, logger: Logger(label: "test"))
        try await other.execute("begin")
        let pid = try await other.query("select pg_backend_pid() from stepwell.steps for update").only()
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
        #expect(try await reason(execution) == .startsExecution(attempts: 0, again: nil))
        _ = try await fixture.sql("update stepwell.outbox set attempts = 2, run_at = run_at + interval '1 hour'")
        guard case .startsExecution(attempts: 2, again: _?)? = try await reason(execution) else {
            Issue.record("two starts should have been tried")
            return
        }
        _ = try await fixture.sql("update stepwell.outbox set run_at = now()")
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
        #expect(found.first == .joins(left: 2, notBegun: 0))
        #expect(found.contains(.noWorker(function: "work")))
        #expect(found.contains { if case .sleeps = $0 { true } else { false } })
    }

    @Test("iterations of a Map wait until others have ended")
    func mapConcurrency() async throws {
        try await fixture.deploy(
            "Each",
            startAt: "M",
            #"""
            "M": {"Type": "Map", "End": true, "MaxConcurrency": 2, "ItemProcessor": {"StartAt": "W", "States": {
                "W": {"Type": "Task", "End": true, "Resource": "arn:aws:lambda:us-east-1:000000000000:function:work"}}}}
            """#
        )
        try await register(functions: [])
        let execution = try await fixture.start("Each", input: "[1, 2, 3, 4, 5]")
        try await ManualWorker(fixture: fixture).run()
        let found = try await reasons(execution)
        #expect(found == [.joins(left: 5, notBegun: 3), .noWorker(function: "work"), .noWorker(function: "work")])
    }

    @Test("a map run goes on")
    func mapRun() async throws {
        try await fixture.deploy(
            "Many",
            startAt: "M",
            #"""
            "M": {"Type": "Map", "End": true, "MaxConcurrency": 7, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
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
        #expect(try await reason(execution) == .mapRun(run.id, items: nil, concurrency: 7))
        _ = try await fixture.store.addMapRunItems(run, [], total: 2)
        #expect(try await reason(execution) == .mapRun(run.id, items: 2, concurrency: 7))
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

extension BranchStanding.Reason {
    fileprivate var isReady: Bool { if case .ready = self { true } else { false } }
}

extension BranchStanding.Reason? {
    fileprivate var isLocked: Bool { if case .locked? = self { true } else { false } }
}
