-- Checks that read histories twice as fast: the events of all rows at once, rather than row by row and each written
-- out in full before.

-- The types of events: a number in a row means a place in this list, counted from 0. A new type goes to its end.
create function stepwell.event_types() returns text[]
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select array[
        'ActivityFailed', 'ActivityScheduled', 'ActivityScheduleFailed', 'ActivityStarted', 'ActivitySucceeded',
        'ActivityTimedOut', 'ChoiceStateEntered', 'ChoiceStateExited', 'EvaluationFailed', 'ExecutionAborted',
        'ExecutionFailed', 'ExecutionRedriven', 'ExecutionStarted', 'ExecutionSucceeded', 'ExecutionTimedOut',
        'FailStateEntered', 'LambdaFunctionFailed', 'LambdaFunctionScheduled', 'LambdaFunctionScheduleFailed',
        'LambdaFunctionStarted', 'LambdaFunctionStartFailed', 'LambdaFunctionSucceeded', 'LambdaFunctionTimedOut',
        'MapIterationAborted', 'MapIterationFailed', 'MapIterationStarted', 'MapIterationSucceeded', 'MapRunAborted',
        'MapRunFailed', 'MapRunRedriven', 'MapRunStarted', 'MapRunSucceeded', 'MapStateAborted', 'MapStateEntered',
        'MapStateExited', 'MapStateFailed', 'MapStateStarted', 'MapStateSucceeded', 'ParallelStateAborted',
        'ParallelStateEntered', 'ParallelStateExited', 'ParallelStateFailed', 'ParallelStateStarted',
        'ParallelStateSucceeded', 'PassStateEntered', 'PassStateExited', 'SucceedStateEntered', 'SucceedStateExited',
        'TaskFailed', 'TaskScheduled', 'TaskStarted', 'TaskStartFailed', 'TaskStateAborted', 'TaskStateEntered',
        'TaskStateExited', 'TaskSubmitFailed', 'TaskSubmitted', 'TaskSucceeded', 'TaskTimedOut', 'WaitStateAborted',
        'WaitStateEntered', 'WaitStateExited'
    ]
$$;

-- As before, with the list of types from there.
create or replace function stepwell.plain_events(p_events json) returns json
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    v_types constant text[] := stepwell.event_types();
    v_event json;
    v_place int;
    v_distance bigint := 0;
    v_details text;
    v_plain text[] := '{}';
begin
    for v_event, v_place in
        select e.event, e.ord from json_array_elements(p_events -> 'e') with ordinality as e (event, ord) order by e.ord
    loop
        if json_typeof(v_event) = 'number' then
            v_event := json_build_array(v_event);
        elsif json_typeof(v_event -> 0) = 'string' then
            v_distance := (v_event ->> 2)::bigint;
            v_plain := v_plain || v_event::text;
            continue;
        end if;
        v_distance := v_distance + coalesce((v_event ->> 3)::bigint, 0);
        select string_agg(
            to_json(case d.key when 'n' then 'name' when 'i' then 'input' when 'o' then 'output' when 'r' then 'resource'
                else d.key end)::text || ':' || d.value::text, ',' order by d.ord)
        into v_details
        from json_each(v_event -> 1) with ordinality as d (key, value, ord);
        v_plain := v_plain || concat('[', coalesce(to_json(v_types[(v_event ->> 0)::int + 1])::text, 'null'), ',',
            coalesce((v_event ->> 2)::bigint, 1 - v_place), ',', v_distance, ',{' || v_details || '}', ']');
    end loop;
    return ('{"p":' || coalesce((p_events -> 'p')::text, '[]') || ',"e":[' || array_to_string(v_plain, ',') || ']}')::json;
end $$;

