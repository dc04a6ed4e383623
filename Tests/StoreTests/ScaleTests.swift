import Postgres
import Testing

@testable import Store

/// What a claim costs is counted in buffers: unlike time, that is the same on every machine.
@Suite("Costs that must not grow")
struct ScaleTests {
    let fixture: StoreFixture

    init() async throws {
        // One connection: another one would read the catalogue and plan anew, and that would be counted.
        fixture = try await StoreFixture(buckets: 1, connections: 1)
        try await fixture.deploy(
            "Order",
            startAt: "A",
            #""A": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:mine", "End": true}"#
        )
    }

    /// Ready rows of a function, as many as wanted, without going through starts.
    private func fill(_ function: String, count: Int, sleeping: Bool = false) async throws {
        _ = try await fixture.sql(
            """
            insert into stepwell.steps (bucket, execution, id, machine, revision, name, status, function,
                next_function, run_at, phase, state, input)
            select 0, gen_random_uuid(), 0, 1, 1, 'n' || i, 'r', $1, $1, now() - i * interval '1 ms' + $3 * interval '1 day', 'fresh', 'A', '{}'
            from generate_series(1, $2) as i
            """,
            [.text(function), .int4(Int32(count)), .int4(sleeping ? 1 : 0)]
        )
    }

    private func buffersOfClaim(_ functions: String, limit: Int) async throws -> Int {
        try await fixture.buffers(
            of: """
                select * from stepwell.claim(0, '{\(functions),""}', \(limit), gen_random_uuid(), '10 s', '-infinity')
                """
        )
    }

    @Test("a claim looks at its own rows only, however many others are ready")
    func claim() async throws {
        try await fill("mine", count: 500)
        let alone = try await buffersOfClaim("mine", limit: 10)
        for number in 0..<10 { try await fill("foreign\(number)", count: 10_000) }
        try await fill("mine", count: 50_000)
        let crowded = try await buffersOfClaim("mine", limit: 10)
        #expect(crowded <= alone * 2, "\(alone) buffers alone, \(crowded) among 150,000 rows")
        #expect(crowded <= 20 + 5 * 10)
        let nothing = try await buffersOfClaim("absent", limit: 100)
        #expect(nothing <= 20)
    }

