import Expressions
import Interpreter
import JSON
import Postgres
import Testing

@testable import Store

/// Whoever locks several steps locks root branches before others, as transitions do: else two sessions could wait for
/// each other.
@Suite("The order of locks")
struct LockOrderTests {
    enum Call: CaseIterable {
        case extend, release
    }

    let fixture: StoreFixture

    init() async throws { fixture = try await StoreFixture(buckets: 1) }

    /// A branch of an execution, and the root of a later one.
    private func steps() async throws -> (child: ClaimedStep, root: ClaimedStep) {
        let task = #"{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "f:work", "End": true}}}"#
            .replacing("f:", with: "arn:aws:lambda:r:1:function:")
        try await fixture.deploy(
            "Both",
            startAt: "P",
            #""P": {"Type": "Parallel", "End": true, "Branches": [\#(task)]}"#
        )
        _ = try await fixture.store.deploy(name: "One", definition: task)
        _ = try await fixture.start("Both")
        let fork = try await fixture.one()
        _ = try await fixture.commit(
            StepCommit(lease: fork.lease, revision: fork.revision, decision: fork.decision(), keepsLease: false)
        )
        let child = try await fixture.one(["work"])
        _ = try await fixture.start("One")
        return (child, try await fixture.one(["work"]))
    }

    private func waitForLock() async throws {
        let waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        while try await fixture.sql(waiting).isEmpty { await Task.yield() }
    }

    private func make(_ call: Call, for leases: [StepLease]) async throws -> Int {
        switch call {
        case .extend: try await fixture.store.extend(leases, bucket: 0, lease: .seconds(60)).count
        case .release: try await fixture.store.release(leases, bucket: 0, worker: fixture.worker)
        }
    }

    @Test("while a call waits for a root branch it has locked no other", arguments: Call.allCases)
    func rootsFirst(call: Call) async throws {
        let (child, root) = try await steps()
        let step = "select from stepwell.steps where execution = $1 and id = $2 for update nowait"
        let other = try await Connection.connect(fixture.configuration, logger: fixture.store.logger)
        try await other.execute("begin")
        _ = try await other.query(Statement(step, [.uuid(root.key.execution), .int8(root.key.id)]))
        async let count = make(call, for: [child.lease, root.lease])
        try await waitForLock()
        #expect(try await fixture.sql(step, [.uuid(child.key.execution), .int8(child.key.id)]).count == 1)
        try await other.execute("rollback")
        await other.close()
        #expect(try await count == 2)
    }

    @Test("a handler's transaction waits for the root branch before it writes history")
    func rootBeforeHistory() async throws {
        let (_, root) = try await steps()
        let called = root.decision()
        let decision = root.decision(.succeeded(JSONDocument(trusted: "1")), from: called.branch)
        let commit = StepCommit(lease: root.lease, revision: root.revision, decision: decision, keepsLease: false)
        let other = try await Connection.connect(fixture.configuration, logger: fixture.store.logger)
        try await other.execute("begin")
        _ = try await other.query(
            Statement(
                "select from stepwell.steps where execution = $1 and id = 0 for update nowait",
                [.uuid(root.key.execution)]
            )
        )
        async let outcome = fixture.store.pool.withTransaction { [fixture] in
            try await fixture.store.commit(commit, worker: fixture.worker, lease: fixture.lease, in: $0)
        }
        try await waitForLock()
        // What a time limit would write: the same ids.
        _ = try await other.query(
            Statement(
                """
                insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
                values (0, $1, 2, 2, now(), 1, '{"p":[],"e":[]}')
                """,
                [.uuid(root.key.execution)]
            )
        )
        try await other.execute("rollback")
        await other.close()
        #expect(try await outcome.results.first?.applied != nil)
    }

    @Test("time limits of several executions don't wait for a root branch while they hold others")
    func timeLimits() async throws {
        let states = #""T": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:work", "End": true}"#
        try await fixture.deploy("Short", startAt: "T", states, more: #""TimeoutSeconds": 60,"#)
        for _ in 0..<2 { _ = try await fixture.start("Short") }
        _ = try await fixture.sql("update stepwell.steps set run_at = now() where id = 1")
        let timers = try await fixture.claim().filter(\.key.isTimer).sorted { $0.key.execution < $1.key.execution }
        try #require(timers.count == 2)
        let commits = timers.map {
            StepCommit(lease: $0.lease, revision: $0.revision, decision: $0.decision(), keepsLease: false)
        }
        let other = try await Connection.connect(fixture.configuration, logger: fixture.store.logger)
        try await other.execute("begin")
        let last = timers[1].key.execution
        _ = try await other.query(
            Statement("select from stepwell.steps where execution = $1 and id = 0 for update nowait", [.uuid(last)])
        )
        await #expect {
            _ = try await fixture.store.commit(commits, bucket: 0, worker: fixture.worker, lease: fixture.lease)
        } throws: {
            // A lock_timeout that is over says something else.
            "\($0)".contains("could not obtain lock")
        }
        try await other.execute("rollback")
        await other.close()
        let outcome = try await fixture.store.commit(commits, bucket: 0, worker: fixture.worker, lease: fixture.lease)
        #expect(outcome.results.allSatisfy { $0.applied != nil })
    }
}
