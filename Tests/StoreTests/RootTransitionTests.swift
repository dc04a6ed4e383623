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
                select 1, s.id, to_jsonb(s) - array['name', 'run_at', 'wake_at', 'lease_until', 'deadline', 'entered_at',
                    'execution_row']
                from stepwell.steps s where s.execution = $1
                union all
                select 2, h.first_event, to_jsonb(h) - 'at' from stepwell.history h where h.execution = $1
                union all
                select 3, 0, to_jsonb(p) from stepwell.payloads p where p.execution = $1
                union all
                select 4, 0, to_jsonb(e) - array['id', 'name', 'started_at', 'stopped_at'] || jsonb_build_object(
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
                execute replace(pg_get_functiondef('stepwell.advance_one'::regproc), 'return true;',
                    'raise serialization_failure;');
            end $$
            """
        )
    }

    /// Executions in one bucket, claimed.
    private func several(_ count: Int) async throws -> [ClaimedStep] {
        for number in 0..<2 * count {
            _ = try await fixture.start(
                "M",
                name: "\(number)",
                input: #"{"n": "\#(String(repeating: "n", count: 1500))"}"#
            )
        }
        let steps = try await fixture.claim(["a"])
        let group = [Int32](0..<2).map { bucket in steps.filter { $0.key.bucket == bucket } }
            .first { $0.count >= count }
        return Array(try #require(group)[..<count])
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

    @Test("leads where the long way leads, for one and for several")
    func sameRows() async throws {
        let steps = try await several(4)
        let alone = try await transitions(of: [steps[0]])
        let together = try await transitions(of: Array(steps[1...2]))
        try await forbidShortWay()
        let closely = try await transitions(of: [steps[3]])
        #expect(alone[0].count == 6 && alone[0].last?.contains { $0.contains("SUCCEEDED") } == true)
        for other in together + closely {
            for (short, long) in zip(alone[0], other) { #expect(short == long) }
        }
    }

    /// Takes executions through all kinds of transitions, each of them in one call for all.
    ///
    /// - Returns: the rows of each after each transition.
    private func transitions(of steps: [ClaimedStep]) async throws -> [[[String]]] {
        var written = steps.map { _ in [[String]]() }
        var leases = steps.map(\.lease)
        var branches = steps.map(\.branch)
        func commit(keepsLease: Bool, _ decide: (ClaimedStep, Branch) -> Decision) async throws {
            let commits = steps.indices.map {
                StepCommit(
                    lease: leases[$0],
                    revision: steps[$0].revision,
                    decision: decide(steps[$0], branches[$0]),
                    keepsLease: keepsLease
                )
            }
            let outcome = try await fixture.store.commit(
                commits,
                bucket: steps[0].key.bucket,
                worker: fixture.worker,
                lease: .seconds(10)
            )
            for (place, result) in outcome.results.enumerated() {
                let applied = try #require(result.applied)
                (leases[place], branches[place]) = (applied.lease, applied.branch)
                written[place].append(try await rows(of: steps[place]))
            }
        }
        func claimAgain(_ change: String) async throws {
            _ = try await fixture.sql(
                "update stepwell.steps set \(change), run_at = now() where execution = any ($1) and id = 0",
                [.uuidArray(steps.map(\.key.execution))]
            )
            let claimed = try await fixture.claim(["a", "b"])
            for (place, step) in steps.enumerated() {
                let again = try #require(claimed.first { $0.key == step.key })
                (leases[place], branches[place]) = (again.lease, again.branch)
            }
        }
        let answer = JSONDocument(trusted: #"{"large": "\#(String(repeating: "l", count: 2000))"}"#)
        try await commit(keepsLease: true) { step, _ in step.decision() }
        try await commit(keepsLease: false) { $0.decision(.failed(error: "E", cause: "C"), from: $1) }
        try await claimAgain("wake_at = null")
        try await commit(keepsLease: true) { $0.decision(.due, from: $1) }
        try await commit(keepsLease: false) { $0.decision(.succeeded(answer), from: $1) }
        try await claimAgain(
            "status = 'r', wake_at = null, function = '', phase = 'submitted', outcome = 'succeeded', outcome_value = '[1]'"
        )
        try await commit(keepsLease: true) { $0.decision(.succeeded(answer), from: $1) }
        try await commit(keepsLease: false) { $0.decision(.succeeded(answer), from: $1) }
        return written
    }

    @Test("is not taken where others have added events")
    func otherEvents() async throws {
        let steps = try await several(2)
        _ = try await fixture.sql(
            "update stepwell.steps set events = 5 where execution = $1",
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
        let steps = try await several(2)
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
        let steps = try await several(2)
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

    @Test("what workers of earlier versions call does the same")
    func earlierVersions() async throws {
        let steps = try await several(2).sorted { $0.key < $1.key }
        let (a, b) = (steps[0].key.execution, steps[1].key.execution)
        let bucket = PostgresValue.int4(steps[0].key.bucket)
        // One moves on by itself; then it ends in the call in which the other moves on.
        let alone = try await fixture.sql(
            """
            select stepwell.advance_root($1, '10 s', $2, 2, 2, '{"p":[],"e":[]}', now(), 1, 'k', 'invoking', 'A', 'a', now(),
                null, now(), 1, 0, null, null, null, 3, 2, 3, '1', null, null, null, null, null, null, null, null, null,
                null, '{}', '{}')
            """,
            [bucket, .uuid(a)]
        )
        #expect(try alone.only().bool(0))
        let together = """
            select stepwell.advance_roots($1, '10 s', array[$2, $3]::uuid[], '{4,2}', '{1,2}',
                array['{"p":[],"e":[1]}', '{"p":[],"e":[2,3]}']::json[], array[now(), now()], array[$3]::uuid[], '{1}',
                '{3}', '{1}', '{k}', '{invoking}', '{A}', '{a}', array[now()], '{}', array[now()], '{1}', '{0}', '{}', '{}',
                '{}', '{3}', '{2}', '{3}', array['1'::json], '{}', '{}', '{}', '{}', '{}', array[$2]::uuid[], '{3}', '{4}',
                '{2}', '{SUCCEEDED}', array['2'::json], '{}', '{}', '{}', '{}', '{}', '{}')
            """
        #expect(try await fixture.sql(together, [bucket, .uuid(a), .uuid(b)]).only().bool(0))
        // The same again: its fences are over.
        #expect(try await !fixture.sql(together, [bucket, .uuid(a), .uuid(b)]).only().bool(0))
        let ended =
            try await fixture.sql(
                "select status, output::text, last_event from stepwell.executions where id = $1",
                [.uuid(a)]
            )
            .only()
        #expect(try ended.text(0) == "SUCCEEDED" && ended.text(1) == "2" && ended.int(2) == 4)
        let left = try await fixture.sql(
            "select execution, id, fence, events from stepwell.steps where execution = any ($1) order by id",
            [.uuidArray([a, b])]
        )
        #expect(try left.map { try $0.uuid(0) } == [b, b])
        #expect(try left[0].int(2) == 2 && left[0].int(3) == 3)
        let history = try await fixture.sql(
            "select events::text from stepwell.history where execution = any ($1) order by execution, first_event",
            [.uuidArray([a, b])]
        )
        #expect(
            try history.map { try $0.text(0) }
                == [#"{"p":[],"e":[]}"#, #"{"p":[],"e":[1]}"#, #"{"p":[],"e":[2,3]}"#]
        )
    }
}
