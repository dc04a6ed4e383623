/// SQL written by hand for nothing but these benches: what PostgreSQL can do when no engine stands between.
enum LimitSchema {
    static let statements = [
        "create schema limits",
        // What remains when everything but the bare need is left out: a row per execution that is leased once and moved
        // on, and its history, one row per step with the events packed. Nobody checks who writes.
        """
        create table limits.work (
            id uuid primary key, state text not null, status "char" not null, input json, output json, worker uuid,
            lease_until timestamptz
        ) with (fillfactor = 50)
        """,
        "create table limits.events (id uuid, first_event int, at timestamptz, events json, primary key (id, first_event))",
        """
        create function limits.bare_start(p_id uuid[], p_input json[]) returns void language sql as $$
            insert into limits.work (id, state, status, input) select i, 'Order', 'r', v from unnest(p_id, p_input) as u (i, v)
        $$
        """,
        """
        create function limits.bare_claim(p_id uuid[], p_worker uuid) returns void language sql as $$
            update limits.work w set status = 'l', worker = p_worker, lease_until = now() + interval '10 s'
            from unnest(p_id) as u (i) where w.id = u.i
        $$
        """,
        """
        create function limits.bare_step(p_id uuid[], p_first int, p_events json[], p_state text, p_input json)
        returns void language plpgsql set enable_hashjoin = off set enable_mergejoin = off as $$
        begin
            update limits.work w
            set state = p_state, input = p_input, status = case when p_state is null then 'd'::"char" else w.status end
            from unnest(p_id) as u (i) where w.id = u.i;
            insert into limits.events select i, p_first, now(), e from unnest(p_id, p_events) as u (i, e);
        end $$
        """,
        // The rows that Stepwell writes, in Stepwell's own tables and with its fences and locks.
        """
        create function limits.start(p_bucket int, p_machine int, p_id uuid[], p_name text[], p_input json[])
        returns void language plpgsql as $$
        begin
            insert into stepwell.executions (bucket, id, machine, revision, name, input, started_at)
            select p_bucket, i, p_machine, 1, n, v, now() from unnest(p_id, p_name, p_input) as u (i, n, v);
            insert into stepwell.steps (bucket, execution, id, machine, revision, name, status, function, next_function,
                run_at, phase, state, input)
            select p_bucket, i, 0, p_machine, 1, n, 'r', 'order', 'order', now(), 'fresh', 'Order', v
            from unnest(p_id, p_name, p_input) as u (i, n, v);
        end $$
        """,
        // Rows are found one by one and written by their addresses, so that no plan depends on statistics.
        """
        create function limits.rows(p_bucket int, p_id uuid[], p_fence bigint, p_worker uuid) returns tid[]
        language plpgsql set enable_seqscan = off set enable_bitmapscan = off as $$
        begin
            return array(
                select s.row_id from unnest(p_id) as u (i)
                cross join lateral (
                    select s.ctid as row_id from stepwell.steps s
                    where s.bucket = p_bucket and s.execution = u.i and s.id = 0 and s.fence = p_fence
                      and (p_fence = 0 or (s.status = 'l' and s.worker = p_worker))
                    limit 1 for update
                ) s);
        end $$
        """,
        """
        create function limits.claim(p_bucket int, p_id uuid[], p_worker uuid) returns void
        language plpgsql \(onlyByAddress) as $$
        declare
            v_rows tid[] := limits.rows(p_bucket, p_id, 0, p_worker);
        begin
            insert into stepwell.claims (bucket, look_at, worker, executions, steps)
            select p_bucket, date_bin('1 s', now() + interval '10 s', 'epoch'), p_worker, p_id[i:i + 63],
                array_fill(0::bigint, array[cardinality(p_id[i:i + 63])])
            from generate_series(1, cardinality(p_id), 64) as i;
            update stepwell.steps s
            set status = 'l', fence = s.fence + 1, worker = p_worker, lease_until = now() + interval '10 s'
            where s.bucket = p_bucket and s.ctid = any (v_rows);
        end $$
        """,
        """
        create function limits.step(p_bucket int, p_worker uuid, p_id uuid[], p_fence bigint, p_first int, p_count int,
            p_events json[], p_state text, p_input json) returns void
        language plpgsql \(onlyByAddress) as $$
        declare
            v_rows tid[] := limits.rows(p_bucket, p_id, p_fence, p_worker);
        begin
            insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
            select p_bucket, i, p_first, p_first + p_count - 1, now(), 0, e from unnest(p_id, p_events) as u (i, e);
            update stepwell.steps s
            set events = s.events + p_count, fence = s.fence + 1, applied = s.fence,
                lease_until = now() + interval '10 s', next_function = p_state, phase = 'invoking', state = p_state,
                entered_at = now(), entry = s.entry + 1,
                last_event = p_first + p_count - 1, entered_event = p_first + 2, scheduled_event = p_first + 3,
                input = p_input
            where s.bucket = p_bucket and s.ctid = any (v_rows);
        end $$
        """,
        """
        create function limits.ends(p_bucket int, p_id uuid[]) returns tid[]
        language plpgsql set enable_seqscan = off set enable_bitmapscan = off as $$
        begin
            return array(
                select e.row_id from unnest(p_id) as u (i)
                cross join lateral (
                    select e.ctid as row_id from stepwell.executions e
                    where e.bucket = p_bucket and e.id = u.i limit 1
                ) e);
        end $$
        """,
        """
        create function limits.finish(p_bucket int, p_worker uuid, p_id uuid[], p_fence bigint, p_first int, p_count int,
            p_events json[], p_output json) returns void
        language plpgsql \(onlyByAddress) as $$
        declare
            v_rows tid[] := limits.rows(p_bucket, p_id, p_fence, p_worker);
            v_ends tid[] := limits.ends(p_bucket, p_id);
        begin
            insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
            select p_bucket, i, p_first, p_first + p_count - 1, now(), 0, e from unnest(p_id, p_events) as u (i, e);
            delete from stepwell.steps s where s.bucket = p_bucket and s.ctid = any (v_rows);
            update stepwell.executions e
            set status = 'SUCCEEDED', output = p_output, stopped_at = now(), last_event = p_first + p_count - 1
            where e.bucket = p_bucket and e.ctid = any (v_ends);
        end $$
        """,
    ]

    private static let onlyByAddress = "set enable_seqscan = off set enable_indexscan = off set enable_bitmapscan = off"
}
