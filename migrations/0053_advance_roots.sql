-- The short way of most transitions: that of root branches without others beside them.

-- Makes decisions about root branches durable where everything still stands as whoever holds them believes: the number of
-- their executions' events, and their fences. Nothing is read first, and there is nothing to answer.
--
-- p_execution: all that are meant, in order, and what is recorded of them. p_move: those whose branch goes on, with their
-- executions' last event as it is and as it will be, and what `advance` takes. p_end: those that end. Whoever calls gives
-- each of the three in the order of the executions: rows are locked in it.
--
-- Answers false where something stands otherwise, or other branches are there; then nothing is done: `advance` looks
-- closely.
create function stepwell.advance_roots(
    p_bucket int,
    p_lease interval,
    p_execution uuid[],
    p_first int[],
    p_event_count int[],
    p_events json[],
    p_at timestamptz[],
    p_move uuid[],
    p_move_from int[],
    p_move_to int[],
    p_move_fence bigint[],
    p_action "char"[],
    p_phase text[],
    p_state text[],
    p_function text[],
    p_run_at timestamptz[],
    p_wake_at timestamptz[],
    p_entered_at timestamptz[],
    p_entry int[],
    p_retry_count int[],
    p_retrier_uses text[],
    p_deadline timestamptz[],
    p_heartbeat int[],
    p_last_event int[],
    p_entered_event int[],
    p_scheduled_event int[],
    p_input json[],
    p_input_id uuid[],
    p_task_input json[],
    p_task_input_id uuid[],
    p_variables json[],
    p_variables_id uuid[],
    p_end uuid[],
    p_end_from int[],
    p_end_to int[],
    p_end_fence bigint[],
    p_status text[],
    p_output json[],
    p_output_id uuid[],
    p_error text[],
    p_cause text[],
    p_payload_execution uuid[],
    p_payload_id uuid[],
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
    v_head tid[];
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
        select array_agg(h.row_id), array_agg(s.row_id) into v_head, v_step
        from unnest(p_move) as i (execution)
        cross join lateral (
            select h.ctid as row_id from stepwell.execution_heads h
            where h.bucket = p_bucket and h.execution = i.execution
            limit 1
        ) h
        cross join lateral (
            select s.ctid as row_id from stepwell.steps s
            where s.bucket = p_bucket and s.execution = i.execution and s.id = 0
            limit 1
        ) s;
        v_setting := set_config('enable_indexscan', 'off', true);
        update stepwell.execution_heads h
        set last_event = p_move_to[i.n::int]
        from unnest(v_head) with ordinality as i (row_id, n)
        where h.bucket = p_bucket and h.ctid = i.row_id and h.execution = p_move[i.n::int]
          and h.last_event = p_move_from[i.n::int];
        get diagnostics v_count = row_count;
        if v_count < cardinality(p_move) then
            raise serialization_failure;
        end if;
        update stepwell.steps s
        set fence = s.fence + 1,
            applied = s.fence,
            status = case p_action[i.n::int] when 'k' then 'l'::"char" when 'r' then 'r' else 'w' end,
            function = case p_action[i.n::int] when 'k' then s.function else p_function[i.n::int] end,
            run_at = case p_action[i.n::int] when 'r' then p_run_at[i.n::int] else s.run_at end,
            wake_at = case p_action[i.n::int] when 'k' then s.wake_at when 'w' then p_wake_at[i.n::int] end,
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
          and s.fence = p_move_fence[i.n::int] and s.status = 'l' and s.fork is null;
        get diagnostics v_count = row_count;
        if v_count < cardinality(p_move) then
            raise serialization_failure;
        end if;
        v_setting := set_config('enable_indexscan', 'on', true);
    end if;

    if cardinality(p_end) > 0 then
        select array_agg(h.row_id), array_agg(s.row_id), array_agg(e.row_id),
            array_agg(i.execution) filter (where t.timers > 0), sum(t.timers),
            bool_or(e.parent_execution is not null), array_agg(i.execution) filter (where e.map_run is not null)
        into v_head, v_step, v_row, v_timed, v_timers, v_has_parents, v_children
        from unnest(p_end) as i (execution)
        cross join lateral (
            select h.ctid as row_id from stepwell.execution_heads h
            where h.bucket = p_bucket and h.execution = i.execution
            limit 1
        ) h
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
        delete from stepwell.execution_heads h
        using unnest(v_head) with ordinality as i (row_id, n)
        where h.bucket = p_bucket and h.ctid = i.row_id and h.execution = p_end[i.n::int]
          and h.last_event = p_end_from[i.n::int];
        get diagnostics v_count = row_count;
        if v_count < cardinality(p_end) then
            raise serialization_failure;
        end if;
        delete from stepwell.steps s
        using unnest(v_step) with ordinality as i (row_id, n)
        where s.bucket = p_bucket and s.ctid = i.row_id and s.execution = p_end[i.n::int] and s.id = 0
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

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
