-- Transitions whose cost does not depend on what the planner believes about the tables.
--
-- The hot tables are empty or full within seconds, and a plan is kept for as long as a session lives: a join that was
-- right for an empty table reads the whole bucket once per row when it has filled up. So rows are found one by one
-- through the primary key, by LATERAL with LIMIT, which leaves the planner no other order, and what was locked is written
-- by its address, in functions that allow nothing else.

-- Writes rows of `steps` and `execution_heads` that the caller has locked, at these addresses. Elements whose address is
-- null are not meant. p_events: what is added to the execution's last event.
create function stepwell.write_steps(
    p_bucket int,
    p_lease interval,
    p_head tid[],
    p_events int[],
    p_row tid[],
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
set enable_seqscan = off
set enable_indexscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    update stepwell.execution_heads h
    set last_event = h.last_event + i.events
    from unnest(p_head, p_events) as i (row_id, events)
    where h.bucket = p_bucket and h.ctid = i.row_id;

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
    from unnest(p_row, p_first, p_fence, p_action, p_phase, p_state, p_function, p_run_at, p_wake_at, p_entered_at, p_entry,
            p_retry_count, p_retrier_uses, p_deadline, p_heartbeat, p_last_event, p_entered_event, p_scheduled_event,
            p_input, p_input_id, p_task_input, p_task_input_id, p_variables, p_variables_id)
        as i (row_id, first, fence, action, phase, state, function, run_at, wake_at, entered_at, entry,
            retry_count, retrier_uses, deadline, heartbeat, last_event, entered, scheduled,
            input, input_id, task_input, task_input_id, variables, variables_id)
    where s.bucket = p_bucket and s.ctid = i.row_id;
end $$;

-- Writes the ends of executions: their rows of `execution_heads` and `steps` go, those of `executions` say how it ended.
-- All are at these addresses. Answers whether somebody waits for one of them.
create function stepwell.write_ends(
    p_bucket int,
    p_head tid[],
    p_steps tid[],
    p_row tid[],
    p_last_event int[],
    p_status text[],
    p_output json[],
    p_output_id uuid[],
    p_error text[],
    p_cause text[]
) returns boolean
language plpgsql
set enable_seqscan = off
set enable_indexscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_has_parents boolean;
begin
    delete from stepwell.steps s where s.bucket = p_bucket and s.ctid = any (p_steps);
    with ended as (
        update stepwell.executions e
        set status = i.status, output = i.output, output_id = i.output_id, error = i.error, cause = i.cause,
            stopped_at = now(), last_event = i.last_event
        from unnest(p_row, p_last_event, p_status, p_output, p_output_id, p_error, p_cause)
            as i (row_id, last_event, status, output, output_id, error, cause)
        where e.bucket = p_bucket and e.ctid = i.row_id
        returning e.parent_execution
    )
    select bool_or(e.parent_execution is not null) into v_has_parents from ended e;
    delete from stepwell.execution_heads h where h.bucket = p_bucket and h.ctid = any (p_head);
    return coalesce(v_has_parents, false);
end $$;

-- Ends executions whose terminal events are already recorded, and whose heads the caller has locked: nothing of them stays
-- in the queue, and whoever waits for one is told through the outbox. Elements whose p_execution is null are not meant;
-- p_last_event is how many events an execution has. Answers who held leases on steps that are gone now.
create function stepwell.finish_executions(
    p_bucket int, p_worker uuid, p_execution uuid[], p_head tid[], p_last_event int[], p_status text[], p_output json[],
    p_output_id uuid[], p_error text[], p_cause text[]
) returns uuid[]
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_steps tid[];
    v_rows tid[];
    v_holders uuid[];
    v_forked boolean;
begin
    select array_agg(s.row_id), bool_or(s.id > 1),
        array_agg(distinct s.worker) filter (where s.status = 'l' and s.worker is distinct from p_worker)
    into v_steps, v_forked, v_holders
    from unnest(p_execution) as i (execution)
    cross join lateral (
        select s.ctid as row_id, s.id, s.worker, s.status from stepwell.steps s
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
    if v_forked then
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
    return coalesce(v_holders, '{}');
end $$;

-- The same for callers that have only locked the heads.
create or replace function stepwell.end_executions(
    p_bucket int, p_worker uuid, p_execution uuid[], p_status text[], p_output json[], p_output_id uuid[],
    p_error text[], p_cause text[]
) returns uuid[]
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
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
        p_output_id, p_error, p_cause);
end $$;

-- Makes decisions durable: one element of every array (up to p_at) is one decision about one leased step.
--
-- p_action says what becomes of the step:
--   k  stays leased by the same worker        r  ready at run_at for next_function
--   w  waits for an answer                    f  has forked (p_fork says what)
--   b  branch ended, p_output is its result   x  branch failed, and the fork with it
--   e  the execution ended with p_status
-- Event references (p_last_event, p_entered_event, p_scheduled_event, `event` in p_fork, and those inside p_events) are
-- ids when they are not negative, else places in this decision's own events: -1 is the first.
--
-- Answers one row per decision:
--   o_result  a  applied                   d  done before: this very call was applied, its answer got lost
--             n  not yours any more        c  not now: another decision about the same execution goes first
-- and the step's fence and event ids as they are now; and one row with o_result h and o_worker for every process that
-- holds a lease on a step that is gone now.
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
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    -- Per decision: where the execution's head is and what it says.
    v_head tid[];
    v_head_last int[];
    -- The heads to write: those of executions that end need not be written before they go.
    v_head_written tid[];
    v_event_count int[] := p_event_count;
    -- Whether several decisions are about one execution.
    v_is_shared boolean;
    -- Per decision: the id of its first event when it is valid, else null; and where the step's row is and what it says.
    v_first int[];
    v_result "char"[];
    v_row tid[];
    v_row_fence bigint[];
    v_row_last int[];
    v_row_entered int[];
    v_row_scheduled int[];
    v_parent bigint[];
    v_fork int[];
    v_has_joined boolean;
    v_ends boolean := p_action && array['e']::"char"[];
    v_item int;
    v_hints uuid[];
    v_holders uuid[];
begin
    select array_agg(h.row_id order by i.ord), array_agg(h.last_event order by i.ord),
        count(distinct i.execution) < count(*)
    into v_head, v_head_last, v_is_shared
    from (
        select i.execution, i.ord from unnest(p_execution) with ordinality as i (execution, ord) order by i.execution
    ) i
    left join lateral (
        select h.ctid as row_id, h.last_event from stepwell.execution_heads h
        where h.bucket = p_bucket and h.execution = i.execution
        limit 1
        for update
    ) h on true;

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
    end if;

    select
        array_agg(case when j.is_valid and j.action in ('k', 'r', 'w', 'f') then j.row_id end order by j.ord),
        array_agg(case when j.is_valid and j.action <> 'e' and j.events > 0 then j.head end order by j.ord),
        array_agg(case
            when j.is_valid then 'a'::"char"
            when j.row_applied = j.fence and j.row_worker = p_worker then 'd'
            else 'n' end order by j.ord),
        array_agg(case when j.is_valid then j.head_last + 1 end order by j.ord),
        array_agg(j.row_fence order by j.ord),
        array_agg(j.row_last order by j.ord),
        array_agg(j.row_entered order by j.ord),
        array_agg(j.row_scheduled order by j.ord),
        array_agg(j.parent order by j.ord),
        array_agg(j.fork order by j.ord),
        bool_or(j.fork is not null)
    into v_row, v_head_written, v_result, v_first, v_row_fence, v_row_last, v_row_entered, v_row_scheduled, v_parent,
        v_fork, v_has_joined
    from (
        select i.*, s.*,
            coalesce(s.row_fence = i.fence and s.row_status = 'l' and i.head_last is not null, false) as is_valid
        from (
            select i.*
            from unnest(p_execution, p_step, p_fence, p_action, p_event_count, v_head, v_head_last) with ordinality
                as i (execution, step, fence, action, events, head, head_last, ord)
            order by i.execution, i.step
        ) i
        left join lateral (
            select s.ctid as row_id, s.fence as row_fence, s.applied as row_applied, s.worker as row_worker,
                s.status as row_status, s.parent, s.fork, s.last_event as row_last, s.entered_event as row_entered,
                s.scheduled_event as row_scheduled
            from stepwell.steps s
            where s.bucket = p_bucket and s.execution = i.execution and s.id = i.step
            limit 1
            for update
        ) s on true
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
        select array_agg(case when i.first is not null then i.row_id end order by i.ord) into v_row
        from unnest(v_row, v_first) with ordinality as i (row_id, first, ord);
        select array_agg(i.row_id), array_agg(i.events) into v_head_written, v_event_count
        from (
            select i.row_id, sum(i.events)::int as events
            from unnest(v_head_written, p_event_count, v_first) as i (row_id, events, first)
            where i.row_id is not null and i.first is not null
            group by i.row_id
        ) i;
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
        perform stepwell.write_steps(p_bucket, p_lease, v_head_written, v_event_count, v_row, v_first, p_fence, p_action,
            p_phase, p_state, p_function, p_run_at, p_wake_at, p_entered_at, p_entry, p_retry_count, p_retrier_uses, p_deadline,
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
        select stepwell.finish_executions(p_bucket, p_worker, array_agg(i.execution), array_agg(i.head),
            array_agg(i.first + i.count - 1), array_agg(i.status), array_agg(i.output), array_agg(i.output_id),
            array_agg(i.error), array_agg(i.cause))
        into v_holders
        from unnest(p_execution, v_head, v_first, p_event_count, p_action, p_status, p_output, p_output_id, p_error,
                p_cause)
            as i (execution, head, first, count, action, status, output, output_id, error, cause)
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

revoke execute on all functions in schema stepwell from public;
