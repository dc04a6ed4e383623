import Expressions
import JSON
import Logging
import Postgres
import Testing

@testable import Store

/// What a claim writes, and how the end of its leases is noticed.
@Suite("Claims")
struct ClaimTests {
    let fixture: StoreFixture

    init() async throws {
        // One connection: counts of a transaction are seen by its own session only.
        fixture = try await StoreFixture(buckets: 1, connections: 1)
        try await fixture.deploy(
            "Order",
            startAt: "A",
            #""A": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:mine", "End": true}"#
        )
    }

    private func start(_ count: Int) async throws {
        _ = try await fixture.sql(
            "select stepwell.start_execution('Order', '{}', 'n' || i) from generate_series(1, $1) as i",
            [.int4(Int32(count))]
        )
    }

    /// Leases that nobody would notice the end of.
    private func unnoticed() async throws -> Int {
        try await fixture.sql("select from stepwell.check_leases(0, null)").count
    }

    @Test("a claim writes rows and no entries of the indexes of steps")
    func changesNoIndex() async throws {
        try await start(100)
        let connection = try await Connection.connect(fixture.configuration, logger: Logger(label: "test"))
        try await connection.execute("begin")
        _ = try await connection.query(
            "select from stepwell.claim(0, '{mine,\"\"}', 100, gen_random_uuid(), '10 s', '-infinity')"
        )
        let counts =
            try await connection.query(
                """
                select pg_stat_get_xact_tuples_updated(s)::int, pg_stat_get_xact_tuples_hot_updated(s)::int
                from (values ('stepwell.steps'::regclass)) as t (s)
                """
            )
            .only()
        await connection.close()
        #expect(try counts.int(0) == 100)
        #expect(try counts.int(1) == 100)
    }

    @Test("what is claimed is passed over, however it is ordered, and what is behind it is found")
    func passedOver() async throws {
        try await start(10)
        let first = try await fixture.claim(["mine"], limit: 4)
        let second = try await fixture.claim(["mine"], limit: 100)
        #expect(first.count == 4 && second.count == 6)
        #expect(Set((first + second).map(\.key)).count == 10)
        #expect(try await fixture.claim(["mine"], limit: 100).isEmpty)
        #expect(try await fixture.store.probe(functions: ["mine"]).buckets[0].nextReady == nil)
        #expect(try await unnoticed() == 0)
    }

    @Test("a claim is forgotten once nothing of it is leased")
    func forgotten() async throws {
        try await start(100)
        #expect(try await fixture.claim(["mine"], limit: 100).count == 100)
        #expect(try await fixture.count("claims") == 2)
        _ = try await fixture.sql("delete from stepwell.steps")
        _ = try await fixture.sql("update stepwell.claims set look_at = now()")
        #expect(try await fixture.store.sweep(bucket: 0) == 0)
        #expect(try await fixture.count("claims") == 0)
    }

    @Test("a step that is leased for longer is listed by the end of its lease, and passed over no more")
    func extended() async throws {
        try await start(2)
        let steps = try await fixture.claim(["mine"], limit: 2, lease: .seconds(10))
        _ = try await fixture.store.extend([steps[0].lease], bucket: 0, lease: .seconds(20))
        let listed = try await fixture.sql("select execution from stepwell.steps where wake_at = lease_until").only()
        #expect(try listed.uuid(0) == steps[0].key.execution)
        // Once more changes no index.
        _ = try await fixture.store.extend([steps[0].lease], bucket: 0, lease: .seconds(60))
        #expect(try await fixture.sql("select from stepwell.steps where wake_at < lease_until").count == 1)
        #expect(try await unnoticed() == 0)
    }

    @Test("what is being written when its claim is looked at is looked at again")
    func locked() async throws {
        try await start(2)
        let steps = try await fixture.claim(["mine"], limit: 2, lease: .seconds(60))
        #expect(steps.count == 2)
        let other = try await Connection.connect(fixture.configuration, logger: Logger(label: "test"))
        try await other.execute("begin")
        _ = try await other.query(
            Statement(
                "update stepwell.steps set fence = fence + 1 where execution = $1",
                [.uuid(steps[0].key.execution)]
            )
        )
        _ = try await fixture.sql("update stepwell.claims set look_at = now()")
        _ = try await fixture.store.sweep(bucket: 0)
        // The other one gives up.
        await other.close()
        #expect(try await fixture.sql("select from stepwell.steps where wake_at = lease_until").count == 1)
        #expect(try await fixture.count("claims") == 1)
        #expect(try await unnoticed() == 0)
        _ = try await fixture.sql("update stepwell.claims set look_at = now()")
        _ = try await fixture.store.sweep(bucket: 0)
        #expect(try await fixture.sql("select from stepwell.steps where wake_at = lease_until").count == 2)
        #expect(try await fixture.count("claims") == 0)
        #expect(try await unnoticed() == 0)
    }

    @Test("however many leases end together, all are noticed")
    func overdue() async throws {
        try await start(150)
        #expect(try await fixture.claim(["mine"], limit: 150, lease: .milliseconds(1)).count == 150)
        var swept = 0
        var count = 100
        while count == 100 {
            count = try await fixture.store.sweep(bucket: 0)
            swept += count
        }
        #expect(swept == 150)
        #expect(try await fixture.claim(["mine"], limit: 200).count == 150)
    }

    @Test("a look at a claim reads its own steps only, however many others are ready")
    func looksByKey() async throws {
        let look = "select stepwell.list_leases(0, array(select ctid from stepwell.claims))"
        // The plan that is kept is made while there is next to nothing.
        for _ in 0..<8 { _ = try await fixture.sql(look) }
        try await start(64)
        #expect(try await fixture.claim(["mine"], limit: 64).count == 64)
        _ = try await fixture.sql(
            """
            insert into stepwell.steps (bucket, execution, id, machine, revision, name, status, function,
                next_function, run_at, phase, state, input)
            select 0, gen_random_uuid(), 0, 1, 1, 'other' || i, 'r', 'mine', 'mine', now(), 'fresh', 'A', '{}'
            from generate_series(1, 50000) as i
            """
        )
        let plan = try await fixture.sql("explain (analyze, buffers, format json) \(look)").only().text(0)
        let root = try JSONValue(parsing: plan)[0]?["Plan"]
        let read = ["Shared Hit Blocks", "Shared Read Blocks"].compactMap { root?[$0]?.number?.integer }
        #expect(read.reduce(0, +) <= 64 * 40)
        #expect(try await fixture.sql("select from stepwell.steps where wake_at = lease_until").count == 64)
    }
}
