-- A claim changes no index.
--
-- A step that is claimed stays where it is in the index of those to claim, and is passed over there: its row is written
-- beside the old one, and no index hears of it. Until now a claim wrote an entry into two indexes for each step and left a
-- dead one in a third, for a lease that as a rule ends within milliseconds. What has to be looked at should the worker be
-- lost is one small row for dozens of steps. Steps whose lease is extended, and those that are still leased when their first
-- lease is about to end, are listed by when they are to be looked at, as all were before.

-- Whoever is in the middle of something finishes it first.
lock table stepwell.steps in access exclusive mode;

-- When a step is to be looked at (wake_at) also says in which index it stands: among those to claim as long as it is null,
-- which it is for ready steps and those that were claimed a short while ago. What waits for an answer or for branches, and
-- need not be looked at before, is to be looked at never: at 'infinity'.
update stepwell.steps s set wake_at = 'infinity' where s.status in ('w', 'j') and s.wake_at is null;

drop index stepwell.steps_ready;
drop index stepwell.steps_waiting;
drop index stepwell.steps_wake;
create index steps_ready on stepwell.steps (bucket, function, run_at) where wake_at is null;
create index steps_waiting on stepwell.steps (bucket, function, run_at) where wake_at is not null;
create index steps_wake on stepwell.steps (bucket, wake_at) where wake_at < 'infinity';
-- What a claim writes is a little longer than what a start wrote, and should find room beside it.
alter table stepwell.steps set (fillfactor = 40);

