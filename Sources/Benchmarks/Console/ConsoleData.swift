import Postgres

/// What somebody has to look at who opens the console of a busy installation: written by SQL, as the engine would have left
/// it behind.
struct ConsoleData {
    let database: BenchDatabase
    /// How many executions have ended, in the last day; one in a hundred has failed.
    let stored: Int
    /// How many sleep.
    let open: Int
    /// How many events the long history has.
    let events: Int
    /// How many items the Maps have.
    let items: Int

    static let machine = Workload.single.machine
    static let mapRun = "00000000-0000-4000-8000-00000000c0de"
    private static let page = 50_000

    func write() async throws {
        try await store()
        try await addOpen()
        try await addHistory(named: "long", from: "generate_series(1, \(events / 2)) i", Self.state, upTo: events)
        try await addHistory(
            named: "map",
            from: "generate_series(0, \(items)) i",
            Self.iteration(items),
            upTo: items * 4 + 3
        )
        try await addMapRun()
        try await database.settle()
    }

    /// An id that begins with a moment.
    private static func id(at moment: String) -> String {
        "(lpad(to_hex((extract(epoch from \(moment)) * 1000)::bigint), 12, '0') || '7' || right(gen_random_uuid()::text, 21))::uuid"
    }

    private func store() async throws {
        try await fill(stored) { first, last in
            """
            with new as (
                insert into stepwell.executions (bucket, id, machine, revision, name, status, input, output, error, cause,
                    started_at, stopped_at, last_event)
                select stepwell.bucket_of('\(Self.machine)', r.name, s.buckets), \(Self.id(at: "r.at")), 1, 1, r.name,
                    case when r.i % 100 = 0 then 'FAILED' else 'SUCCEEDED' end,
                    json_build_object('id', r.i, 'customer', 'c-' || r.i % 1000), '{"parcel":"p-9-1042"}',
                    case when r.i % 100 = 0 then 'Shop.Closed' end, case when r.i % 100 = 0 then 'no parcel' end,
                    r.at, r.at + interval '2 s', 7
                from (
                    select i, 'order-' || i as name, now() - (random() * interval '1 day') as at
                    from generate_series(\(first), \(last)) i
                ) r, stepwell.settings s
                returning bucket, id, started_at
            )
            insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
            select bucket, id, 2, 7, started_at, 0,
                '{"p":["{}"],"e":[["TaskStateEntered",1,0,{"name":"Order","input":[0]}],["LambdaFunctionScheduled",-1,0],["LambdaFunctionStarted",-2,0],["LambdaFunctionSucceeded",-3,0,{"output":[0]}],["TaskStateExited",-4,0,{"name":"Order","output":[0]}],["ExecutionSucceeded",-5,0,{"output":[0]}]]}'
            from new
            """
        }
    }

    private func addOpen() async throws {
        try await fill(open) { first, last in
            """
            with new as (
                insert into stepwell.executions (bucket, id, machine, revision, name, input, started_at)
                select stepwell.bucket_of('\(Self.machine)', 'open-' || i, s.buckets), \(Self.id(at: "now()")), 1, 1,
                    'open-' || i, '{"id":"1042"}', now()
                from generate_series(\(first), \(last)) i, stepwell.settings s
                returning bucket, id, name
            )
            insert into stepwell.steps (bucket, execution, id, machine, revision, name, status, function, next_function,
                run_at, phase, state, input)
            select bucket, id, 0, 1, 1, name, 'r', '', '', now() + interval '1 day', 'sleeping', 'Order', '{"id":"1042"}'
            from new
            """
        }
    }

    /// Two events of a chain of states.
    private static let state = """
        2 * i, 2 * i + 1, json_build_object('p', json_build_array(json_build_object('n', i)::text), 'e', json_build_array(
            json_build_array('PassStateEntered', 2 * i - 1, 0, json_build_object('name', 'Order', 'input', json_build_array(0))),
            json_build_array('PassStateExited', -1, 0, json_build_object('name', 'Order', 'output', json_build_array(0)))))
        """

    /// The four events of an item of a Map, or the two that begin it.
    private static func iteration(_ items: Int) -> String {
        """
        case when i = 0 then 2 else 4 * i end, 4 * i + 3, case when i = 0 then json_build_object(
            'p', json_build_array(), 'e', json_build_array(
                json_build_array('MapStateEntered', 1, 0, json_build_object('name', 'Each')),
                json_build_array('MapStateStarted', -1, 0, json_build_object('length', \(items)))))
        else json_build_object('p', json_build_array(), 'e', json_build_array(
            json_build_array('MapIterationStarted', 3, 0, json_build_object('name', 'Each', 'index', i - 1)),
            json_build_array('PassStateEntered', -1, 0, json_build_object('name', 'Order')),
            json_build_array('PassStateExited', -2, 0, json_build_object('name', 'Order')),
            json_build_array('MapIterationSucceeded', -3, 0, json_build_object('name', 'Each', 'index', i - 1)))) end
        """
    }

    private func addHistory(named name: String, from source: String, _ columns: String, upTo last: Int) async throws {
        try await database.sql(
            """
            with new as (
                insert into stepwell.executions (bucket, id, machine, revision, name, status, input, output, started_at,
                    stopped_at, last_event)
                select stepwell.bucket_of('\(Self.machine)', '\(name)', s.buckets), \(Self.id(at: "now()")), 1, 1, '\(name)',
                    'SUCCEEDED', '{}', '{}', now(), now(), \(last)
                from stepwell.settings s
                returning bucket, id
            )
            insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
            select n.bucket, n.id, h.first, h.last, now(), 0, h.events
            from new n, (select \(columns) from \(source)) h (first, last, events)
            """
        )
    }

    private func addMapRun() async throws {
        try await database.sql(
            """
            insert into stepwell.map_runs (bucket, id, execution, step, machine, label, item_total, next_item, next_child)
            select e.bucket, '\(Self.mapRun)', e.id, 0, 1, 'Each', \(items), \(items), \(items)
            from stepwell.find_execution('\(Self.machine):map') e
            """
        )
        try await database.sql(
            """
            insert into stepwell.executions (bucket, id, machine, revision, name, status, input, error, cause, started_at,
                stopped_at, last_event, map_run, map_index, map_items, map_label)
            select stepwell.bucket_of('\(Self.machine)/Each', 'c-' || i, s.buckets), \(Self.id(at: "now()")), 1, 1, 'c-' || i,
                case when i % 1000 = 7 then 'FAILED' else 'SUCCEEDED' end, '{}',
                case when i % 1000 = 7 then 'Shop.Closed' end, case when i % 1000 = 7 then 'no parcel' end, now(), now(), 3,
                '\(Self.mapRun)', i, 1, 'Each'
            from generate_series(0, \(items - 1)) i, stepwell.settings s
            """
        )
        try await database.sql(
            """
            insert into stepwell.map_run_shards (bucket, run, started, succeeded, failed, items_started, items_succeeded,
                items_failed)
            select e.bucket, e.map_run, count(*), count(*) filter (where e.status = 'SUCCEEDED'),
                count(*) filter (where e.status = 'FAILED'), count(*), count(*) filter (where e.status = 'SUCCEEDED'),
                count(*) filter (where e.status = 'FAILED')
            from stepwell.executions e
            where e.map_run is not null
            group by e.bucket, e.map_run
            """
        )
    }

    private func fill(_ count: Int, _ statement: (Int, Int) -> String) async throws {
        var next = 1
        while next <= count {
            let last = min(count, next + Self.page - 1)
            try await database.sql(statement(next, last))
            next = last + 1
        }
    }
}
