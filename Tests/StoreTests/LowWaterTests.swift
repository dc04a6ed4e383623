import Logging
import Postgres
import Testing

@testable import Store

/// Looks for what is due, while an old snapshot keeps what is over.
@Suite("Marks of where looks begin")
struct LowWaterTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture(buckets: 1, connections: 1)
        try await fixture.deploy(
            "Order",
            startAt: "A",
            #""A": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:mine", "End": true}"#
        )
    }

    /// Steps that became ready so long ago.
    private func ready(_ age: String, count: Int = 1) async throws {
        _ = try await fixture.sql(
            """
            insert into stepwell.steps (bucket, execution, id, machine, revision, name, status, function,
                next_function, run_at, phase, state, input)
            select 0, gen_random_uuid(), 0, 1, 1, 'n' || i, 'r', 'mine', 'mine', now() - $1::interval, 'fresh', 'A', '{}'
            from generate_series(1, $2) as i
            """,
            [.text(age), .int4(Int32(count))]
        )
    }

    private func claimed() async throws -> Int {
        try await fixture.sql(
            "select from stepwell.claim(0, '{mine,\"\"}', 100, gen_random_uuid(), '10 s', '-infinity')"
        )
        .count
    }

    /// Looks, for as much as a moment being slow.
    private func look(slow: String = "0") async throws {
        _ = try await fixture.sql("select stepwell.raise_low_water(0, '{mine,\"\"}', $1::interval)", [.text(slow)])
    }

    /// Makes the marks older than they are.
    private func age(_ time: String) async throws {
        _ = try await fixture.sql("update stepwell.low_water set looked_at = looked_at - $1::interval", [.text(time)])
    }

    @Test(
        "what is over costs a look nothing, though a snapshot keeps it",
        arguments: [
            "select * from stepwell.claim(0, '{mine,\"\"}', 10, gen_random_uuid(), '10 s', '-infinity')",
            "select * from stepwell.probe(0, '{mine,\"\"}')", "select stepwell.sweep(0, 100)",
        ]
    )
    func oldSnapshot(query: String) async throws {
        try await ready("1 minute", count: 40_000)
        // Half of them stand among what is to be claimed, the others among what is to be looked at.
        _ = try await fixture.sql(
            "update stepwell.steps set wake_at = now() - interval '1 minute' where substr(name, 2)::int % 2 = 0"
        )
        _ = try await fixture.sql(
            """
            insert into stepwell.claims (bucket, look_at, worker, executions, steps)
            select 0, now() - interval '1 minute', gen_random_uuid(), '{}', '{}' from generate_series(1, 20000)
            """
        )
        let other = try await Connection.connect(fixture.configuration, logger: Logger(label: "test"))
        try await other.execute("begin isolation level repeatable read")
        _ = try await other.query("select from stepwell.settings")
        for table in ["steps", "claims"] { _ = try await fixture.sql("delete from stepwell.\(table)") }
        let before = try await fixture.buffers(of: query)
        #expect(before > 200)
        try await look()
        let after = try await fixture.buffers(of: query)
        #expect(after <= 40, "\(before) buffers before")
        await other.close()
    }

    @Test("what waits is never left behind")
    func waiting() async throws {
        try await ready("1 hour")
        try await look()
        #expect(try await claimed() == 1)
    }

    @Test("what appears behind a mark is found by the next look")
    func late() async throws {
        try await look()
        try await ready("1 minute")
        try await ready("1 second")
        #expect(try await claimed() == 1)
        // It is too early for another one.
        try await look()
        #expect(try await claimed() == 0)
        try await age("31 seconds")
        try await look()
        #expect(try await claimed() == 1)
    }

    @Test("messages to other buckets are looked for from their mark on")
    func messages() async throws {
        try await look()
        _ = try await fixture.sql(
            """
            insert into stepwell.outbox (bucket, id, kind, run_at, message)
            values (0, gen_random_uuid(), 'stop', now() - interval '1 minute',
                json_build_object('execution', gen_random_uuid()))
            """
        )
        #expect(try await fixture.store.deliverOutbox(bucket: 0) == 0)
        try await age("1 minute")
        #expect(try await fixture.store.deliverOutbox(bucket: 0) == 1)
    }

    @Test("marks that nobody confirms are not heeded")
    func unconfirmed() async throws {
        try await look()
        try await ready("1 minute")
        #expect(try await claimed() == 0)
        try await age("1 minute")
        #expect(try await claimed() == 1)
    }

    @Test("a clock that was set back makes the next look one of now")
    func setBack() async throws {
        try await look()
        try await ready("1 minute")
        try await age("-1 hour")
        try await look()
        #expect(try await claimed() == 1)
    }

    @Test("marks go once looks are quick again")
    func quick() async throws {
        try await look()
        #expect(try await fixture.count("low_water") == 5)
        try await age("31 seconds")
        try await look(slow: "1 hour")
        #expect(try await fixture.count("low_water") == 0)
        try await look(slow: "1 hour")
        #expect(try await fixture.count("low_water") == 0)
    }
}
