import Expressions
import Interpreter
import JSON
import Postgres
import PostgresTestSupport
import Testing

@testable import Store

/// Root branches have a short way to their next state: it has to lead where the long one leads, and must not be taken
/// where something stands otherwise than their holder believes.
@Suite("The short way of root branches")
struct RootTransitionTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture()
        try await fixture.deploy(
            "M",
            startAt: "A",
            """
            "A": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:a", "Assign": {"x": 1}, "ResultPath": "$.a",
                "TimeoutSeconds": 60, "Retry": [{"ErrorEquals": ["States.ALL"]}], "Next": "W"},
            "W": {"Type": "Wait", "Seconds": 0, "Next": "T"},
            "T": {"Type": "Task", "Resource": "arn:aws:states:r:1:activity:t", "TimeoutSeconds": 100, "Next": "B"},
            "B": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:b", "End": true}
            """,
            more: #""TimeoutSeconds": 1000,"#
        )
    }

    /// Everything of an execution's rows but its name and the moments at which they were written.
    private func rows(of step: ClaimedStep) async throws -> [String] {
        try await fixture.sql(
            """
            select r.row::text from (
                select 1, 0::bigint, to_jsonb(h) from stepwell.execution_heads h where h.execution = $1
                union all
                select 2, s.id, to_jsonb(s) - array['name', 'run_at', 'wake_at', 'lease_until', 'deadline', 'entered_at']
                from stepwell.steps s where s.execution = $1
                union all
                select 3, h.first_event, to_jsonb(h) - 'at' from stepwell.history h where h.execution = $1
                union all
                select 4, 0, to_jsonb(p) from stepwell.payloads p where p.execution = $1
                union all
                select 5, 0, to_jsonb(e) - array['id', 'name', 'started_at', 'stopped_at'] || jsonb_build_object(
                    'stopped', e.stopped_at is not null)
                from stepwell.executions e where e.id = $1
            ) r (kind, place, row)
            order by r.kind, r.place, r.row
            """,
            [.uuid(step.key.execution)]
        )
        .map { try $0.text(0).replacing("\(step.key.execution)", with: "E") }
    }

    private func forbidShortWay() async throws {
        _ = try await fixture.sql(
            """
            do $$ begin
                execute replace(pg_get_functiondef('stepwell.advance_roots'::regproc), 'return true;',
                    'raise serialization_failure;');
            end $$
            """
        )
    }

    /// Two executions in one bucket, claimed.
    private func two() async throws -> [ClaimedStep] {
        for number in 0..<4 {
            _ = try await fixture.start(
                "M",
                name: "\(number)",
                input: #"{"n": "\#(String(repeating: "n", count: 1500))"}"#
            )
        }
        let steps = try await fixture.claim(["a"])
        let pair = [Int32](0..<2).map { bucket in steps.filter { $0.key.bucket == bucket } }.first { $0.count > 1 }
        return Array(try #require(pair)[..<2])
    }

    /// The decision that the execution has failed.
    private func failing(_ step: ClaimedStep) -> StepCommit {
        StepCommit(
            lease: step.lease,
            revision: step.revision,
            decision: step.decision().followed(by: .endExecution(.failed(error: "E", cause: nil))),
            keepsLease: false
        )
    }

    @Test("leads where the long way leads")
    func sameRows() async throws {
        let steps = try await two()
        var written: [[[String]]] = [[], []]
        for (place, step) in steps.enumerated() {
            if place == 1 { try await forbidShortWay() }
            var lease = step.lease
            var branch = step.branch
            func commit(_ decision: Decision, keepsLease: Bool) async throws {
                let commit = StepCommit(
                    lease: lease,
                    revision: step.revision,
                    decision: decision,
                    keepsLease: keepsLease
                )
                let applied = try #require(try await fixture.commit(commit).applied)
                (lease, branch) = (applied.lease, applied.branch)
                written[place].append(try await rows(of: step))
            }
            func claimAgain(_ change: String) async throws {
                _ = try await fixture.sql(
                    "update stepwell.steps set \(change), run_at = now() where execution = $1 and id = 0",
                    [.uuid(step.key.execution)]
                )
                let claimed = try #require(try await fixture.claim(["a", "b"]).first { $0.key == step.key })
                (lease, branch) = (claimed.lease, claimed.branch)
            }
            let answer = JSONDocument(trusted: #"{"large": "\#(String(repeating: "l", count: 2000))"}"#)
            try await commit(step.decision(), keepsLease: true)
            try await commit(step.decision(.failed(error: "E", cause: "C"), from: branch), keepsLease: false)
            try await claimAgain("wake_at = null")
            try await commit(step.decision(.due, from: branch), keepsLease: true)
            try await commit(step.decision(.succeeded(answer), from: branch), keepsLease: false)
            try await claimAgain(
                "status = 'r', function = '', phase = 'submitted', outcome = 'succeeded', outcome_value = '[1]'"
            )
            try await commit(step.decision(.succeeded(answer), from: branch), keepsLease: true)
            try await commit(step.decision(.succeeded(answer), from: branch), keepsLease: false)
        }
        for (short, long) in zip(written[0], written[1]) { #expect(short == long) }
        #expect(written[0].count == 6 && written[0].last?.contains { $0.contains("SUCCEEDED") } == true)
    }

    @Test("is not taken where others have added events")
    func otherEvents() async throws {
        let steps = try await two()
        _ = try await fixture.sql(
            "update stepwell.execution_heads set last_event = 5 where execution = $1",
            [.uuid(steps[1].key.execution)]
        )
        let commits = steps.map {
            StepCommit(lease: $0.lease, revision: $0.revision, decision: $0.decision(), keepsLease: true)
        }
        let bucket = steps[0].key.bucket
        let outcome = try await fixture.store.commit(
            commits,
            bucket: bucket,
            worker: fixture.worker,
            lease: .seconds(10)
        )
        let branches = try outcome.results.map { try #require($0.applied).branch }
        #expect(branches.map(\.lastEvent) == [.recorded(4), .recorded(8)])
        let numbers = try await fixture.sql("select first_event from stepwell.history order by first_event")
            .map { try $0.int(0) }
        #expect(numbers == [2, 6])
    }

    @Test("is not taken by one whose step is gone, and its neighbours come through all the same")
    func goneStep() async throws {
        let steps = try await two()
        let commits = steps.map(failing)
        _ = try await fixture.store.release([steps[0].lease], bucket: steps[0].key.bucket, worker: fixture.worker)
        let bucket = steps[0].key.bucket
        let outcome = try await fixture.store.commit(
            commits,
            bucket: bucket,
            worker: fixture.worker,
            lease: .seconds(10)
        )
        #expect(outcome.results[0].isRefused)
        #expect(outcome.results[1].applied != nil)
        let left = try await fixture.sql(
            "select execution from stepwell.steps where id = 0 and execution = any ($1)",
            [.uuidArray(steps.map(\.key.execution))]
        )
        #expect(try left.map { try $0.uuid(0) } == [steps[0].key.execution])
    }

    @Test("an execution that ends takes its timer with it, and tells whoever holds that")
    func heldTimer() async throws {
        let steps = try await two()
        let (free, held) = (steps[0], steps[1])
        let other = PGUUID.v7(microseconds: 7)
        _ = try await fixture.sql(
            "update stepwell.steps set run_at = now() where execution = $1 and id = 1",
            [.uuid(held.key.execution)]
        )
        #expect(try await fixture.claim(worker: other).map(\.key.isTimer) == [true])
        let commits = steps.map(failing)
        var holders: [PGUUID] = []
        for commit in commits {
            let outcome = try await fixture.store.commit(
                [commit],
                bucket: free.key.bucket,
                worker: fixture.worker,
                lease: .seconds(10)
            )
            #expect(outcome.results.allSatisfy { $0.applied != nil })
            holders += outcome.holders
        }
        #expect(holders == [other])
        let left = try await fixture.sql(
            "select 1 from stepwell.steps where execution = any ($1)",
            [.uuidArray(steps.map(\.key.execution))]
        )
        #expect(left.isEmpty)
    }
}