-- The stored events, one row each. Event 1, ExecutionStarted, is not stored. `o_name` is that of the state that is entered or
-- left, `o_entry` counts the states that the branch has entered, `o_attempt` what it has begun in this one: calls, or forks
-- of branches.
drop function stepwell.events_of(int, uuid);
create function stepwell.events_of(p_bucket int, p_from uuid) returns table (
    o_execution uuid, o_step bigint, o_id int, o_type text, o_previous int, o_at timestamptz, o_name text,
    o_entry bigint, o_attempt bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_types constant text[] := stepwell.event_types();
begin
    return query
    select e.execution, e.step, e.id, e.type, case when e.previous < 0 then e.first_event - e.previous - 1 else e.previous end,
        e.at + e.distance * interval '1 microsecond', e.name, e.entry,
        count(*) filter (where e.type ~ '(Scheduled|StateStarted)$') over (
            partition by e.execution, e.step, e.entry order by e.id)
    from (
        select r.*, r.first_event + r.place as id,
            -- A plain event counts from the row's time, every other from the one before it.
            sum(r.later) over (partition by r.execution, r.first_event, r.plain_before order by r.place)::bigint as distance,
            count(*) filter (where r.type like '%StateEntered') over (
                partition by r.execution, r.step order by r.first_event, r.place) as entry
        from (
            select h.execution, h.step, h.first_event, h.at, i.ord::int - 1 as place,
                case f.form when 'plain' then i.event ->> 0 else v_types[coalesce(i.event ->> 0, i.event #>> '{}')::int + 1]
                    end as type,
                case f.form when 'plain' then (i.event ->> 1)::int
                    else coalesce((i.event ->> 2)::int, 1 - i.ord::int) end as previous,
                case f.form when 'plain' then (i.event ->> 2)::bigint
                    else coalesce((i.event ->> 3)::bigint, 0) end as later,
                case f.form when 'plain' then i.event -> 3 ->> 'name' else i.event -> 1 ->> 'n' end as name,
                count(*) filter (where f.form = 'plain') over (
                    partition by h.execution, h.first_event order by i.ord) as plain_before
            from stepwell.history h
            cross join lateral json_array_elements(stepwell.readable(h.events) -> 'e') with ordinality as i (event, ord)
            cross join lateral (
                select case when json_typeof(i.event -> 0) = 'string' then 'plain' else 'short' end as form offset 0
            ) f
            where h.bucket = p_bucket and (p_from is null or h.execution >= p_from)
        ) r
    ) e;
end $$;

-- As before, with the name of the state from there.
create or replace function stepwell.check_retries(p_bucket int, p_from uuid) returns table (o_execution uuid, o_detail text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with budgets as materialized (
        select r.id as revision, s.o_name as state, 1 + coalesce((
            select sum(coalesce((t.retrier ->> 'MaxAttempts')::numeric, 3))
            from jsonb_array_elements(
                case when jsonb_typeof(s.o_state -> 'Retry') = 'array' then s.o_state -> 'Retry' else '[]' end
            ) as t (retrier)), 0) as attempts
        from stepwell.revisions r
        cross join lateral stepwell.states_of(r.definition) s
        where r.id in (
            select e.revision from stepwell.executions e
            where e.bucket = p_bucket and (p_from is null or e.id >= p_from))
    ), stays as materialized (
        select e.o_execution as execution, e.o_step as step, e.o_entry as entry, max(e.o_attempt) as attempts,
            max(e.o_name) filter (where e.o_type like '%StateEntered') as state
        from stepwell.events_of(p_bucket, p_from) e
        group by e.o_execution, e.o_step, e.o_entry
        having max(e.o_attempt) > 1
    )
    select s.execution, format('state %L was tried %s times, and may be %s times', s.state, s.attempts,
        b.attempts * (1 + x.redrive_count))
    from stays s
    join stepwell.executions x on x.bucket = p_bucket and x.id = s.execution
    join budgets b on b.revision = x.revision and b.state = s.state
    where s.attempts > b.attempts * (1 + x.redrive_count);
end $$;

-- As before, with the name of the state from there.
create or replace function stepwell.check_times(p_bucket int, p_from uuid) returns table (o_execution uuid, o_detail text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with waits as materialized (
        select r.id as revision, s.o_name as state, (s.o_state ->> 'Seconds')::numeric as seconds
        from stepwell.revisions r
        cross join lateral stepwell.states_of(r.definition) s
        where s.o_state ->> 'Type' = 'Wait' and jsonb_typeof(s.o_state -> 'Seconds') = 'number'
          and r.id in (
            select e.revision from stepwell.executions e
            where e.bucket = p_bucket and (p_from is null or e.id >= p_from))
    ), stays as materialized (
        select e.o_execution as execution, e.o_step as step, e.o_entry as entry,
            max(e.o_name) filter (where e.o_type = 'WaitStateEntered') as state,
            max(e.o_at) filter (where e.o_type = 'WaitStateEntered') as entered_at,
            max(e.o_at) filter (where e.o_type = 'WaitStateExited') as left_at
        from stepwell.events_of(p_bucket, p_from) e
        where e.o_type in ('WaitStateEntered', 'WaitStateExited')
        group by e.o_execution, e.o_step, e.o_entry
    )
    select s.execution, format('%L waited %s s instead of %s s', s.state,
        round(extract(epoch from s.left_at - s.entered_at), 6), w.seconds)
    from stays s
    join stepwell.executions x on x.bucket = p_bucket and x.id = s.execution
    join waits w on w.revision = x.revision and w.state = s.state
    where extract(epoch from s.left_at - s.entered_at) < w.seconds
    union all
    select s.execution, format('step %s is leased, and due only at %s', s.id, s.run_at)
    from stepwell.steps s
    where s.bucket = p_bucket and (p_from is null or s.execution >= p_from) and s.status = 'l' and s.run_at > now();
end $$;

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
