-- A transition that writes less.
--
-- A row that is locked and then written costs two records of the log, and an end that finds no room in its execution's page
-- costs a row elsewhere and an entry in each index.

-- An execution's end goes where its start stands. Half a page has room for the ends of the other half.
alter table stepwell.executions set (fillfactor = 45);

-- What was read without a lock is written where it still stands as it was read. If something of it does not, somebody else
-- was there in between: the call is to be made again.
create function stepwell.require_written(p_count int, p_row tid[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_count <> cardinality(array_remove(p_row, null)) then
        raise exception using errcode = 'serialization_failure',
            message = 'a step was changed while its transition was written',
            hint = 'Make the same call again.';
    end if;
end $$;

drop function stepwell.write_steps(
    int, interval, tid[], int[], tid[], int[], bigint[], "char"[], text[], text[], text[], timestamptz[], timestamptz[],
    timestamptz[], int[], int[], text[], timestamptz[], int[], int[], int[], int[], json[], uuid[], json[], uuid[], json[],
    uuid[]);

-- Adds events to rows of `execution_heads` that the caller has read, at these addresses, and deletes those of executions
-- that end. Elements whose address is null are not meant. p_last: the execution's last event, as it was read.
create function stepwell.write_heads(
    p_bucket int, p_row tid[], p_ended tid[], p_execution uuid[], p_last int[], p_events int[]
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
    if cardinality(array_remove(p_row, null)) > 0 then
        update stepwell.execution_heads h
        set last_event = h.last_event + i.events
        from (
            select * from unnest(p_row, p_execution, p_last, p_events) as i (row_id, execution, last, events)
            where i.row_id is not null
            -- Whoever locks several heads does it in this order.
            order by i.execution
        ) i
        where h.bucket = p_bucket and h.ctid = i.row_id and h.execution = i.execution and h.last_event = i.last;
        get diagnostics v_count = row_count;
        perform stepwell.require_written(v_count, p_row);
    end if;
    if cardinality(array_remove(p_ended, null)) > 0 then
        delete from stepwell.execution_heads h
        using (
            select * from unnest(p_ended, p_execution, p_last) as i (row_id, execution, last)
            where i.row_id is not null
            order by i.execution
        ) i
        where h.bucket = p_bucket and h.ctid = i.row_id and h.execution = i.execution and h.last_event = i.last;
        get diagnostics v_count = row_count;
        perform stepwell.require_written(v_count, p_ended);
    end if;
end $$;

-- Writes rows of `steps` that the caller has only read, at these addresses. Elements whose address is null are not meant.
create function stepwell.write_steps(
    p_bucket int,
    p_lease interval,
    p_row tid[],
    p_execution uuid[],
    p_step bigint[],
    p_first int[],
    p_fence bigint[],
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
        status = case i.action when 'k' then 'l'::"char" when 'r' then 'r' when 'w' then 'w' else 'j' end,
        function = case i.action when 'k' then s.function else i.function end,
        run_at = case i.action when 'r' then i.run_at else s.run_at end,
        wake_at = case i.action when 'k' then s.wake_at when 'w' then i.wake_at end,
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
        select * from unnest(p_row, p_execution, p_step, p_first, p_fence, p_action, p_phase, p_state, p_function, p_run_at,
            p_wake_at, p_entered_at, p_entry, p_retry_count, p_retrier_uses, p_deadline, p_heartbeat, p_last_event,
            p_entered_event, p_scheduled_event, p_input, p_input_id, p_task_input, p_task_input_id, p_variables,
            p_variables_id)
            as i (row_id, execution, step, first, fence, action, phase, state, function, run_at, wake_at, entered_at,
                entry, retry_count, retrier_uses, deadline, heartbeat, last_event, entered, scheduled, input, input_id,
                task_input, task_input_id, variables, variables_id)
        where i.row_id is not null
        -- Whoever locks several steps does it in this order.
        order by i.execution, i.step
    ) i
    where s.bucket = p_bucket and s.ctid = i.row_id and s.execution = i.execution and s.id = i.step
      and s.fence = i.fence and s.status = 'l';
    get diagnostics v_count = row_count;
    perform stepwell.require_written(v_count, p_row);
end $$;

-- Deletes steps that the caller has only read, at these addresses.
create function stepwell.delete_steps(p_bucket int, p_row tid[], p_execution uuid[], p_step bigint[], p_fence bigint[])
returns void
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
    delete from stepwell.steps s
    using (
        select * from unnest(p_row, p_execution, p_step, p_fence) as i (row_id, execution, step, fence)
        where i.row_id is not null
        order by i.execution, i.step
    ) i
    where s.bucket = p_bucket and s.ctid = i.row_id and s.execution = i.execution and s.id = i.step
      and s.fence = i.fence and s.status = 'l';
    get diagnostics v_count = row_count;
    perform stepwell.require_written(v_count, p_row);
end $$;

drop function stepwell.finish_executions(int, uuid, uuid[], tid[], int[], text[], json[], uuid[], text[], text[]);

-- Ends executions whose terminal events are already recorded, and whose heads the caller has locked, or deleted: nothing of
-- them stays in the queue, and whoever waits for one is told through the outbox. Elements whose p_execution is null are not
-- meant; p_last_event is how many events an execution has; p_forked and p_mapped say whether steps that the caller has
-- deleted had forked, or awaited a map run. Answers who held leases on steps that are gone now.
create function stepwell.finish_executions(
    p_bucket int, p_worker uuid, p_execution uuid[], p_head tid[], p_last_event int[], p_status text[], p_output json[],
    p_output_id uuid[], p_error text[], p_cause text[], p_forked boolean, p_mapped boolean
) returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_steps tid[];
    v_rows tid[];
    v_holders uuid[];
    v_forked boolean;
    v_mapped boolean;
begin
    select array_agg(s.row_id), bool_or(s.id > 1 or s.fork is not null), bool_or(s.phase = 'mapping'),
        array_agg(distinct s.worker) filter (where s.status = 'l' and s.worker is distinct from p_worker)
    into v_steps, v_forked, v_mapped, v_holders
    from unnest(p_execution) as i (execution)
    cross join lateral (
        select s.ctid as row_id, s.id, s.worker, s.status, s.phase, s.fork from stepwell.steps s
        where s.bucket = p_bucket and s.execution = i.execution
        order by s.id
        limit 2147483647
        for update
    ) s;
    select array_agg(e.row_id order by i.ord) into v_rows
    from unnest(p_execution) with ordinality as i (execution, ord)
    left join lateral (
        select e.ctid as row_id from stepwell.executions e
        where e.bucket = p_bucket and e.id = i.execution
        limit 1
    ) e on true;
    if v_forked or p_forked then
        delete from stepwell.results r where r.bucket = p_bucket and r.execution = any (p_execution);
        delete from stepwell.map_items m where m.bucket = p_bucket and m.execution = any (p_execution);
    end if;
    if stepwell.write_ends(p_bucket, p_head, v_steps, v_rows, p_last_event, p_status, p_output, p_output_id, p_error,
        p_cause)
    then
        insert into stepwell.outbox (bucket, id, kind, message)
        select p_bucket, e.id, 'result', json_build_object('bucket', e.parent_bucket, 'execution', e.parent_execution,
            'step', e.parent_step, 'event', e.parent_event)
        from stepwell.executions e
        where e.bucket = p_bucket and e.id = any (p_execution) and e.parent_execution is not null
        on conflict do nothing;
    end if;
    if v_mapped or p_mapped then
        perform stepwell.abandon_map_runs(p_bucket, p_execution, null);
    end if;
    return coalesce(v_holders, '{}');
end $$;

-- The same for callers that have only locked the heads.
create or replace function stepwell.end_executions(
    p_bucket int, p_worker uuid, p_execution uuid[], p_status text[], p_output json[], p_output_id uuid[],
    p_error text[], p_cause text[]
) returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_head tid[];
    v_last_event int[];
begin
    select array_agg(h.row_id order by i.ord), array_agg(h.last_event order by i.ord) into v_head, v_last_event
    from unnest(p_execution) with ordinality as i (execution, ord)
    left join lateral (
        select h.ctid as row_id, h.last_event from stepwell.execution_heads h
        where h.bucket = p_bucket and h.execution = i.execution
        limit 1
    ) h on true;
    return stepwell.finish_executions(p_bucket, p_worker, p_execution, v_head, v_last_event, p_status, p_output,
        p_output_id, p_error, p_cause, false, false);
end $$;

-- As before, but what is not shared with other branches is locked by being written, and written only if it still stands as
-- it was read.
create or replace function stepwell.advance(
    p_bucket int,
    p_worker uuid,
    p_lease interval,
    p_execution uuid[],
    p_step bigint[],
    p_fence bigint[],
    p_action "char"[],
    p_events json[],
    p_event_count int[],
    p_at timestamptz[],
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
    p_status text[],
    p_output json[],
    p_output_id uuid[],
    p_error text[],
    p_cause text[],
    p_fork json[],
    p_outbox json[],
    p_payload_execution uuid[],
    p_payload_id uuid[],
    p_payload json[]
) returns table (
    o_item int,
    o_result "char",
    o_fence bigint,
    o_last_event int,
    o_entered_event int,
    o_scheduled_event int,
    o_worker uuid
)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    -- Per decision: where the execution's head is (to be written, or deleted as the execution ends) and what it says.
    v_head tid[];
    v_head_ended tid[];
    v_head_last int[];
    -- Whether several decisions are about one execution.
    v_is_shared boolean;
    -- Per decision: the id of its first event when it is valid, else null; and where the step's row is, to be written or, as
    -- the execution ends, deleted, and what it says.
    v_first int[];
    v_result "char"[];
    v_row tid[];
    v_row_ended tid[];
    v_row_fence bigint[];
    v_row_last int[];
    v_row_entered int[];
    v_row_scheduled int[];
    v_parent bigint[];
    v_fork int[];
    v_has_joined boolean;
    -- Whether one of the steps that end an execution had forked, or awaited a map run.
    v_forked boolean;
    v_mapped boolean;
    v_ends boolean := p_action && array['e']::"char"[];
    v_item int;
    v_hints uuid[];
    v_holders uuid[];
begin
    if not 0 = all (p_step) then
        -- Branches of an execution take turns. Beside its root there is none that would.
        perform 1
        from (select distinct i.execution from unnest(p_execution) as i (execution) order by i.execution) i
        cross join lateral (
            select 1 from stepwell.execution_heads h
            where h.bucket = p_bucket and h.execution = i.execution
            limit 1
            for update
        ) h;
    end if;

    if p_action && array['b', 'x']::"char"[] then
        perform 1
        from (
            select distinct i.execution, s.parent
            from unnest(p_execution, p_step, p_action) as i (execution, step, action)
            cross join lateral (
                select s.parent from stepwell.steps s
                where s.bucket = p_bucket and s.execution = i.execution and s.id = i.step
                limit 1
            ) s
            where i.action in ('b', 'x')
            order by i.execution, s.parent
        ) k
        cross join lateral (
            select 1 from stepwell.steps p
            where p.bucket = p_bucket and p.execution = k.execution and p.id = k.parent
            limit 1
            for update
        ) p;
        -- What ends a branch, or fails it, looks at it more than once.
        perform 1
        from (
            select i.execution, i.step from unnest(p_execution, p_step, p_action) as i (execution, step, action)
            where i.action in ('b', 'x')
            order by i.execution, i.step
        ) i
        cross join lateral (
            select 1 from stepwell.steps s
            where s.bucket = p_bucket and s.execution = i.execution and s.id = i.step
            limit 1
            for update
        ) s;
    end if;

    select
        array_agg(case when j.is_valid and j.action <> 'e' and j.events > 0 then j.head end),
        array_agg(case when j.is_valid and j.action = 'e' then j.head end),
        array_agg(j.head_last),
        array_agg(case when j.is_valid and j.action in ('k', 'r', 'w', 'f') then j.row_id end),
        array_agg(case when j.is_valid and j.action = 'e' then j.row_id end),
        array_agg(case
            when j.is_valid then 'a'::"char"
            when j.row_applied = j.fence and j.row_worker = p_worker then 'd'
            else 'n' end),
        array_agg(case when j.is_valid then j.head_last + 1 end),
        array_agg(j.row_fence),
        array_agg(j.row_last),
        array_agg(j.row_entered),
        array_agg(j.row_scheduled),
        array_agg(j.parent),
        array_agg(j.fork),
        bool_or(j.fork is not null),
        bool_or(j.action = 'e' and j.fork is not null),
        bool_or(j.action = 'e' and j.row_phase = 'mapping'),
        count(distinct j.execution) < count(*)
    into v_head, v_head_ended, v_head_last, v_row, v_row_ended, v_result, v_first, v_row_fence, v_row_last, v_row_entered,
        v_row_scheduled, v_parent, v_fork, v_has_joined, v_forked, v_mapped, v_is_shared
    from (
        select i.*, h.*, s.*,
            coalesce(s.row_fence = i.fence and s.row_status = 'l' and h.head_last is not null, false) as is_valid
        from unnest(p_execution, p_step, p_fence, p_action, p_event_count) with ordinality
            as i (execution, step, fence, action, events, ord)
        left join lateral (
            select h.ctid as head, h.last_event as head_last from stepwell.execution_heads h
            where h.bucket = p_bucket and h.execution = i.execution
            limit 1
        ) h on true
        left join lateral (
            select s.ctid as row_id, s.fence as row_fence, s.applied as row_applied, s.worker as row_worker,
                s.status as row_status, s.phase as row_phase, s.parent, s.fork, s.last_event as row_last,
                s.entered_event as row_entered, s.scheduled_event as row_scheduled
            from stepwell.steps s
            where s.bucket = p_bucket and s.execution = i.execution and s.id = i.step
            limit 1
        ) s on true
        -- Sorted once, for all arrays.
        order by i.ord
    ) j;

    if v_is_shared then
        -- Ids are given in the order of the decisions. What ends an execution or a fork takes siblings with it: such a
        -- decision is alone in its call.
        select
            array_agg(case when r.result = 'a' then r.first + r.before end order by r.ord),
            array_agg(r.result::"char" order by r.ord)
        into v_first, v_result
        from (
            select k.*,
                coalesce(sum(case when k.result = 'a' then k.events else 0 end) over (
                    partition by k.execution order by k.ord
                    rows between unbounded preceding and 1 preceding), 0)::int as before
            from (
                select j.*,
                    case when j.verdict = 'a'
                        and bool_or(j.action in ('x', 'e')) over (partition by j.execution)
                        and min(j.ord) filter (where j.verdict = 'a') over (partition by j.execution) < j.ord
                        then 'c' else j.verdict end as result
                from unnest(p_execution, p_action, p_event_count, v_first, v_result) with ordinality
                    as j (execution, action, events, first, verdict, ord)
            ) k
        ) r;
        select array_agg(case when i.first is not null then i.row_id end order by i.ord),
            array_agg(case when i.first is not null then i.row_ended end order by i.ord)
        into v_row, v_row_ended
        from unnest(v_row, v_row_ended, v_first) with ordinality as i (row_id, row_ended, first, ord);
        -- A head is written once.
        perform stepwell.write_heads(p_bucket, array_agg(i.head), array_agg(i.head_ended), array_agg(i.execution),
            array_agg(i.last), array_agg(i.events))
        from (
            select i.execution, i.head, i.head_ended, i.last, sum(i.events)::int as events
            from unnest(p_execution, v_head, v_head_ended, v_head_last, p_event_count, v_first)
                as i (execution, head, head_ended, last, events, first)
            where i.first is not null
            group by i.execution, i.head, i.head_ended, i.last
        ) i;
    else
        perform stepwell.write_heads(p_bucket, v_head, v_head_ended, p_execution, v_head_last, p_event_count);
    end if;

    if cardinality(p_payload_id) > 0 then
        insert into stepwell.payloads (bucket, execution, id, value)
        select p_bucket, p.execution, p.id, p.value
        from unnest(p_payload_execution, p_payload_id, p_payload) as p (execution, id, value)
        where exists (
            select 1 from unnest(p_execution, v_first) as i (execution, first)
            where i.execution = p.execution and i.first is not null)
        order by p.execution, p.id
        on conflict do nothing;
    end if;

    insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
    select p_bucket, i.execution, i.first, i.first + i.count - 1, i.at, i.step, i.events
    from unnest(p_execution, p_step, p_events, p_event_count, p_at, v_first)
        as i (execution, step, events, count, at, first)
    where i.first is not null and i.count > 0;

    if not p_action <@ array['e']::"char"[] then
        perform stepwell.write_steps(p_bucket, p_lease, v_row, p_execution, p_step, v_first, p_fence, p_action, p_phase,
            p_state, p_function, p_run_at, p_wake_at, p_entered_at, p_entry, p_retry_count, p_retrier_uses, p_deadline,
            p_heartbeat, p_last_event, p_entered_event, p_scheduled_event, p_input, p_input_id, p_task_input,
            p_task_input_id, p_variables, p_variables_id);
    end if;

    if v_has_joined then
        -- The step had forked and has been joined: its children's results and items are history now.
        perform stepwell.forget_fork(p_bucket, p_execution[i], v_fork[i])
        from generate_subscripts(v_fork, 1) as i
        where v_fork[i] is not null and v_first[i] is not null;
    end if;

    if p_action && array['f']::"char"[] then
        for v_item in select i from generate_subscripts(p_action, 1) as i
            where p_action[i] = 'f' and v_first[i] is not null
        loop
            perform stepwell.fork_step(p_bucket, p_execution[v_item], p_step[v_item], v_first[v_item], p_fork[v_item]);
        end loop;
    end if;

    if cardinality(p_outbox) > 0 then
        insert into stepwell.outbox (bucket, id, kind, message)
        select p_bucket, (i.outbox ->> 'id')::uuid, 'start',
            json_build_object(
                'execution', i.execution, 'step', i.step,
                'event', case when i.scheduled < 0 then i.first - i.scheduled - 1 else i.scheduled end,
                'machine', i.outbox ->> 'machine', 'name', i.outbox ->> 'name',
                'awaited', (i.outbox ->> 'awaited')::boolean)
        from unnest(p_execution, p_step, v_first, p_scheduled_event, p_outbox)
            as i (execution, step, first, scheduled, outbox)
        where i.first is not null and i.outbox is not null
        on conflict do nothing;
    end if;

    if p_action && array['b']::"char"[] then
        perform stepwell.end_branches(p_bucket, p_execution, p_step, v_parent,
            array(select case when p_action[i] = 'b' then v_first[i] end
                  from generate_subscripts(p_action, 1) as i order by i),
            p_last_event, p_output, p_output_id);
    end if;
    if p_action && array['x']::"char"[] then
        for v_item in select i from generate_subscripts(p_action, 1) as i
            where p_action[i] = 'x' and v_first[i] is not null
        loop
            v_hints := v_hints || stepwell.fail_fork(p_bucket, p_worker, p_execution[v_item], v_parent[v_item],
                case when p_last_event[v_item] < 0 then v_first[v_item] - p_last_event[v_item] - 1
                     else p_last_event[v_item] end,
                p_error[v_item], p_cause[v_item]);
        end loop;
    end if;
    if v_ends then
        perform stepwell.delete_steps(p_bucket, v_row_ended, p_execution, p_step, p_fence);
        select stepwell.finish_executions(p_bucket, p_worker, array_agg(i.execution), null::tid[],
            array_agg(i.first + i.count - 1), array_agg(i.status), array_agg(i.output), array_agg(i.output_id),
            array_agg(i.error), array_agg(i.cause), v_forked, v_mapped)
        into v_holders
        from unnest(p_execution, v_first, p_event_count, p_action, p_status, p_output, p_output_id, p_error, p_cause)
            as i (execution, first, count, action, status, output, output_id, error, cause)
        where i.first is not null and i.action = 'e'
        having count(*) > 0;
        v_hints := v_hints || v_holders;
    end if;

    return query
    select i.ord::int, i.result,
        case i.result when 'a' then i.fence + 1 else i.row_fence end,
        case when i.result <> 'a' then i.row_last
             when i.last_event < 0 then i.first - i.last_event - 1 else i.last_event end,
        case when i.result <> 'a' then i.row_entered
             when i.entered < 0 then i.first - i.entered - 1 else i.entered end,
        case when i.result <> 'a' then i.row_scheduled
             when i.scheduled < 0 then i.first - i.scheduled - 1 else i.scheduled end,
        null::uuid
    from unnest(v_result, p_fence, v_row_fence, v_first, p_last_event, p_entered_event, p_scheduled_event, v_row_last,
            v_row_entered, v_row_scheduled)
        with ordinality as i (result, fence, row_fence, first, last_event, entered, scheduled, row_last,
            row_entered, row_scheduled, ord)
    union all
    select 0, 'h'::"char", null, null, null, null, h.worker
    from unnest(v_hints) as h (worker);
end $$;

-- As before, but that a name may be taken costs only where one is.
create or replace function stepwell.open_executions(
    p_bucket int,
    p_machine int,
    p_revision int,
    p_state text,
    p_function text,
    p_timeout_seconds int,
    p_started_at timestamptz,
    p_id uuid[],
    p_name text[],
    p_input json[]
) returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_count int;
    v_id uuid[] := p_id;
    v_input json[] := p_input;
    v_input_id uuid[];
begin
    if exists (select 1 from unnest(p_input) as i (input) where octet_length(i.input::text) > 1024) then
        select array_agg(case when octet_length(i.input::text) <= 1024 then i.input end order by i.ord),
            array_agg(case when octet_length(i.input::text) > 1024 then
                encode(substr(sha256(convert_to(i.input::text, 'UTF8')), 1, 16), 'hex')::uuid end order by i.ord)
        into v_input, v_input_id
        from unnest(p_input) with ordinality as i (input, ord);
    end if;

    begin
        insert into stepwell.executions (bucket, id, machine, revision, name, input, input_id, started_at)
        select p_bucket, i.id, p_machine, p_revision, i.name, i.input, i.input_id, p_started_at
        from unnest(p_id, p_name, v_input, v_input_id) as i (id, name, input, input_id);
        v_count := cardinality(p_id);
    exception when unique_violation then
        insert into stepwell.executions (bucket, id, machine, revision, name, input, input_id, started_at)
        select p_bucket, i.id, p_machine, p_revision, i.name, i.input, i.input_id, p_started_at
        from unnest(p_id, p_name, v_input, v_input_id) as i (id, name, input, input_id)
        on conflict (bucket, machine, name) do nothing;
        get diagnostics v_count = row_count;
    end;
    if v_count < cardinality(p_id) then
        select array_agg(e.id order by i.ord) into v_id
        from unnest(p_id) with ordinality as i (id, ord)
        left join lateral (
            select e.id from stepwell.executions e where e.bucket = p_bucket and e.id = i.id limit 1
        ) e on true;
    end if;

    if v_input_id is not null then
        insert into stepwell.payloads (bucket, execution, id, value)
        select p_bucket, i.id, i.input_id, i.value
        from unnest(v_id, v_input_id, p_input) as i (id, input_id, value)
        where i.id is not null and i.input_id is not null;
    end if;
    insert into stepwell.execution_heads (bucket, execution, last_event)
    select p_bucket, i.id, 1 from unnest(v_id) as i (id) where i.id is not null;
    insert into stepwell.steps
        (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state,
         input, input_id)
    select p_bucket, i.id, 0, p_machine, p_revision, i.name, 'r', p_function, p_function, now(), 'fresh', p_state,
        i.input, i.input_id
    from unnest(v_id, p_name, v_input, v_input_id) as i (id, name, input, input_id)
    where i.id is not null;
    if p_timeout_seconds is not null then
        insert into stepwell.steps
            (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state)
        select p_bucket, i.id, 1, p_machine, p_revision, i.name, 'r', '', '',
            now() + make_interval(secs => p_timeout_seconds), 'fresh', ''
        from unnest(v_id, p_name) as i (id, name)
        where i.id is not null;
    end if;
    return v_id;
end $$;

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
