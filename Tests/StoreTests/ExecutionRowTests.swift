import Expressions
import Interpreter
import JSON
import Postgres
import Testing

@testable import Store

/// Whoever ends an execution has heard where its row is. If it is not there it is found all the same, and no other is written.
@Suite("Where an execution's row is")
struct ExecutionRowTests {
    let fixture: StoreFixture

    init() async throws {
        // One connection: it reports what it has counted when it is asked to.
        fixture = try await StoreFixture(buckets: 1, connections: 1)
        try await fixture.deploy(
            "M",
            startAt: "A",
            #""A": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:f", "End": true}"#
        )
    }

    /// Claimed steps of executions, started one by one or in one call.
    private func steps(_ count: Int, startedTogether: Bool = true) async throws -> [ClaimedStep] {
        if startedTogether {
            _ = try await fixture.sql(
                "select stepwell.start_executions('M', array_fill('{}'::json, array[$1]))",
                [.int4(Int32(count))]
            )
        } else {
            for _ in 0..<count { _ = try await fixture.start("M") }
        }
        let steps = try await fixture.claim(["f"])
        try #require(steps.count == count)
        return steps
    }

    /// Ends executions with an output that tells one from another.
    ///
    /// - Parameter rows: where their rows are believed to be; nil: as the claim said.
    private func end(_ steps: [ClaimedStep], believedAt rows: [PGRowID?]? = nil, together: Bool) async throws {
        let commits = steps.enumerated()
            .map { place, step in
                var lease = step.lease
                if let rows { lease.executionRow = rows[place] }
                let output = JSONDocument(trusted: #""\#(step.execution.name)""#)
                return StepCommit(
                    lease: lease,
                    revision: step.revision,
                    decision: step.decision(.succeeded(output), from: step.decision().branch),
                    keepsLease: false
                )
            }
        for group in together ? [commits] : commits.map({ [$0] }) {
            let outcome = try await fixture.store.commit(
                group,
                bucket: 0,
                worker: fixture.worker,
                lease: .seconds(10)
            )
            #expect(outcome.results.allSatisfy { $0.applied != nil })
        }
    }

    private func expectEnded(_ count: Int) async throws {
        let ended = try await fixture.sql(
            "select from stepwell.executions where status = 'SUCCEEDED' and output #>> '{}' = name and last_event = 7"
        )
        #expect(ended.count == count)
        #expect(try await fixture.count("executions") == count)
        #expect(try await fixture.count("history") == count)
        #expect(try await fixture.count("steps") == 0)
    }

    /// How often executions have been looked for by their keys.
    private func lookups() async throws -> Int64 {
        _ = try await fixture.sql("select pg_stat_force_next_flush()")
        let scans =
            "select idx_scan from pg_stat_user_indexes where schemaname = 'stepwell' and indexrelname = 'executions_pkey'"
        return try await fixture.sql(scans).only().int64(0)
    }

    @Test("is known from the start, and not looked for", arguments: [true, false], [true, false])
    func known(startedTogether: Bool, together: Bool) async throws {
        let claimed = try await steps(3, startedTogether: startedTogether)
        let before = try await lookups()
        try await end(claimed, together: together)
        #expect(try await lookups() == before)
        try await expectEnded(3)
    }

    @Test("is found where others have put it", arguments: [true, false])
    func moved(together: Bool) async throws {
        let claimed = try await steps(3)
        _ = try await fixture.sql(
            "update stepwell.executions set trace_header = 'T' where id = $1",
            [.uuid(claimed[1].key.execution)]
        )
        try await end(claimed, together: together)
        try await expectEnded(3)
    }

    @Test("is found after the table was rewritten", arguments: [true, false])
    func rewritten(together: Bool) async throws {
        _ = try await steps(5)
        _ = try await fixture.sql("delete from stepwell.steps")
        _ = try await fixture.sql("delete from stepwell.executions")
        let claimed = try await steps(3)
        _ = try await fixture.sql("vacuum full stepwell.executions")
        try await end(claimed, together: together)
        try await expectEnded(3)
    }

    @Test("is not mistaken for another's", arguments: [true, false])
    func mistaken(together: Bool) async throws {
        let claimed = try await steps(3)
        let rows = claimed.map(\.lease.executionRow)
        try await end(claimed, believedAt: [rows[1], rows[2], rows[0]], together: together)
        try await expectEnded(3)
    }

    @Test("may be unknown, or where no table reaches", arguments: [true, false])
    func nowhere(together: Bool) async throws {
        let claimed = try await steps(2)
        try await end(claimed, believedAt: [nil, PGRowID(block: .max - 1, offset: .max)], together: together)
        try await expectEnded(2)
    }
}
