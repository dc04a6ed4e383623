import Expressions
import Interpreter
import JSON
import Postgres
import Testing

@testable import Store

@Suite("The newest executions of a state machine")
struct LatestExecutionsTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture(buckets: 1)
        for name in ["Rare", "Common"] {
            try await fixture.deploy(name, startAt: "A", #""A": {"Type": "Pass", "End": true}"#)
        }
    }

    /// Executions that have ended, one a second, as many as wanted.
    private func fill(_ machine: String, count: Int, since: String) async throws {
        _ = try await fixture.sql(
            """
            insert into stepwell.executions
                (bucket, id, machine, revision, name, status, input, started_at, stopped_at, last_event)
            select 0, stepwell.uuid_at($3::timestamptz + i * interval '1 second'), m.id, m.revision, 'n' || i,
                'SUCCEEDED', '{}', $3::timestamptz + i * interval '1 second', now(), 4
            from generate_series(1, $2) as i, stepwell.state_machines m where m.name = $1
            """,
            [.text(machine), .int4(Int32(count)), .text(since)]
        )
    }

    @Test("those of a machine that runs seldom are found however many others have run since")
    func rare() async throws {
        try await fill("Rare", count: 5, since: "2026-01-01T00:00:00Z")
        try await fill("Common", count: 20_000, since: "2026-01-02T00:00:00Z")
        let latest = try await fixture.store.latestExecutions(ofStateMachine: "Rare", limit: 3)
        #expect(latest.elements.map(\.summary.name) == ["n5", "n4", "n3"])
        #expect(!latest.mayLackOlder)
        let others = try await fixture.store.latestExecutions(ofStateMachine: "Common", limit: 3)
        #expect(others.elements.map(\.summary.name) == ["n20000", "n19999", "n19998"])
        #expect(!others.mayLackOlder)
        let none = try await fixture.store.latestExecutions(ofStateMachine: "None", limit: 3)
        #expect(none.elements.isEmpty)
    }

    @Test("those of a machine with many are looked for among the newest of all, and it is said that there may be more")
    func old() async throws {
        try await fill("Rare", count: 600, since: "2026-01-01T00:00:00Z")
        try await fill("Common", count: 20_000, since: "2026-01-02T00:00:00Z")
        let latest = try await fixture.store.latestExecutions(ofStateMachine: "Rare", limit: 3)
        #expect(latest.elements.isEmpty)
        #expect(latest.mayLackOlder)
    }

    @Test("what they went through is read for all of them at once, and as far as so many events go")
    func outlines() async throws {
        try await fixture.deploy(
            "Loop",
            startAt: "Count",
            """
            "Count": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, -1)"}, "Next": "More"},
            "More": {"Type": "Choice", "Default": "Done",
                "Choices": [{"Variable": "$.n", "NumericGreaterThan": 0, "Next": "Count"}]},
            "Done": {"Type": "Succeed"}
            """
        )
        for number in 1...4 { _ = try await fixture.start("Loop", name: "n\(number)", input: #"{"n": 600}"#) }
        try await ManualWorker(fixture: fixture).run()
        let latest = try await fixture.store.latestExecutions(ofStateMachine: "Loop", limit: 4)
        let outlines = try await fixture.store.outlines(of: latest.elements, transitions: 1000)
        #expect(outlines.count == 4)
        let newest = try await fixture.store.historyOutline(latest.elements[0].summary.arn, limit: 10_000)
        #expect(outlines[0] == Array(newest.dropFirst()))
        #expect(Set(newest.compactMap(\.state)) == ["Count", "More", "Done"])
        // Each has 2,404 events, and 6,000 are read: the last row may go beyond.
        #expect(outlines[3].count < newest.count - 1)
        let beginnings = try await fixture.store.outlines(of: latest.elements, transitions: 1)
        #expect(beginnings.allSatisfy { !$0.isEmpty && $0.count < newest.count - 1 })
        #expect(try await fixture.store.outlines(of: [], transitions: 1).isEmpty)
    }
}
