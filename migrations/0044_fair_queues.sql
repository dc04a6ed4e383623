-- Fair queues: calls of a function wait in the order of their keys' turns, whoever called first.
--
-- A step that calls such a function is claimed from the function's queue as ever, and goes from there to a second one, the
-- lane: the function's name with # behind it. Claims of a lane are claims like any other. What is fair about it is run_at,
-- which says there where the step stands and not since when it is ready: each key's steps stand one microsecond behind the
-- other, beginning where the step stands that is next (start-time fair queueing, with the lane's head for virtual time). So a
-- key with one step stands beside the next step of one with a million, and the steps of ten thousand do not overtake it.

-- Functions with a lane. There is no way back: without key and priority the lane is only emptied.
create table stepwell.fair_functions (
    name      text primary key check (name ~ '^[A-Za-z0-9_-]{1,64}$'),
    -- Where in an event its key and its priority stand, as JSONPath.
    fair_key  text,
    priority  text
);

-- Where the next step of a key stands in a lane.
create table stepwell.fair_keys (
    bucket    int         not null,
    function  text        not null,
    priority  int         not null,
    key       text        not null,
    finish    timestamptz not null,
    primary key (bucket, function, priority, key)
) with (fillfactor = 50);

-- Since when a step is ready. In a lane that is not when it is due, but the state was entered before.
create function stepwell.ready_since(p_function text, p_run_at timestamptz, p_entered_at timestamptz) returns timestamptz
language sql immutable parallel safe
return case when right(p_function, 1) = '#' then coalesce(p_entered_at, p_run_at) else p_run_at end;

-- When a step is due that is ready again: at once, or after a while. In a lane it keeps its place.
create function stepwell.due_again(p_function text, p_run_at timestamptz, p_delay interval) returns timestamptz
language sql stable parallel safe
return case when right(p_function, 1) = '#' then p_run_at else now() end + p_delay;

-- The places of steps in lanes of a bucket. A priority is a band of its own: 1000 days before the next lower one.
create function stepwell.fair_places(
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
        -- Whoever places others of these keys locks them in the same order.
        order by i.function, i.priority, i.key
    loop
        -- Ten seconds have room for ten million steps before a place is later than now.
        v_band := now() - interval '10 seconds' - v_key.priority * interval '1000 days';
        select s.run_at into v_start from stepwell.steps s
        where s.bucket = p_bucket and s.function = v_key.function and s.status = 'r'
          and s.run_at > v_band - interval '500 days' and s.run_at < v_band + interval '500 days'
        order by s.run_at
        limit 1;
        v_start := coalesce(v_start, v_band);
        insert into stepwell.fair_keys as k (bucket, function, priority, key, finish)
        values (p_bucket, v_key.function, v_key.priority, v_key.key,
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

-- As before, but for steps of lanes.
create or replace function stepwell.release(
    p_bucket int, p_worker uuid, p_execution uuid[], p_step bigint[], p_fence bigint[], p_delay interval
) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_count int;
begin
    perform 1 from stepwell.steps s
    join unnest(p_execution, p_step) as i (execution, step)
        on s.bucket = p_bucket and s.execution = i.execution and s.id = i.step
    order by s.execution, s.id
    for update of s;
    update stepwell.steps s
    set status = 'r', function = s.next_function,
        run_at = stepwell.due_again(s.next_function, s.run_at, p_delay), wake_at = null, lease_until = null,
        worker = null, fence = s.fence + 1, started = false
    from unnest(p_execution, p_step, p_fence) as i (execution, step, fence)
    where s.bucket = p_bucket and s.execution = i.execution and s.id = i.step and s.status = 'l'
      and s.worker = p_worker and (s.fence = i.fence or s.applied = i.fence);
    get diagnostics v_count = row_count;
    return v_count;
end $$;

-- As before, but for steps of lanes.
create or replace function stepwell.lose_lease(p_step stepwell.steps) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_losses int := p_step.losses + p_step.started::int;
    v_outcome text := p_step.outcome;
    v_error text := p_step.error;
    v_cause text := p_step.cause;
begin
    if v_outcome is null and p_step.deadline <= now() then
        v_outcome := 'timedOut';
    elsif v_outcome is null and v_losses >= 3 then
        v_outcome := 'failed';
        v_error := 'Runtime.ExitError';
        v_cause := json_build_object(
            'errorType', v_error,
            'errorMessage', format('The worker process ended %s times while it ran function %s and nothing else.',
                v_losses, rtrim(p_step.next_function, '#')))::text;
    end if;
    update stepwell.steps s
    set status = 'r',
        run_at = case when v_outcome is null then stepwell.due_again(s.next_function, s.run_at, '0') else now() end,
        wake_at = null, lease_until = null, worker = null, fence = s.fence + 1,
        suspect = true, started = false, losses = v_losses,
        outcome = v_outcome, error = v_error, cause = v_cause,
        -- A branch that only has to hear of a failure is anybody's.
        function = case when v_outcome is not null and s.phase = 'invoking' then '' else s.next_function end
    where s.bucket = p_step.bucket and s.execution = p_step.execution and s.id = p_step.id;
end $$;

-- As before, but for steps of lanes.
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
begin
    select s.function into o_function from stepwell.steps s
    where s.bucket = p_bucket and s.status = 'r'
    order by s.function limit 1;
    while o_function is not null and v_functions < 1000 loop
        v_functions := v_functions + 1;
        select count(*), count(*) filter (where s.id <> 1),
            min(stepwell.ready_since(o_function, s.run_at, s.entered_at)) filter (where s.id <> 1)
        into v_seen, o_count, o_oldest
        from (
            select s.id, s.run_at, s.entered_at from stepwell.steps s
            where s.bucket = p_bucket and s.function = o_function and stepwell.is_due(s.status, s.run_at)
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
            where s.bucket = p_bucket and s.function = o_function and s.status = 'r' and s.run_at > now()
            order by s.run_at limit p_limit
        ) s;
        o_kind := 'sleeping';
        o_is_more := v_seen = p_limit;
        o_oldest := null;
        if v_seen > 0 then
            return next;
        end if;
        select s.function into o_function from stepwell.steps s
        where s.bucket = p_bucket and s.status = 'r' and s.function > o_function
        order by s.function limit 1;
    end loop;

    o_kind := 'waiting';
    v_functions := 0;
    select s.function into o_function from stepwell.steps s
    where s.bucket = p_bucket and s.status = 'w'
    order by s.function limit 1;
    while o_function is not null and v_functions < 1000 loop
        v_functions := v_functions + 1;
        select count(*) into o_count
        from (
            select 1 from stepwell.steps s
            where s.bucket = p_bucket and s.function = o_function and s.status = 'w'
            order by s.run_at limit p_limit
        ) s;
        o_is_more := o_count = p_limit;
        return next;
        select s.function into o_function from stepwell.steps s
        where s.bucket = p_bucket and s.status = 'w' and s.function > o_function
        order by s.function limit 1;
    end loop;

    -- What is leased has to be looked at when its lease ends, at the latest a day from now; what waits may be in between.
    o_kind := 'leased';
    select count(*), max(s.wake_at) into v_seen, v_last
    from (
        select s.wake_at from stepwell.steps s
        where s.bucket = p_bucket and s.wake_at is not null
        order by s.wake_at limit p_limit
    ) s;
    o_is_more := v_seen = p_limit and v_last <= now() + interval '1 day';
    for o_function, o_count in
        select s.function, count(*)
        from (
            select s.function, s.status from stepwell.steps s
            where s.bucket = p_bucket and s.wake_at is not null
            order by s.wake_at limit p_limit
        ) s
        where s.status = 'l'
        group by s.function
    loop
        return next;
    end loop;
end $$;

-- As before, but not of lanes: their steps were there before, for workers that offer the function.
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
        where s.bucket = p_bucket and s.status = 'r' and s.function > v_name
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

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
