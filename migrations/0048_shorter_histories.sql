-- Histories that say what nearly every event says in fewer words: a number for the type, a letter for a frequent name, and
-- nothing for what follows from the event before. What is stored already stays as it is.

-- A row's events as [type, previous, distance, {details}], whichever way they are written: `previous` is the id of an
-- event, or negative: -1 is the row's first event. `distance` is in microseconds from the row's `at`.
create function stepwell.plain_events(p_events json) returns json
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    -- A number in a row means a place in this list, counted from 0: a new type goes to its end.
    v_types constant text[] := array[
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
    ];
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

-- As before, but of rows that are written in either way.
create or replace function stepwell.events_of(p_bucket int, p_from uuid) returns table (
    o_execution uuid, o_step bigint, o_id int, o_type text, o_previous int, o_at timestamptz, o_details json,
    o_entry bigint, o_attempt bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select e.*,
        count(*) filter (where e.type ~ '(Scheduled|StateStarted)$') over (
            partition by e.execution, e.step, e.entry order by e.id)
    from (
        select h.execution, h.step, h.first_event + i.ord::int - 1 as id, i.event ->> 0 as type,
            case when (i.event ->> 1)::int < 0 then h.first_event - (i.event ->> 1)::int - 1
                else (i.event ->> 1)::int end as previous,
            h.at + (i.event ->> 2)::bigint * interval '1 microsecond' as at,
            i.event -> 3 as details,
            count(*) filter (where i.event ->> 0 like '%StateEntered') over (
                partition by h.execution, h.step order by h.first_event, i.ord) as entry
        from stepwell.history h
        cross join lateral json_array_elements(
            stepwell.plain_events(stepwell.readable(h.events)) -> 'e') with ordinality as i (event, ord)
        where h.bucket = p_bucket and (p_from is null or h.execution >= p_from)
    ) e;
end $$;

-- As before, but of rows that are written in either way.
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
        where s.bucket = p_bucket and s.function = v_function and s.status = 'w' and s.function <> ''
        order by s.run_at
        limit 20
    loop
        -- The head comes before the step, as everywhere; one that is busy is passed by.
        perform 1 from stepwell.execution_heads h
        where h.bucket = p_bucket and h.execution = v_found.execution
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
        update stepwell.execution_heads h
        set last_event = h.last_event + 1
        where h.bucket = p_bucket and h.execution = v_step.execution
        returning h.last_event into v_last;
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
                case when v_timeout is not null then now() + make_interval(secs => v_timeout) else s.deadline end)
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

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