-- Steps that were claimed together, until somebody has looked which of them are still leased.
create table stepwell.claims (
    bucket     int         not null,
    -- A little before their leases end, unless they are extended.
    look_at    timestamptz not null,
    id         uuid        not null default gen_random_uuid(),
    worker     uuid        not null,
    executions uuid[]      not null,
    steps      bigint[]    not null,
    primary key (bucket, look_at, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0,
        vacuum_truncate = off);

-- As before, but what is claimed stays in the index, and a row of `claims` says when to look at it.
create or replace function stepwell.claim(
    p_bucket int,
    p_functions text[],
    p_limit int,
    p_worker uuid,
    p_lease interval,
    p_from timestamptz
) returns setof stepwell.steps
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
-- The rows that have just been locked are found by their addresses, not by scanning the bucket for them.
set random_page_cost = 0
as $$
declare
    v_rows tid[];
    v_executions uuid[];
    v_steps bigint[];
    -- Claims of about the same time are looked at together.
    v_grain interval := greatest(least(p_lease / 10, interval '1 second'), interval '1 millisecond');
begin
    select array_agg(c.row_id), array_agg(c.execution), array_agg(c.id)
    into v_rows, v_executions, v_steps
    from (
        select d.row_id, d.execution, d.id
        from unnest(p_functions) as f (name)
        cross join lateral (
            select r.ctid as row_id, r.execution, r.id
            from stepwell.steps r
            where r.bucket = p_bucket and r.function = f.name and r.wake_at is null and stepwell.is_due(r.status, r.run_at)
              and r.run_at >= greatest(p_from, (
                select m.since from stepwell.low_water m
                where m.bucket = p_bucket and m.kind = 'r' and m.function = f.name
                  and m.looked_at > now() - interval '1 minute'))
            order by r.run_at
            limit p_limit
            for update of r skip locked
        ) d
        limit p_limit
    ) c;
    if v_rows is null then
        return;
    end if;
    -- As many as fit into a row that is not cut up.
    insert into stepwell.claims (bucket, look_at, worker, executions, steps)
    select p_bucket, date_bin(v_grain, now() + p_lease, 'epoch'), p_worker, v_executions[i:i + 63], v_steps[i:i + 63]
    from generate_series(1, cardinality(v_rows), 64) as i;
    return query
    update stepwell.steps s
    set status = 'l',
        fence = s.fence + 1,
        worker = p_worker,
        lease_until = now() + p_lease
    where s.bucket = p_bucket and s.ctid = any (v_rows)
    returning s.*;
end $$;

-- Lists those steps of these claims that are still leased by when their leases end, and deletes the claims. Where a step is
-- locked somebody writes it, and may give up: then these claims are looked at again in a second.
create function stepwell.list_leases(p_bucket int, p_claims tid[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
-- Rows that have been locked are found by their addresses, not by scanning the bucket for them.
set random_page_cost = 0
as $$
declare
    v_leased int;
    v_locked int;
    v_rows tid[];
begin
    -- By their key: a condition that another index meets as well would let that one be read.
    select count(*), count(l.row_id), array_agg(l.row_id) filter (where l.wake_at is null and l.status = 'l')
    into v_leased, v_locked, v_rows
    from (
        select s.execution, s.id
        from stepwell.claims c
        cross join lateral unnest(c.executions, c.steps) as i (execution, step)
        cross join lateral (
            select s.execution, s.id, s.wake_at, s.status from stepwell.steps s
            where s.bucket = p_bucket and s.execution = i.execution and s.id = i.step
            limit 1
        ) s
        where c.bucket = p_bucket and c.ctid = any (p_claims) and s.wake_at is null and s.status = 'l'
        group by s.execution, s.id
    ) i
    left join lateral (
        select s.ctid as row_id, s.wake_at, s.status from stepwell.steps s
        where s.bucket = p_bucket and s.execution = i.execution and s.id = i.id
        limit 1
        for update skip locked
    ) l on true;
    if v_rows is not null then
        update stepwell.steps s
        set wake_at = s.lease_until
        where s.bucket = p_bucket and s.ctid = any (v_rows);
    end if;
    if v_leased > v_locked then
        update stepwell.claims c set look_at = now() + interval '1 second'
        where c.bucket = p_bucket and c.ctid = any (p_claims);
    else
        delete from stepwell.claims c where c.bucket = p_bucket and c.ctid = any (p_claims);
    end if;
end $$;

-- As before; first, of claims that are to be looked at, what is still leased is listed.
create or replace function stepwell.sweep(p_bucket int, p_limit int) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_claims tid[];
    v_step stepwell.steps;
    v_count int := 0;
begin
    select array_agg(c.row_id) into v_claims
    from (
        select c.ctid as row_id from stepwell.claims c
        where c.bucket = p_bucket and c.look_at <= now()
          and c.look_at >= coalesce((
            select m.since from stepwell.low_water m
            where m.bucket = p_bucket and m.kind = 'c' and m.function = ''
              and m.looked_at > now() - interval '1 minute'), '-infinity')
        order by c.look_at
        limit p_limit
        for update of c skip locked
    ) c;
    if v_claims is not null then
        perform stepwell.list_leases(p_bucket, v_claims);
    end if;
    for v_step in
        select * from stepwell.steps s
        where s.bucket = p_bucket and s.wake_at < 'infinity' and s.wake_at <= now()
          and s.wake_at >= coalesce((
            select m.since from stepwell.low_water m
            where m.bucket = p_bucket and m.kind = 'w' and m.function = ''
              and m.looked_at > now() - interval '1 minute'), '-infinity')
        order by s.wake_at
        limit p_limit
        for update of s skip locked
    loop
        v_count := v_count + 1;
        if stepwell.take_answer(v_step) then
            null;
        elsif stepwell.lease_is_over(v_step.status, v_step.lease_until) then
            perform stepwell.lose_lease(v_step);
        elsif v_step.status = 'l' then
            update stepwell.steps s set wake_at = v_step.lease_until
            where s.bucket = p_bucket and s.execution = v_step.execution and s.id = v_step.id;
        elsif v_step.status = 'w' then
            perform stepwell.look_at_wait(v_step);
        end if;
    end loop;
    return case when cardinality(v_claims) >= p_limit then p_limit else v_count end;
end $$;

-- As before, with what the worker claimed last.
create or replace function stepwell.release_worker(p_bucket int, p_worker uuid) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_claims tid[];
    v_step stepwell.steps;
    v_count int := 0;
begin
    select array_agg(c.row_id) into v_claims
    from (
        select c.ctid as row_id from stepwell.claims c
        where c.bucket = p_bucket and c.worker = p_worker
        for update of c skip locked
    ) c;
    if v_claims is not null then
        perform stepwell.list_leases(p_bucket, v_claims);
    end if;
    for v_step in
        select * from stepwell.steps s
        where s.bucket = p_bucket and s.wake_at < 'infinity' and s.status = 'l' and s.worker = p_worker
        order by s.execution, s.id
        for update skip locked
    loop
        perform stepwell.lose_lease(v_step);
        v_count := v_count + 1;
    end loop;
    return v_count;
end $$;

-- As before; a step that is leased for longer is listed, so that claims need not pass it over any more.
create or replace function stepwell.extend(
    p_bucket int, p_lease interval, p_execution uuid[], p_step bigint[], p_fence bigint[]
) returns setof int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
begin
    perform 1 from stepwell.steps s
    join unnest(p_execution, p_step) as i (execution, step)
        on s.bucket = p_bucket and s.execution = i.execution and s.id = i.step
    order by s.id > 0, s.execution, s.id
    for update of s;
    return query
    update stepwell.steps s
    set lease_until = now() + p_lease, wake_at = coalesce(s.wake_at, now() + p_lease)
    from unnest(p_execution, p_step, p_fence) with ordinality as i (execution, step, fence, ord)
    where s.bucket = p_bucket and s.execution = i.execution and s.id = i.step and s.fence = i.fence and s.status = 'l'
    returning i.ord::int;
end $$;

-- As before, but for what is passed over, and with claims that are to be looked at.
create or replace function stepwell.probe(
    p_bucket int,
    p_functions text[]
) returns table (o_now timestamptz, o_ready timestamptz, o_wake timestamptz, o_outbox timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_step timestamptz;
    v_claim timestamptz;
begin
    o_now := now();
    select min(r.run_at) into o_ready
    from unnest(p_functions) as f (name)
    cross join lateral (
        select s.run_at from stepwell.steps s
        where s.bucket = p_bucket and s.function = f.name and s.wake_at is null and s.status = 'r'
          and s.run_at >= coalesce((
            select m.since from stepwell.low_water m
            where m.bucket = p_bucket and m.kind = 'r' and m.function = f.name
              and m.looked_at > now() - interval '1 minute'), '-infinity')
        order by s.run_at
        limit 1
    ) r;
    select s.wake_at into v_step from stepwell.steps s
    where s.bucket = p_bucket and s.wake_at < 'infinity'
      and s.wake_at >= coalesce((
        select m.since from stepwell.low_water m
        where m.bucket = p_bucket and m.kind = 'w' and m.function = ''
          and m.looked_at > now() - interval '1 minute'), '-infinity')
    order by s.wake_at
    limit 1;
    select c.look_at into v_claim from stepwell.claims c
    where c.bucket = p_bucket
      and c.look_at >= coalesce((
        select m.since from stepwell.low_water m
        where m.bucket = p_bucket and m.kind = 'c' and m.function = ''
          and m.looked_at > now() - interval '1 minute'), '-infinity')
    order by c.look_at
    limit 1;
    o_wake := least(v_step, v_claim);
    select o.run_at into o_outbox from stepwell.outbox o
    where o.bucket = p_bucket
      and o.run_at >= coalesce((
        select m.since from stepwell.low_water m
        where m.bucket = p_bucket and m.kind = 'o' and m.function = ''
          and m.looked_at > now() - interval '1 minute'), '-infinity')
    order by o.run_at
    limit 1;
    return next;
end $$;

-- As before, with claims (c).
create or replace function stepwell.raise_low_water(
    p_bucket int, p_functions text[], p_slow interval default '2 ms'
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_look record;
    v_begin timestamptz;
    v_took interval;
    v_first timestamptz;
begin
    for v_look in
        select l.kind, l.function, m.since
        from (
            select 'r'::"char", f.name from unnest(p_functions) as f (name)
            union all values ('w'::"char", ''), ('o'::"char", ''), ('c'::"char", '')
        ) as l (kind, function)
        left join stepwell.low_water m on m.bucket = p_bucket and m.kind = l.kind and m.function = l.function
        -- A clock that was set back makes every mark a matter of now.
        where m.looked_at is null or m.looked_at > now()
           or m.looked_at < now() - least(greatest(interval '5 s', m.took * 50), interval '25 s')
        -- All workers lock marks in the same order.
        order by l.kind, l.function
    loop
        -- Once more if it was slow: perhaps something else had the processor.
        for v_attempt in 1..2 loop
            v_begin := clock_timestamp();
            v_first := null;
            case v_look.kind
                when 'r' then
                    select s.run_at into v_first from stepwell.steps s
                    where s.bucket = p_bucket and s.function = v_look.function and s.wake_at is null and s.status = 'r'
                    order by s.run_at limit 1;
                when 'w' then
                    select s.wake_at into v_first from stepwell.steps s
                    where s.bucket = p_bucket and s.wake_at < 'infinity'
                    order by s.wake_at limit 1;
                when 'c' then
                    select c.look_at into v_first from stepwell.claims c
                    where c.bucket = p_bucket
                    order by c.look_at limit 1;
                else
                    select o.run_at into v_first from stepwell.outbox o
                    where o.bucket = p_bucket
                    order by o.run_at limit 1;
            end case;
            v_took := clock_timestamp() - v_begin;
            exit when v_took < p_slow;
        end loop;
        if v_took >= p_slow then
            insert into stepwell.low_water as m (bucket, kind, function, since, took)
            values (p_bucket, v_look.kind, v_look.function,
                least(v_first, now() - interval '5 s'), v_took)
            on conflict (bucket, kind, function)
            do update set since = excluded.since, looked_at = excluded.looked_at, took = excluded.took;
        elsif v_look.since is not null then
            delete from stepwell.low_water m
            where m.bucket = p_bucket and m.kind = v_look.kind and m.function = v_look.function;
        end if;
    end loop;
    -- Marks of functions that nobody offers any more.
    delete from stepwell.low_water m where m.bucket = p_bucket and m.looked_at < now() - interval '1 hour';
end $$;

-- As before; what waits is looked at, if only in eternity.
create or replace function stepwell.write_steps(
    p_bucket int, p_lease interval, p_row tid[], p_execution uuid[], p_step bigint[], p_first int[], p_event_count int[],
    p_fence bigint[],
    p_action "char"[], p_phase text[], p_state text[], p_function text[], p_run_at timestamptz[],
    p_wake_at timestamptz[], p_entered_at timestamptz[], p_entry int[], p_retry_count int[], p_retrier_uses text[],
    p_deadline timestamptz[], p_heartbeat int[], p_last_event int[], p_entered_event int[], p_scheduled_event int[],
    p_input json[], p_input_id uuid[], p_task_input json[], p_task_input_id uuid[], p_variables json[],
    p_variables_id uuid[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_indexscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_count int;
begin
    update stepwell.steps s
    set fence = i.fence + 1,
        applied = i.fence,
        events = case when s.id = 0 then i.first + i.count - 1 else s.events end,
        status = case i.action when 'k' then 'l'::"char" when 'r' then 'r' when 'w' then 'w' else 'j' end,
        function = case i.action when 'k' then s.function else i.function end,
        run_at = case i.action when 'r' then i.run_at else s.run_at end,
        wake_at = case i.action when 'k' then s.wake_at when 'w' then coalesce(i.wake_at, 'infinity') when 'f' then 'infinity' end,
        lease_until = case i.action when 'k' then now() + p_lease end,
        next_function = i.function,
        suspect = false,
        started = false,
        losses = 0,
        phase = i.phase,
        state = i.state,
        entered_at = i.entered_at,
        entry = i.entry,
        retry_count = i.retry_count,
        retrier_uses = i.retrier_uses::int[],
        deadline = i.deadline,
        heartbeat = i.heartbeat,
        last_event = case when i.last_event < 0 then i.first - i.last_event - 1 else i.last_event end,
        entered_event = case when i.entered < 0 then i.first - i.entered - 1 else i.entered end,
        scheduled_event = case when i.scheduled < 0 then i.first - i.scheduled - 1 else i.scheduled end,
        fork = null,
        item_count = null,
        remaining = null,
        next_item = null,
        child_state = null,
        child_function = null,
        outcome = null,
        error = null,
        cause = null,
        outcome_value = null,
        outcome_id = null,
        input = i.input,
        input_id = i.input_id,
        task_input = i.task_input,
        task_input_id = i.task_input_id,
        variables = i.variables,
        variables_id = i.variables_id
    from (
        select * from unnest(p_row, p_execution, p_step, p_first, p_event_count, p_fence, p_action, p_phase, p_state,
            p_function, p_run_at, p_wake_at, p_entered_at, p_entry, p_retry_count, p_retrier_uses, p_deadline, p_heartbeat, p_last_event,
            p_entered_event, p_scheduled_event, p_input, p_input_id, p_task_input, p_task_input_id, p_variables,
            p_variables_id)
            as i (row_id, execution, step, first, count, fence, action, phase, state, function, run_at, wake_at, entered_at,
                entry, retry_count, retrier_uses, deadline, heartbeat, last_event, entered, scheduled, input, input_id,
                task_input, task_input_id, variables, variables_id)
        where i.row_id is not null
        -- Whoever locks several steps does it in this order.
        order by i.execution, i.step
    ) i
    where s.bucket = p_bucket and s.ctid = i.row_id and s.execution = i.execution and s.id = i.step
      and s.fence = i.fence and s.status = 'l' and (s.id <> 0 or s.events = i.first - 1);
    get diagnostics v_count = row_count;
    perform stepwell.require_written(v_count, p_row);
end $$;

-- As before; what waits is looked at, if only in eternity.
create or replace function stepwell.advance_roots(
    p_bucket int, p_lease interval, p_execution uuid[], p_first int[], p_event_count int[], p_events json[],
    p_at timestamptz[], p_move uuid[], p_move_from int[], p_move_to int[], p_move_fence bigint[], p_action "char"[],
    p_phase text[], p_state text[], p_function text[], p_run_at timestamptz[], p_wake_at timestamptz[],
    p_entered_at timestamptz[], p_entry int[], p_retry_count int[], p_retrier_uses text[], p_deadline timestamptz[],
    p_heartbeat int[], p_last_event int[], p_entered_event int[], p_scheduled_event int[], p_input json[],
    p_input_id uuid[], p_task_input json[], p_task_input_id uuid[], p_variables json[], p_variables_id uuid[],
    p_end uuid[], p_end_from int[], p_end_to int[], p_end_fence bigint[], p_status text[], p_output json[],
    p_output_id uuid[], p_error text[], p_cause text[], p_payload_execution uuid[], p_payload_id uuid[],
    p_payload json[]
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_indexscan = on
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_setting text;
    v_count int;
    -- Where rows are.
    v_step tid[];
    v_row tid[];
    -- Those that have other steps beside their root, and how many these are.
    v_timed uuid[];
    v_timers int;
    v_has_parents boolean;
    v_children uuid[];
begin
    -- Rows are found one by one and written by their addresses: no plan depends on statistics. What was read is checked
    -- where it is written. Elements are fetched by their places: to make rows of many arrays costs more than all the rest.
    if cardinality(p_move) > 0 then
        select array_agg(s.row_id) into v_step
        from unnest(p_move) as i (execution)
        cross join lateral (
            select s.ctid as row_id from stepwell.steps s
            where s.bucket = p_bucket and s.execution = i.execution and s.id = 0
            limit 1
        ) s;
        v_setting := set_config('enable_indexscan', 'off', true);
        update stepwell.steps s
        set fence = s.fence + 1,
            applied = s.fence,
            events = p_move_to[i.n::int],
            status = case p_action[i.n::int] when 'k' then 'l'::"char" when 'r' then 'r' else 'w' end,
            function = case p_action[i.n::int] when 'k' then s.function else p_function[i.n::int] end,
            run_at = case p_action[i.n::int] when 'r' then p_run_at[i.n::int] else s.run_at end,
            wake_at = case p_action[i.n::int]
                when 'k' then s.wake_at when 'w' then coalesce(p_wake_at[i.n::int], 'infinity') end,
            lease_until = case p_action[i.n::int] when 'k' then now() + p_lease end,
            next_function = p_function[i.n::int],
            suspect = false,
            started = false,
            losses = 0,
            phase = p_phase[i.n::int],
            state = p_state[i.n::int],
            entered_at = p_entered_at[i.n::int],
            entry = p_entry[i.n::int],
            retry_count = p_retry_count[i.n::int],
            retrier_uses = p_retrier_uses[i.n::int]::int[],
            deadline = p_deadline[i.n::int],
            heartbeat = p_heartbeat[i.n::int],
            last_event = p_last_event[i.n::int],
            entered_event = p_entered_event[i.n::int],
            scheduled_event = p_scheduled_event[i.n::int],
            outcome = null,
            error = null,
            cause = null,
            outcome_value = null,
            outcome_id = null,
            input = p_input[i.n::int],
            input_id = p_input_id[i.n::int],
            task_input = p_task_input[i.n::int],
            task_input_id = p_task_input_id[i.n::int],
            variables = p_variables[i.n::int],
            variables_id = p_variables_id[i.n::int]
        from unnest(v_step) with ordinality as i (row_id, n)
        where s.bucket = p_bucket and s.ctid = i.row_id and s.execution = p_move[i.n::int] and s.id = 0
          and s.events = p_move_from[i.n::int]
          and s.fence = p_move_fence[i.n::int] and s.status = 'l' and s.fork is null;
        get diagnostics v_count = row_count;
        if v_count < cardinality(p_move) then
            raise serialization_failure;
        end if;
        v_setting := set_config('enable_indexscan', 'on', true);
    end if;

    if cardinality(p_end) > 0 then
        select array_agg(s.row_id), array_agg(e.row_id),
            array_agg(i.execution) filter (where t.timers > 0), sum(t.timers),
            bool_or(e.parent_execution is not null), array_agg(i.execution) filter (where e.map_run is not null)
        into v_step, v_row, v_timed, v_timers, v_has_parents, v_children
        from unnest(p_end) as i (execution)
        cross join lateral (
            select s.ctid as row_id from stepwell.steps s
            where s.bucket = p_bucket and s.execution = i.execution and s.id = 0
            limit 1
        ) s
        cross join lateral (
            select e.ctid as row_id, e.parent_execution, e.map_run from stepwell.executions e
            where e.bucket = p_bucket and e.id = i.execution
            limit 1
        ) e
        cross join lateral (
            select count(*)::int as timers from stepwell.steps s
            where s.bucket = p_bucket and s.execution = i.execution and s.id > 0
        ) t;
        v_setting := set_config('enable_indexscan', 'off', true);
        delete from stepwell.steps s
        using unnest(v_step) with ordinality as i (row_id, n)
        where s.bucket = p_bucket and s.ctid = i.row_id and s.execution = p_end[i.n::int] and s.id = 0
          and s.events = p_end_from[i.n::int]
          and s.fence = p_end_fence[i.n::int] and s.status = 'l' and s.fork is null and s.phase <> 'mapping';
        get diagnostics v_count = row_count;
        if v_count < cardinality(p_end) then
            raise serialization_failure;
        end if;
        update stepwell.executions e
        set status = p_status[i.n::int],
            output = p_output[i.n::int],
            output_id = p_output_id[i.n::int],
            error = p_error[i.n::int],
            cause = p_cause[i.n::int],
            stopped_at = now(),
            last_event = p_end_to[i.n::int]
        from unnest(v_row) with ordinality as i (row_id, n)
        where e.bucket = p_bucket and e.ctid = i.row_id and e.id = p_end[i.n::int];
        get diagnostics v_count = row_count;
        if v_count < cardinality(p_end) then
            raise serialization_failure;
        end if;
        v_setting := set_config('enable_indexscan', 'on', true);
        if v_timers > 0 then
            -- The execution's time limit, which nobody waits for any more.
            delete from stepwell.steps s
            where s.bucket = p_bucket and s.execution = any (v_timed) and s.id = 1 and s.status <> 'l';
            get diagnostics v_count = row_count;
            if v_count < v_timers then
                raise serialization_failure;
            end if;
        end if;
        if v_children is not null then
            perform stepwell.count_map_run_children(p_bucket, v_children);
        end if;
        if v_has_parents then
            insert into stepwell.outbox (bucket, id, kind, message)
            select p_bucket, e.id, 'result', json_build_object('bucket', e.parent_bucket, 'execution', e.parent_execution,
                'step', e.parent_step, 'event', e.parent_event)
            from stepwell.executions e
            where e.bucket = p_bucket and e.id = any (p_end) and e.parent_execution is not null
            on conflict do nothing;
        end if;
    end if;

    if cardinality(p_payload_id) > 0 then
        insert into stepwell.payloads (bucket, execution, id, value)
        select p_bucket, p.execution, p.id, p.value
        from unnest(p_payload_execution, p_payload_id, p_payload) as p (execution, id, value)
        on conflict do nothing;
    end if;
    insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
    select p_bucket, i.execution, p_first[i.n::int], p_first[i.n::int] + p_event_count[i.n::int] - 1, p_at[i.n::int], 0,
        p_events[i.n::int]
    from unnest(p_execution) with ordinality as i (execution, n);
    return true;
exception when serialization_failure then
    return false;
end $$;

-- As before; what waits is looked at, if only in eternity.
create or replace function stepwell.advance_root(
    p_bucket int, p_lease interval, p_execution uuid, p_first int, p_event_count int, p_events json, p_at timestamptz,
    p_fence bigint, p_action "char", p_phase text, p_state text, p_function text, p_run_at timestamptz,
    p_wake_at timestamptz, p_entered_at timestamptz, p_entry int, p_retry_count int, p_retrier_uses text,
    p_deadline timestamptz, p_heartbeat int, p_last_event int, p_entered_event int, p_scheduled_event int,
    p_input json, p_input_id uuid, p_task_input json, p_task_input_id uuid, p_variables json, p_variables_id uuid,
    p_status text, p_output json, p_output_id uuid, p_error text, p_cause text, p_payload_id uuid[], p_payload json[]
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    -- How many other steps the execution has.
    v_timers int;
    v_timers_deleted int;
    v_has_parent boolean;
    v_is_child boolean;
begin
    if p_action <> 'e' then
        update stepwell.steps s
        set fence = s.fence + 1,
            applied = s.fence,
            events = p_first + p_event_count - 1,
            status = case p_action when 'k' then 'l'::"char" when 'r' then 'r' else 'w' end,
            function = case p_action when 'k' then s.function else p_function end,
            run_at = case p_action when 'r' then p_run_at else s.run_at end,
            wake_at = case p_action when 'k' then s.wake_at when 'w' then coalesce(p_wake_at, 'infinity') end,
            lease_until = case p_action when 'k' then now() + p_lease end,
            next_function = p_function,
            suspect = false,
            started = false,
            losses = 0,
            phase = p_phase,
            state = p_state,
            entered_at = p_entered_at,
            entry = p_entry,
            retry_count = p_retry_count,
            retrier_uses = p_retrier_uses::int[],
            deadline = p_deadline,
            heartbeat = p_heartbeat,
            last_event = p_last_event,
            entered_event = p_entered_event,
            scheduled_event = p_scheduled_event,
            outcome = null,
            error = null,
            cause = null,
            outcome_value = null,
            outcome_id = null,
            input = p_input,
            input_id = p_input_id,
            task_input = p_task_input,
            task_input_id = p_task_input_id,
            variables = p_variables,
            variables_id = p_variables_id
        where s.bucket = p_bucket and s.execution = p_execution and s.id = 0 and s.events = p_first - 1
          and s.fence = p_fence and s.status = 'l' and s.fork is null;
        if not found then
            raise serialization_failure;
        end if;
    else
        delete from stepwell.steps s
        where s.bucket = p_bucket and s.execution = p_execution and s.id = 0 and s.events = p_first - 1
          and s.fence = p_fence and s.status = 'l' and s.fork is null and s.phase <> 'mapping'
        returning (
            select count(*) from stepwell.steps o
            where o.bucket = p_bucket and o.execution = p_execution and o.id > 0
        ) into v_timers;
        if not found then
            raise serialization_failure;
        end if;
        if v_timers > 0 then
            -- The execution's time limit, which nobody waits for any more.
            delete from stepwell.steps s
            where s.bucket = p_bucket and s.execution = p_execution and s.id = 1 and s.status <> 'l';
            get diagnostics v_timers_deleted = row_count;
            if v_timers_deleted < v_timers then
                raise serialization_failure;
            end if;
        end if;
        update stepwell.executions e
        set status = p_status,
            output = p_output,
            output_id = p_output_id,
            error = p_error,
            cause = p_cause,
            stopped_at = now(),
            last_event = p_first + p_event_count - 1
        where e.bucket = p_bucket and e.id = p_execution
        returning e.parent_execution is not null, e.map_run is not null into v_has_parent, v_is_child;
        if not found then
            raise serialization_failure;
        end if;
        if v_is_child then
            perform stepwell.count_map_run_children(p_bucket, array[p_execution]);
        end if;
        if v_has_parent then
            insert into stepwell.outbox (bucket, id, kind, message)
            select p_bucket, e.id, 'result', json_build_object('bucket', e.parent_bucket, 'execution', e.parent_execution,
                'step', e.parent_step, 'event', e.parent_event)
            from stepwell.executions e
            where e.bucket = p_bucket and e.id = p_execution
            on conflict do nothing;
        end if;
    end if;
    if cardinality(p_payload_id) > 0 then
        insert into stepwell.payloads (bucket, execution, id, value)
        select p_bucket, p_execution, p.id, p.value
        from unnest(p_payload_id, p_payload) as p (id, value)
        on conflict do nothing;
    end if;
    insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
    values (p_bucket, p_execution, p_first, p_first + p_event_count - 1, p_at, 0, p_events);
    return true;
exception when serialization_failure then
    return false;
end $$;

-- As before; what has been joined is to be claimed.
create or replace function stepwell.end_branches(
    p_bucket int, p_execution uuid[], p_step bigint[], p_parent bigint[], p_first int[], p_last_event int[],
    p_output json[], p_output_id uuid[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    -- One element per parent: how many of its children ended, and the last event of the one that ended last.
    v_execution uuid[];
    v_parent bigint[];
    v_children int[];
    v_last_event int[];
begin
    insert into stepwell.results (bucket, execution, id, output, output_id)
    select p_bucket, i.execution, i.step, i.output, i.output_id
    from unnest(p_execution, p_step, p_first, p_output, p_output_id) as i (execution, step, first, output, output_id)
    where i.first is not null;

    delete from stepwell.steps s
    using unnest(p_execution, p_step, p_first) as i (execution, step, first)
    where s.bucket = p_bucket and s.execution = i.execution and s.id = i.step and i.first is not null;

    select array_agg(e.execution), array_agg(e.parent), array_agg(e.children), array_agg(e.last_event)
    into v_execution, v_parent, v_children, v_last_event
    from (
        select i.execution, i.parent, count(*)::int as children,
            (array_agg(case when i.last_event < 0 then i.first - i.last_event - 1 else i.last_event end
                order by i.ord desc))[1] as last_event
        from unnest(p_execution, p_parent, p_first, p_last_event) with ordinality
            as i (execution, parent, first, last_event, ord)
        where i.first is not null
        group by i.execution, i.parent
    ) e;

    insert into stepwell.steps
        (bucket, execution, id, parent, machine, revision, name, status, function, next_function, run_at, phase, state,
         last_event)
    select p_bucket, p.execution, (p.fork::bigint << 32) | n.index, p.id, p.machine, p.revision, p.name, 'r',
        p.child_function, p.child_function, now(), 'fresh', p.child_state, e.last_event
    from unnest(v_execution, v_parent, v_children, v_last_event) as e (execution, parent, children, last_event)
    join stepwell.steps p on p.bucket = p_bucket and p.execution = e.execution and p.id = e.parent
    cross join lateral generate_series(p.next_item, least(p.next_item + e.children, p.item_count) - 1) as n (index);

    update stepwell.steps p
    set remaining = p.remaining - e.children,
        next_item = least(p.next_item + e.children, p.item_count),
        last_event = e.last_event,
        outcome = case when p.remaining = e.children then 'joined' end,
        status = case when p.remaining = e.children then 'r'::"char" else p.status end,
        run_at = case when p.remaining = e.children then now() else p.run_at end,
        wake_at = case when p.remaining = e.children then null else p.wake_at end,
        function = case when p.remaining = e.children then '' else p.function end,
        fence = case when p.remaining = e.children then p.fence + 1 else p.fence end
    from unnest(v_execution, v_parent, v_children, v_last_event) as e (execution, parent, children, last_event)
    where p.bucket = p_bucket and p.execution = e.execution and p.id = e.parent;
end $$;

-- As before; what has been joined is to be claimed.
create or replace function stepwell.fail_fork(
    p_bucket int, p_worker uuid, p_execution uuid, p_parent bigint, p_last_event int, p_error text, p_cause text
) returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_fork int;
    v_forks int[];
    v_next int[];
    v_holders uuid[] := '{}';
    v_deleted uuid[];
    v_mapped bigint[];
    v_failed bigint;
    v_level json[];
    v_aborted json[] := '{}';
    v_branches json;
    v_branches_id uuid;
begin
    select s.fork into v_fork from stepwell.steps s
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_parent;
    v_forks := array[v_fork];
    -- Whose last event it is has failed. A branch that failed before it had any is fresh, and is left out as such.
    select h.step into v_failed from stepwell.history h
    where h.bucket = p_bucket and h.execution = p_execution and h.first_event <= p_last_event
    order by h.first_event desc
    limit 1;
    -- Level by level: the children of a fork are a range of ids, and those that have forked lead to the next level.
    while cardinality(v_forks) > 0 loop
        perform 1 from stepwell.steps s, unnest(v_forks) as f (fork)
        where s.bucket = p_bucket and s.execution = p_execution
          and s.id >= f.fork::bigint << 32 and s.id < (f.fork::bigint + 1) << 32
        order by s.id
        for update of s;
        with gone as (
            delete from stepwell.steps s
            using unnest(v_forks) as f (fork)
            where s.bucket = p_bucket and s.execution = p_execution
              and s.id >= f.fork::bigint << 32 and s.id < (f.fork::bigint + 1) << 32
            returning s.fork, s.worker, s.status, s.phase, s.id, s.state
        )
        select array_agg(g.fork) filter (where g.fork is not null),
            array_agg(distinct g.worker) filter (where g.status = 'l' and g.worker <> p_worker),
            array_agg(g.id) filter (where g.phase = 'mapping'),
            array_agg(json_build_array(g.id & 4294967295, g.state, g.phase = 'entering') order by g.id)
                filter (where g.phase <> 'fresh' and g.id is distinct from v_failed)
        into v_next, v_deleted, v_mapped, v_level
        from gone g;
        if v_mapped is not null then
            perform stepwell.abandon_map_runs(p_bucket, array[p_execution], v_mapped);
        end if;
        perform stepwell.forget_fork(p_bucket, p_execution, f.fork) from unnest(v_forks) as f (fork);
        v_holders := v_holders || coalesce(v_deleted, '{}');
        v_aborted := v_aborted || coalesce(v_level, '{}');
        v_forks := v_next;
    end loop;

    v_branches := json_build_object(
        'i', case when v_failed >> 32 = v_fork then v_failed & 4294967295 end, 'a', to_json(v_aborted));
    if octet_length(v_branches::text) > 1000 then
        v_branches_id := gen_random_uuid();
        insert into stepwell.payloads (bucket, execution, id, value)
        values (p_bucket, p_execution, v_branches_id, v_branches);
        v_branches := null;
    end if;
    update stepwell.steps s
    set status = 'r', run_at = now(), wake_at = null, function = '', fence = s.fence + 1, fork = null, remaining = null,
        item_count = null, next_item = null, last_event = p_last_event, outcome = 'branchFailed', error = p_error,
        cause = p_cause, outcome_value = v_branches, outcome_id = v_branches_id
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_parent;
    return v_holders;
end $$;

-- As before; what waits is looked at, if only in eternity.
create or replace function stepwell.resume_branches(
    p_bucket int, p_execution uuid, p_fence bigint, p_id bigint[], p_parent bigint[], p_phase text[], p_state text[],
    p_function text[], p_entered_event int[], p_entered_at timestamptz[], p_input json[], p_input_id uuid[],
    p_task_input json[], p_task_input_id uuid[], p_variables json[], p_variables_id uuid[], p_fork int[],
    p_item_count int[], p_remaining int[], p_next_item int[], p_child_state text[], p_child_function text[],
    p_result_step bigint[], p_result json[], p_result_id uuid[], p_items_fork int[], p_items_first int[],
    p_items json[], p_payload_id uuid[], p_payload json[]
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_root stepwell.steps;
begin
    perform 1 from stepwell.steps h where h.bucket = p_bucket and h.execution = p_execution and h.id = 0 for update;
    select * into v_root from stepwell.steps s
    where s.bucket = p_bucket and s.execution = p_execution and s.id = 0 and s.fence = p_fence and s.status = 'l'
    for update;
    if not found then
        return false;
    end if;
    insert into stepwell.payloads (bucket, execution, id, value)
    select p_bucket, p_execution, p.id, p.value from unnest(p_payload_id, p_payload) as p (id, value)
    on conflict do nothing;
    insert into stepwell.results (bucket, execution, id, output, output_id)
    select p_bucket, p_execution, r.step, r.output, r.output_id
    from unnest(p_result_step, p_result, p_result_id) as r (step, output, output_id);
    insert into stepwell.map_items (bucket, execution, fork, first_index, items)
    select p_bucket, p_execution, i.fork, i.first, i.items
    from unnest(p_items_fork, p_items_first, p_items) as i (fork, first, items);
    update stepwell.steps s
    set status = 'j', fence = s.fence + 1, applied = s.fence, worker = null, lease_until = null, wake_at = 'infinity',
        function = '', next_function = '', phase = p_phase[1], state = p_state[1], entered_event = p_entered_event[1],
        entered_at = p_entered_at[1], input = p_input[1], input_id = p_input_id[1], task_input = p_task_input[1],
        task_input_id = p_task_input_id[1], variables = p_variables[1], variables_id = p_variables_id[1],
        fork = p_fork[1], item_count = p_item_count[1], remaining = p_remaining[1], next_item = p_next_item[1],
        child_state = p_child_state[1], child_function = p_child_function[1]
    where s.bucket = p_bucket and s.execution = p_execution and s.id = 0;
    insert into stepwell.steps
        (bucket, execution, id, parent, machine, revision, name, status, function, next_function, run_at, fence, phase,
         state, entry, entered_event, entered_at, last_event, input, input_id, task_input, task_input_id, variables,
         variables_id, fork, item_count, remaining, next_item, child_state, child_function, wake_at)
    select p_bucket, p_execution, b.id, b.parent, v_root.machine, v_root.revision, v_root.name,
        case when b.fork is null then 'r'::"char" else 'j' end, b.function, b.function, now(), v_root.fence,
        b.phase, b.state, v_root.entry, b.entered_event, b.entered_at, v_root.last_event, b.input, b.input_id, b.task_input,
        b.task_input_id, b.variables, b.variables_id, b.fork, b.item_count, b.remaining, b.next_item, b.child_state,
        b.child_function, case when b.fork is not null then 'infinity'::timestamptz end
    from unnest(p_id, p_parent, p_phase, p_state, p_function, p_entered_event, p_entered_at, p_input, p_input_id,
            p_task_input, p_task_input_id, p_variables, p_variables_id, p_fork, p_item_count, p_remaining, p_next_item,
            p_child_state, p_child_function)
        as b (id, parent, phase, state, function, entered_event, entered_at, input, input_id, task_input,
            task_input_id, variables, variables_id, fork, item_count, remaining, next_item, child_state,
            child_function)
    where b.id <> 0;
    return true;
end $$;

-- As before; what waits is looked at, if only in eternity.
create or replace function stepwell.look_at_wait(p_step stepwell.steps) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_outcome text;
    v_due timestamptz;
begin
    if p_step.deadline <= now() then
        v_outcome := 'timedOut';
    elsif p_step.heartbeat is not null then
        -- The first look comes a second after the wait began, or when a heartbeat is due.
        v_due := case when p_step.heartbeat_event = p_step.scheduled_event then p_step.heartbeat_due
                 else p_step.wake_at + make_interval(secs => p_step.heartbeat - 1) end;
        if v_due <= now() then
            v_outcome := 'heartbeatMissed';
        end if;
    end if;
    if v_outcome is null then
        update stepwell.steps s
        set wake_at = least(s.deadline, v_due, 'infinity'), heartbeat_due = v_due,
            heartbeat_event = case when v_due is not null then s.scheduled_event end
        where s.bucket = p_step.bucket and s.execution = p_step.execution and s.id = p_step.id;
    else
        update stepwell.steps s
        set status = 'r', run_at = now(), wake_at = null, fence = s.fence + 1, function = '', outcome = v_outcome
        where s.bucket = p_step.bucket and s.execution = p_step.execution and s.id = p_step.id;
    end if;
end $$;

-- As before, with that, by the new index.
create or replace function stepwell.get_activity_task(
    p_bucket int, p_activity text, p_worker_name text
) returns table (o_execution uuid, o_step bigint, o_entry int, o_attempt int, o_input json)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_function text := 'activity:' || p_activity;
    v_found record;
    v_step stepwell.steps;
    v_last int;
    v_timeout int;
begin
    for v_found in
        select s.execution, s.id from stepwell.steps s
        where s.bucket = p_bucket and s.function = v_function and s.wake_at is not null and s.status = 'w'
        order by s.run_at
        limit 20
    loop
        -- The root comes before the step, as everywhere; one that is busy is passed by.
        perform 1 from stepwell.steps h
        where h.bucket = p_bucket and h.execution = v_found.execution and h.id = 0
        for update skip locked;
        continue when not found;
        select * into v_step from stepwell.steps s
        where s.bucket = p_bucket and s.execution = v_found.execution and s.id = v_found.id
          and s.status = 'w' and s.function = v_function
        for update skip locked;
        continue when not found or v_step.deadline <= now();

        if v_step.deadline is not null then
            select (stepwell.plain_events(stepwell.readable(h.events)) -> 'e'
                -> (v_step.scheduled_event - h.first_event) -> 3 ->> 'timeoutInSeconds')::int
            into v_timeout
            from stepwell.history h
            where h.bucket = p_bucket and h.execution = v_step.execution and h.first_event <= v_step.scheduled_event
            order by h.first_event desc
            limit 1;
        end if;
        update stepwell.steps s
        set events = s.events + 1
        where s.bucket = p_bucket and s.execution = v_step.execution and s.id = 0
        returning s.events into v_last;
        insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
        values (p_bucket, v_step.execution, v_last, v_last, now(), v_step.id,
            json_build_object('p', '[]'::json, 'e', json_build_array(json_build_array('ActivityStarted', v_step.last_event,
                0, jsonb_strip_nulls(jsonb_build_object('workerName', p_worker_name))))));
        update stepwell.steps s
        set function = '', next_function = '', phase = 'submitted', fence = s.fence + 1, last_event = v_last,
            deadline = case when v_timeout is not null then now() + make_interval(secs => v_timeout) else s.deadline end,
            heartbeat_due = now() + make_interval(secs => s.heartbeat),
            heartbeat_event = s.scheduled_event,
            wake_at = least(now() + make_interval(secs => s.heartbeat),
                case when v_timeout is not null then now() + make_interval(secs => v_timeout) else s.deadline end,
                'infinity')
        where s.bucket = p_bucket and s.execution = v_step.execution and s.id = v_step.id;
        o_execution := v_step.execution;
        o_step := v_step.id;
        o_entry := v_step.entry;
        o_attempt := v_step.retry_count;
        o_input := stepwell.payload(p_bucket, v_step.execution, coalesce(v_step.task_input, v_step.input),
            case when v_step.task_input is null then coalesce(v_step.task_input_id, v_step.input_id) end);
        return next;
        return;
    end loop;
end $$;

-- As before, by the new index.
create or replace function stepwell.has_activity_task(p_bucket int, p_activity text) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
begin
    return exists (
        select 1 from stepwell.steps s
        where s.bucket = p_bucket and s.function = 'activity:' || p_activity and s.wake_at is not null and s.status = 'w');
end $$;

-- As before, by the new index.
create or replace function stepwell.orphaned_functions(p_bucket int, p_limit int) returns setof text
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off
as $$
declare
    v_name text := '';
    v_count int := 0;
begin
    while v_count < p_limit loop
        select s.function into v_name
        from stepwell.steps s
        where s.bucket = p_bucket and s.wake_at is null and s.status = 'r' and s.function > v_name
        order by s.function
        limit 1;
        exit when not found;
        v_count := v_count + 1;
        if v_name not like 'service:%' and v_name not like 'activity:%' and v_name not like '%#' and not exists (
            select 1 from stepwell.workers w
            where w.seen_at > now() - interval '30 seconds' and v_name = any (w.functions))
        then
            return next v_name;
        end if;
    end loop;
end $$;

-- As before, by the new index.
create or replace function stepwell.fair_places(
    p_bucket int, p_functions text[], p_keys text[], p_priorities int[]
) returns timestamptz[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off
as $$
declare
    v_key record;
    v_function text;
    v_priority int;
    v_band timestamptz;
    v_start timestamptz;
    v_finish timestamptz;
    v_places timestamptz[] := array_fill(null::timestamptz, array[cardinality(p_keys)]);
begin
    -- Places that a crash forgets are given again: that is no loss.
    perform set_config('synchronous_commit', 'off', true);
    for v_key in
        select i.function, i.priority, i.key, array_agg(i.ord::int order by i.ord) as items
        from unnest(p_functions, p_priorities, p_keys) with ordinality as i (function, priority, key, ord)
        group by i.function, i.priority, i.key
        -- Whoever places others of these keys locks them in the same order, and the lane before them.
        order by i.function, i.priority, i.key
    loop
        if (v_key.function, v_key.priority) is distinct from (v_function, v_priority) then
            v_function := v_key.function;
            v_priority := v_key.priority;
            -- Ten seconds have room for ten million steps before a place is later than now.
            v_band := now() - interval '10 seconds' - v_priority * interval '1000 days';
            select s.run_at into v_start from stepwell.steps s
            where s.bucket = p_bucket and s.function = v_function and s.wake_at is null and s.status = 'r'
              and s.run_at > v_band - interval '500 days' and s.run_at < v_band + interval '500 days'
            order by s.run_at
            limit 1;
            if v_start is null then
                -- Seldom there is anything to write: most calls of an idle function find what one before them has set.
                select l.start into v_start from stepwell.fair_lanes l
                where l.bucket = p_bucket and l.function = v_function and l.priority = v_priority
                  and l.start between v_band - interval '5 seconds' and v_band + interval '5 seconds';
            end if;
            if v_start is null then
                -- Of those that find it old together, the first sets it, and the others take what it has set: others
                -- that began before it too, which is why a start may also be a little later.
                insert into stepwell.fair_lanes as l (bucket, function, priority, start)
                values (p_bucket, v_function, v_priority, v_band)
                on conflict (bucket, function, priority) do update
                set start = case
                    when l.start between v_band - interval '5 seconds' and v_band + interval '5 seconds' then l.start
                    else v_band end
                returning l.start into v_start;
            end if;
        end if;
        insert into stepwell.fair_keys as k (bucket, function, priority, key, finish)
        values (p_bucket, v_function, v_priority, v_key.key,
            v_start + cardinality(v_key.items) * interval '1 microsecond')
        on conflict (bucket, function, priority, key) do update
        set finish = greatest(k.finish, v_start) + cardinality(v_key.items) * interval '1 microsecond'
        returning k.finish into v_finish;
        for i in 1..cardinality(v_key.items) loop
            v_places[v_key.items[i]] := v_finish - (cardinality(v_key.items) - i + 1) * interval '1 microsecond';
        end loop;
    end loop;
    -- A key whose last step was long ago begins like a new one.
    if random() < 0.001 then
        delete from stepwell.fair_keys k
        where k.bucket = p_bucket and k.finish < now() - interval '1 day' - k.priority * interval '1000 days';
    end if;
    return v_places;
end $$;

-- As before, by the new indexes; what is leased may be in a claim.
create or replace function stepwell.queue_figures(
    p_bucket int, p_limit int
) returns table (o_function text, o_kind text, o_count int, o_is_more boolean, o_oldest timestamptz)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
    v_functions int := 0;
    v_seen int;
    v_last timestamptz;
    -- A claim is of dozens of steps at most.
    v_claims int := greatest(2, p_limit / 10);
    v_claimed int;
begin
    select s.function into o_function from stepwell.steps s
    where s.bucket = p_bucket and s.wake_at is null and s.status = 'r'
    order by s.function limit 1;
    while o_function is not null and v_functions < 1000 loop
        v_functions := v_functions + 1;
        select count(*), count(*) filter (where s.id <> 1),
            min(stepwell.ready_since(o_function, s.run_at, s.entered_at)) filter (where s.id <> 1)
        into v_seen, o_count, o_oldest
        from (
            select s.id, s.run_at, s.entered_at from stepwell.steps s
            where s.bucket = p_bucket and s.function = o_function and s.wake_at is null and stepwell.is_due(s.status, s.run_at)
            order by s.run_at limit p_limit
        ) s;
        o_kind := 'ready';
        o_is_more := v_seen = p_limit;
        if v_seen > 0 then
            return next;
        end if;

        select count(*), count(*) filter (where s.id <> 1) into v_seen, o_count
        from (
            select s.id from stepwell.steps s
            where s.bucket = p_bucket and s.function = o_function and s.wake_at is null and s.status = 'r' and s.run_at > now()
            order by s.run_at limit p_limit
        ) s;
        o_kind := 'sleeping';
        o_is_more := v_seen = p_limit;
        o_oldest := null;
        if v_seen > 0 then
            return next;
        end if;
        select s.function into o_function from stepwell.steps s
        where s.bucket = p_bucket and s.wake_at is null and s.status = 'r' and s.function > o_function
        order by s.function limit 1;
    end loop;

    o_kind := 'waiting';
    v_functions := 0;
    select s.function into o_function from stepwell.steps s
    where s.bucket = p_bucket and s.wake_at is not null
    order by s.function limit 1;
    while o_function is not null and v_functions < 1000 loop
        v_functions := v_functions + 1;
        -- Among them stand those that wait for branches, and what has been leased for long.
        select count(*), count(*) filter (where s.status = 'w') into v_seen, o_count
        from (
            select s.status from stepwell.steps s
            where s.bucket = p_bucket and s.function = o_function and s.wake_at is not null
            order by s.run_at limit p_limit
        ) s;
        o_is_more := v_seen = p_limit;
        if o_count > 0 then
            return next;
        end if;
        select s.function into o_function from stepwell.steps s
        where s.bucket = p_bucket and s.wake_at is not null and s.function > o_function
        order by s.function limit 1;
    end loop;

    -- What is leased is listed by when its lease ends, at the latest a day from now, among what waits; or it is in a claim.
    o_kind := 'leased';
    select count(*), max(s.wake_at) into v_seen, v_last
    from (
        select s.wake_at from stepwell.steps s
        where s.bucket = p_bucket and s.wake_at < 'infinity'
        order by s.wake_at limit p_limit
    ) s;
    select count(*) into v_claimed
    from (select 1 from stepwell.claims c where c.bucket = p_bucket order by c.look_at limit v_claims) c;
    o_is_more := v_claimed = v_claims or (v_seen = p_limit and v_last <= now() + interval '1 day');
    for o_function, o_count in
        select l.function, count(*)
        from (
            select s.function, s.execution, s.id
            from (
                select s.function, s.execution, s.id, s.status from stepwell.steps s
                where s.bucket = p_bucket and s.wake_at < 'infinity'
                order by s.wake_at limit p_limit
            ) s
            where s.status = 'l'
            union
            select s.function, s.execution, s.id
            from (
                select c.executions, c.steps from stepwell.claims c
                where c.bucket = p_bucket
                order by c.look_at limit v_claims
            ) c
            cross join lateral unnest(c.executions, c.steps) as i (execution, step)
            cross join lateral (
                select s.function, s.execution, s.id, s.wake_at, s.status from stepwell.steps s
                where s.bucket = p_bucket and s.execution = i.execution and s.id = i.step
                limit 1
            ) s
            where s.wake_at is null and s.status = 'l'
        ) l
        group by l.function
    loop
        return next;
    end loop;
end $$;

-- As before; what is not listed by when its lease ends is in a claim. And what waits stands in the right index.
create or replace function stepwell.check_leases(p_bucket int, p_from uuid) returns table (o_execution uuid, o_detail text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with claimed as materialized (
        select i.execution, i.step
        from stepwell.claims c
        cross join lateral unnest(c.executions, c.steps) as i (execution, step)
        where c.bucket = p_bucket
    )
    select s.execution, format('step %s %s', s.id, v.detail)
    from stepwell.steps s
    cross join lateral (
        select format('has the fence %s, which a transition has used', s.fence) where s.applied >= s.fence
        union all
        select 'is leased, and nobody would notice the end of its lease'
        where s.status = 'l' and (s.worker is null or s.lease_until is null or s.wake_at > s.lease_until
            or (s.wake_at is null and not exists (
                select from claimed c where c.execution = s.execution and c.step = s.id)))
        union all
        select 'is ready, and nobody would claim it' where s.status = 'r' and s.wake_at is not null
        union all
        select 'waits, and stands among those to claim' where s.status in ('w', 'j') and s.wake_at is null
        union all
        select 'is leased by nobody, and has a lease' where s.status <> 'l' and s.lease_until is not null
    ) v (detail)
    where s.bucket = p_bucket and (p_from is null or s.execution >= p_from);
end $$;

select stepwell.grant_rights();