    /// Planning anew in every call took a third of the time of a transition that came alone.
    @Test("functions that leave the planner one way are planned once in a session")
    func plannedOnce() async throws {
        let others = try await fixture.sql(
            """
            select p.oid::regprocedure::text from pg_proc p
            where p.pronamespace = 'stepwell'::regnamespace and 'enable_seqscan=off' = any (p.proconfig)
              and 'plan_cache_mode=force_generic_plan' <> all (p.proconfig)
            """
        )
        #expect(try others.map { try $0.text(0) } == [], "add: set plan_cache_mode = force_generic_plan")
        #expect(
            try await fixture.sql("select from pg_proc where 'plan_cache_mode=force_generic_plan' = any (proconfig)")
                .count > 10
        )
    }

    @Test("figures of the queue are counted up to a limit, and say so")
    func queueFigures() async throws {
        try await fill("mine", count: 300)
        try await fill("other", count: 20)
        _ = try await fixture.sql(
            """
            with hundred as (select ctid from stepwell.steps where function = 'mine' limit 100)
            update stepwell.steps s set run_at = now() + interval '1 hour' from hundred where s.ctid = hundred.ctid
            """
        )
        _ = try await fixture.sql(
            """
            with five as (select ctid from stepwell.steps where function = 'other' limit 5)
            update stepwell.steps s set status = 'w', wake_at = 'infinity' from five where s.ctid = five.ctid
            """
        )
        #expect(try await fixture.claim(["other"], limit: 3).count == 3)
        func shown(_ queue: QueueFigures.Queue) -> [String] {
            [queue.ready, queue.sleeping, queue.leased, queue.waiting].map { "\($0.count)\($0.isAtLeast ? "+" : "")" }
        }
        let all = try await fixture.store.queueFigures(upTo: nil).queues
        #expect(all.map(\.function) == ["mine", "other"])
        #expect(shown(all[0]) == ["200", "100", "0", "0"])
        #expect(shown(all[1]) == ["12", "0", "3", "5"])
        #expect(all[0].oldestSeconds > 0)
        let some = try await fixture.store.queueFigures(upTo: 10).queues
        #expect(shown(some[0]) == ["10+", "10+", "0", "0"])
        #expect(shown(some[1]) == ["10+", "0", "3", "5"])
    }

    @Test("figures of the queue cost the same, however much is open")
    func costOfQueueFigures() async throws {
        func buffers() async throws -> Int {
            try await fixture.buffers(of: "select * from stepwell.queue_figures(0, 1000)")
        }
        func fillAll(count: Int) async throws {
            try await fill("mine", count: count)
            try await fill("", count: count, sleeping: true)
        }
        try await fillAll(count: 1500)
        let few = try await buffers()
        try await fillAll(count: 100_000)
        let many = try await buffers()
        #expect(many <= few * 2, "\(few) buffers for 3,000 steps, \(many) for 203,000")
    }

    @Test("lists with an indexed filter, descriptions and reasons cost the same, however much is stored")
    func lists() async throws {
        try await storeEnded(100, failing: 10)
        let execution = try await fixture.start("Order", name: "this")
        func buffers() async throws -> [String: Int] {
            var lists: [String: ExecutionFilter] = [:]
            lists["all"] = ExecutionFilter()
            for status in ExecutionStatus.allCases {
                lists[status.rawValue] = ExecutionFilter()
                lists[status.rawValue]?.statuses = [status]
            }
            lists["error"] = ExecutionFilter()
            lists["error"]?.error = "Late"
            lists["since"] = ExecutionFilter()
            lists["since"]?.startedSince = try await fixture.store.databaseTime()
            var found: [String: Int] = [:]
            for (name, filter) in lists {
                found[name] = try await buffersRead { _ = try await fixture.store.executions(filter, limit: 20) }
            }
            found["describe"] = try await buffersRead { _ = try await fixture.store.describe(execution.arn) }
            found["why"] = try await buffersRead { _ = try await fixture.store.standing(of: execution.arn) }
            found["history"] = try await buffersRead { _ = try await fixture.store.history(execution.arn) }
            return found
        }
        let few = try await buffers()
        try await storeEnded(50_000, failing: 10)
        let many = try await buffers()
        #expect(few.count == many.count && few.count == 12)
        // Of what succeeds there is enough among the newest.
        for (name, cost) in few {
            #expect(many[name] ?? .max <= cost * 2 + 60, "\(name): \(cost), then \(many[name] ?? 0)")
        }
    }

    /// Executions that have ended, some of them badly: the first ones.
    private func storeEnded(_ count: Int, failing: Int) async throws {
        _ = try await fixture.sql(
            """
            insert into stepwell.executions (bucket, id, machine, revision, name, status, input, output, error, started_at,
                stopped_at, last_event)
            select 0, stepwell.new_execution_id(), 1, 1, 'ended-' || $1::text || '-' || i,
                case when i > $2 then 'SUCCEEDED' else (array['FAILED', 'ABORTED', 'TIMED_OUT'])[i % 3 + 1] end, '{}', '{}',
                case when i <= $2 then 'Late' end, now(), now(), 7
            from generate_series(1, $1::int) as i
            """,
            [.int4(Int32(count)), .int4(Int32(failing))]
        )
        _ = try await fixture.sql("analyze stepwell.executions")
    }

    /// The buffers of tables and indexes that something reads on the fixture's only connection, at the least.
    private func buffersRead(_ body: () async throws -> Void) async throws -> Int {
        func total() async throws -> Int {
            _ = try await fixture.sql("select pg_stat_force_next_flush()")
            return
                try await fixture.sql(
                    """
                    select (sum(heap_blks_read + heap_blks_hit) + sum(idx_blks_read + idx_blks_hit))::int8
                    from pg_statio_user_tables where schemaname = 'stepwell' and relname in
                        ('executions', 'steps', 'outbox', 'map_runs')
                    """
                )
                .only().int(0)
        }
        var least = Int.max
        for _ in 0..<3 {
            let before = try await total()
            try await body()
            least = min(least, try await total() - before)
        }
        return least
    }

    @Test("finished executions cost a claim nothing")
    func finished() async throws {
        try await fill("mine", count: 100)
        let before = try await buffersOfClaim("mine", limit: 10)
        _ = try await fixture.sql(
            """
            insert into stepwell.executions (bucket, id, machine, revision, name, status, input, output, started_at,
                stopped_at, last_event)
            select 0, gen_random_uuid(), 1, 1, 'done-' || i, 'SUCCEEDED', '{}', '{}', now(), now(), 7
            from generate_series(1, 100000) as i
            """
        )
        let after = try await buffersOfClaim("mine", limit: 10)
        #expect(after <= before + 10, "\(before) buffers before, \(after) after")
    }
}
