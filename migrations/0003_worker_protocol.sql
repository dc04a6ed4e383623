-- The worker protocol: claim, advance, extend, release, sweep. One bucket per call, always the first argument.
--
-- Locks are taken in one order everywhere: execution_heads by id, parent steps by id, steps by id.
-- The planner settings on the functions leave it no choice but the index that is meant. The hot tables are empty when a
-- plan is first made and change too fast for statistics to be right; a cached plan that sorts or scans would stay.

-- Leases up to p_limit ready steps of these functions to a worker. p_from is the low-water mark: nothing ready before
-- it is looked at.
create function stepwell.claim(
    p_bucket int,
    p_functions text[],
    p_limit int,
    p_worker uuid,
    p_lease interval,
    p_from timestamptz
) returns setof stepwell.steps
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
-- The rows that have just been locked are found by their addresses, not by scanning the bucket for them.
set random_page_cost = 0
as $$
begin
    return query
    update stepwell.steps s
    set status = 'l',
        fence = s.fence + 1,
        worker = p_worker,
        lease_until = now() + p_lease,
        wake_at = now() + p_lease
    where s.bucket = p_bucket
      and s.ctid = any (array(
        select c.row_id
        from unnest(p_functions) as f (name)
        cross join lateral (
            select r.ctid as row_id
            from stepwell.steps r
            where r.bucket = p_bucket and r.function = f.name and r.status = 'r'
              and r.run_at >= p_from and r.run_at <= now()
            order by r.run_at
            limit p_limit
            for update skip locked
        ) c
        limit p_limit))
    returning s.*;
end $$;

-- When something will be due in a bucket: a step for one of these functions, a step to be swept, a message. Null: nothing
-- is in sight.
create function stepwell.probe(
    p_bucket int,
    p_functions text[]
) returns table (o_now timestamptz, o_ready timestamptz, o_wake timestamptz, o_outbox timestamptz)
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
begin
    o_now := now();
    select min(r.run_at) into o_ready
    from unnest(p_functions) as f (name)
    cross join lateral (
        select s.run_at from stepwell.steps s
        where s.bucket = p_bucket and s.function = f.name and s.status = 'r'
        order by s.run_at
        limit 1
    ) r;
    select s.wake_at into o_wake from stepwell.steps s
    where s.bucket = p_bucket and s.wake_at is not null
    order by s.wake_at
    limit 1;
    select o.run_at into o_outbox from stepwell.outbox o
    where o.bucket = p_bucket
    order by o.run_at
    limit 1;
    return next;
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
create function stepwell.advance(
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
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    -- Per decision: the id of its first event when it is valid, else null; and what the step's row said.
    v_first int[];
    v_result "char"[];
    v_row_fence bigint[];
    v_row_last int[];
    v_row_entered int[];
    v_row_scheduled int[];
    v_parent bigint[];
    v_fork int[];
    v_has_joined boolean;
    v_item int;
    v_hints uuid[];
begin
    perform 1 from stepwell.execution_heads h
    where h.bucket = p_bucket and h.execution = any (p_execution)
    order by h.execution
    for update;

    if p_action && array['b', 'x']::"char"[] then
        perform 1
        from (
            select distinct s.execution, s.parent
            from unnest(p_execution, p_step, p_action) as i (execution, step, action)
            join stepwell.steps s on s.bucket = p_bucket and s.execution = i.execution and s.id = i.step
            where i.action in ('b', 'x')
        ) k
        join stepwell.steps p on p.bucket = p_bucket and p.execution = k.execution and p.id = k.parent
        order by p.execution, p.id
        for update of p;
    end if;

    with item as materialized (
        select i.execution, i.step, i.fence, i.action, i.events, i.ord::int as ord
        from unnest(p_execution, p_step, p_fence, p_action, p_event_count) with ordinality
            as i (execution, step, fence, action, events, ord)
    ), locked as materialized (
        select s.execution, s.id, s.fence, s.applied, s.worker, s.status, s.parent, s.fork, s.last_event,
            s.entered_event, s.scheduled_event
        from item i
        join stepwell.steps s on s.bucket = p_bucket and s.execution = i.execution and s.id = i.step
        order by s.execution, s.id
        for update of s
    ), judged as (
        select i.*, l.fence as row_fence, l.last_event as row_last, l.entered_event as row_entered,
            l.scheduled_event as row_scheduled, l.parent, l.fork, h.last_event as head_last,
            case
                when l.fence = i.fence and l.status = 'l' and h.last_event is not null then 'a'
                when l.applied = i.fence and l.worker = p_worker then 'd'
                else 'n'
            end as verdict
        from item i
        left join locked l on l.execution = i.execution and l.id = i.step
        left join stepwell.execution_heads h on h.bucket = p_bucket and h.execution = i.execution
    ), ranked as (
        -- What ends an execution or a fork takes siblings with it: such a decision is alone in its call.
        select j.*,
            case when j.verdict = 'a'
                and bool_or(j.action in ('x', 'e')) over (partition by j.execution)
                and min(j.ord) filter (where j.verdict = 'a') over (partition by j.execution) < j.ord
                then 'c' else j.verdict end as result
        from judged j
    )
    select
        array_agg(case when r.result = 'a' then r.head_last + 1 + r.before end order by r.ord),
        array_agg(r.result::"char" order by r.ord),
        array_agg(r.row_fence order by r.ord),
        array_agg(r.row_last order by r.ord),
        array_agg(r.row_entered order by r.ord),
        array_agg(r.row_scheduled order by r.ord),
        array_agg(r.parent order by r.ord),
        array_agg(case when r.result = 'a' then r.fork end order by r.ord),
        bool_or(r.result = 'a' and r.fork is not null)
    into v_first, v_result, v_row_fence, v_row_last, v_row_entered, v_row_scheduled, v_parent, v_fork,
        v_has_joined
    from (
        select k.*,
            coalesce(sum(case when k.result = 'a' then k.events else 0 end) over (
                partition by k.execution order by k.ord
                rows between unbounded preceding and 1 preceding), 0)::int as before
        from ranked k
    ) r;

    update stepwell.execution_heads h
    set last_event = h.last_event + c.events
    from (
        select i.execution, sum(i.events)::int as events
        from unnest(p_execution, p_event_count, v_first) as i (execution, events, first)
        where i.first is not null
        group by i.execution
    ) c
    where h.bucket = p_bucket and h.execution = c.execution and c.events > 0;

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
    from unnest(p_execution, p_step, p_fence, p_action, v_first, p_phase, p_state, p_function, p_run_at, p_wake_at,
            p_entered_at, p_entry, p_retry_count, p_retrier_uses, p_deadline, p_heartbeat, p_last_event,
            p_entered_event, p_scheduled_event, p_input, p_input_id, p_task_input, p_task_input_id, p_variables, p_variables_id)
        as i (execution, step, fence, action, first, phase, state, function, run_at, wake_at,
            entered_at, entry, retry_count, retrier_uses, deadline, heartbeat, last_event,
            entered, scheduled, input, input_id, task_input, task_input_id, variables, variables_id)
    where s.bucket = p_bucket and s.execution = i.execution and s.id = i.step
      and i.first is not null and i.action in ('k', 'r', 'w', 'f');

    if v_has_joined then
        -- The step had forked and has been joined: its children's results and items are history now.
        perform stepwell.forget_fork(p_bucket, p_execution[i], v_fork[i])
        from generate_subscripts(v_fork, 1) as i
        where v_fork[i] is not null;
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
    if p_action && array['e']::"char"[] then
        v_hints := v_hints || stepwell.end_executions(p_bucket, p_worker,
            array(select case when p_action[i] = 'e' and v_first[i] is not null then p_execution[i] end
                  from generate_subscripts(p_action, 1) as i order by i),
            p_status, p_output, p_output_id, p_error, p_cause);
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

-- Starts the children of a step that has just become joining.
create function stepwell.fork_step(
    p_bucket int, p_execution uuid, p_step bigint, p_first int, p_fork json
) returns void
language plpgsql
set enable_seqscan = off
as $$
declare
    -- The fork's event names the fork; what children carry as their last event is the same event.
    v_event int := (p_fork ->> 'event')::int;
    v_count int := (p_fork ->> 'count')::int;
    v_initial int := (p_fork ->> 'initial')::int;
begin
    if v_event < 0 then
        v_event := p_first - v_event - 1;
    end if;
    update stepwell.steps s
    set fork = v_event, item_count = v_count, remaining = v_count, next_item = v_initial,
        child_state = p_fork ->> 'state', child_function = coalesce(p_fork ->> 'function', '')
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_step;

    if p_fork -> 'items' is not null then
        insert into stepwell.map_items (bucket, execution, fork, first_index, items)
        select p_bucket, p_execution, v_event, (c.chunk ->> 0)::int, c.chunk -> 1
        from json_array_elements(p_fork -> 'items') as c (chunk);
    end if;

    insert into stepwell.steps
        (bucket, execution, id, parent, machine, revision, name, status, function, next_function, run_at, phase, state,
         last_event)
    select p_bucket, p_execution, (v_event::bigint << 32) | n.index, p_step, s.machine, s.revision, s.name, 'r',
        n.function, n.function, now(), 'fresh', n.state, v_event
    from stepwell.steps s
    cross join lateral (
        select i as index, s.child_state as state, s.child_function as function
        from generate_series(0, v_initial - 1) as i
        where p_fork -> 'states' is null
        union all
        select (b.ord - 1)::int, b.branch ->> 0, b.branch ->> 1
        from json_array_elements(p_fork -> 'states') with ordinality as b (branch, ord)
        where p_fork -> 'states' is not null
    ) n
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_step;
end $$;

-- Ends branches well: their outputs wait for the parent, which learns how many are left; each one that ends lets the
-- next item of its Map begin. p_first is null for elements that are not meant.
create function stepwell.end_branches(
    p_bucket int, p_execution uuid[], p_step bigint[], p_parent bigint[], p_first int[], p_last_event int[],
    p_output json[], p_output_id uuid[]
) returns void
language plpgsql
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
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
        function = case when p.remaining = e.children then '' else p.function end,
        fence = case when p.remaining = e.children then p.fence + 1 else p.fence end
    from unnest(v_execution, v_parent, v_children, v_last_event) as e (execution, parent, children, last_event)
    where p.bucket = p_bucket and p.execution = e.execution and p.id = e.parent;
end $$;

-- Ends a fork badly: every branch below the parent is gone, the parent hears of it. Answers who held leases on them.
create function stepwell.fail_fork(
    p_bucket int, p_worker uuid, p_execution uuid, p_parent bigint, p_last_event int, p_error text, p_cause text
) returns uuid[]
language plpgsql
set enable_seqscan = off
as $$
declare
    v_fork int;
    v_forks int[];
    v_next int[];
    v_holders uuid[] := '{}';
    v_deleted uuid[];
begin
    select s.fork into v_fork from stepwell.steps s
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_parent;
    v_forks := array[v_fork];
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
            returning s.fork, s.worker, s.status
        )
        select array_agg(g.fork) filter (where g.fork is not null),
            array_agg(distinct g.worker) filter (where g.status = 'l' and g.worker <> p_worker)
        into v_next, v_deleted
        from gone g;
        perform stepwell.forget_fork(p_bucket, p_execution, f.fork) from unnest(v_forks) as f (fork);
        v_holders := v_holders || coalesce(v_deleted, '{}');
        v_forks := v_next;
    end loop;

    update stepwell.steps s
    set status = 'r', run_at = now(), function = '', fence = s.fence + 1, fork = null, remaining = null,
        item_count = null, next_item = null, last_event = p_last_event, outcome = 'branchFailed', error = p_error,
        cause = p_cause
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_parent;
    return v_holders;
end $$;

-- Drops what a fork has stored for its parent.
create function stepwell.forget_fork(p_bucket int, p_execution uuid, p_fork int) returns void
language plpgsql
set enable_seqscan = off
as $$
begin
    delete from stepwell.results r
    where r.bucket = p_bucket and r.execution = p_execution
      and r.id >= p_fork::bigint << 32 and r.id < (p_fork::bigint + 1) << 32;
    delete from stepwell.map_items m
    where m.bucket = p_bucket and m.execution = p_execution and m.fork = p_fork;
end $$;

-- Ends executions whose terminal events are already recorded: nothing of them stays in the queue, and whoever waits for
-- one is told through the outbox. Elements whose p_execution is null are not meant. Answers who held leases on steps
-- that are gone now.
create function stepwell.end_executions(
    p_bucket int, p_worker uuid, p_execution uuid[], p_status text[], p_output json[], p_output_id uuid[],
    p_error text[], p_cause text[]
) returns uuid[]
language plpgsql
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_holders uuid[];
    v_forked boolean;
    v_has_parents boolean;
begin
    with gone as (
        delete from stepwell.steps s
        where s.bucket = p_bucket and s.execution = any (p_execution)
        returning s.id, s.worker, s.status
    )
    select array_agg(distinct g.worker) filter (where g.status = 'l' and g.worker is distinct from p_worker),
        bool_or(g.id > 1)
    into v_holders, v_forked
    from gone g;
    if v_forked then
        delete from stepwell.results r where r.bucket = p_bucket and r.execution = any (p_execution);
        delete from stepwell.map_items m where m.bucket = p_bucket and m.execution = any (p_execution);
    end if;
    with ended as (
        update stepwell.executions e
        set status = i.status, output = i.output, output_id = i.output_id, error = i.error, cause = i.cause,
            stopped_at = now(), last_event = h.last_event
        from unnest(p_execution, p_status, p_output, p_output_id, p_error, p_cause)
            as i (execution, status, output, output_id, error, cause)
        join stepwell.execution_heads h on h.bucket = p_bucket and h.execution = i.execution
        where e.bucket = p_bucket and e.id = i.execution
        returning e.parent_execution
    )
    select bool_or(e.parent_execution is not null) into v_has_parents from ended e;
    delete from stepwell.execution_heads h where h.bucket = p_bucket and h.execution = any (p_execution);
    if v_has_parents then
        insert into stepwell.outbox (bucket, id, kind, message)
        select p_bucket, e.id, 'result', json_build_object('bucket', e.parent_bucket, 'execution', e.parent_execution,
            'step', e.parent_step, 'event', e.parent_event)
        from stepwell.executions e
        where e.bucket = p_bucket and e.id = any (p_execution) and e.parent_execution is not null
        on conflict do nothing;
    end if;
    return coalesce(v_holders, '{}');
end $$;

-- Extends leases. Answers the places (from 1) of those that are still the caller's.
create function stepwell.extend(
    p_bucket int, p_lease interval, p_execution uuid[], p_step bigint[], p_fence bigint[]
) returns setof int
language plpgsql
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    perform 1 from stepwell.steps s
    join unnest(p_execution, p_step) as i (execution, step)
        on s.bucket = p_bucket and s.execution = i.execution and s.id = i.step
    order by s.execution, s.id
    for update of s;
    return query
    update stepwell.steps s
    set lease_until = now() + p_lease
    from unnest(p_execution, p_step, p_fence) with ordinality as i (execution, step, fence, ord)
    where s.bucket = p_bucket and s.execution = i.execution and s.id = i.step and s.fence = i.fence and s.status = 'l'
    returning i.ord::int;
end $$;

-- Gives leases back: the steps are ready again, for the same work, and nothing counts against them. A transition of the
-- caller's that was applied although its answer got lost counts as its lease. Answers how many were given back.
create function stepwell.release(
    p_bucket int, p_worker uuid, p_execution uuid[], p_step bigint[], p_fence bigint[], p_delay interval
) returns int
language plpgsql
set enable_seqscan = off
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
    set status = 'r', function = s.next_function, run_at = now() + p_delay, wake_at = null, lease_until = null,
        worker = null, fence = s.fence + 1, started = false
    from unnest(p_execution, p_step, p_fence) as i (execution, step, fence)
    where s.bucket = p_bucket and s.execution = i.execution and s.id = i.step and s.status = 'l'
      and s.worker = p_worker and (s.fence = i.fence or s.applied = i.fence);
    get diagnostics v_count = row_count;
    return v_count;
end $$;

-- Notes that the handler of a suspect begins: if the process dies now, it counts.
create function stepwell.start_suspect(p_bucket int, p_execution uuid, p_step bigint, p_fence bigint) returns boolean
language plpgsql
set enable_seqscan = off
as $$
begin
    update stepwell.steps s
    set started = true
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_step and s.fence = p_fence and s.status = 'l';
    return found;
end $$;

-- A leased step whose worker is gone is ready again. From now on it is a suspect: it runs alone. If its handler had
-- begun while it ran alone, that counts, and the third time it fails as a task error instead of running again.
create function stepwell.lose_lease(p_step stepwell.steps) returns void
language plpgsql
set enable_seqscan = off
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
                v_losses, p_step.next_function))::text;
    end if;
    update stepwell.steps s
    set status = 'r', run_at = now(), wake_at = null, lease_until = null, worker = null, fence = s.fence + 1,
        suspect = true, started = false, losses = v_losses,
        outcome = v_outcome, error = v_error, cause = v_cause,
        -- A branch that only has to hear of a failure is anybody's.
        function = case when v_outcome is not null and s.phase = 'invoking' then '' else s.next_function end
    where s.bucket = p_step.bucket and s.execution = p_step.execution and s.id = p_step.id;
end $$;

-- Looks at steps whose wake_at has come: rescues lost leases, ends waits that took too long, moves the rest. Any worker
-- may call it at any time; every condition is checked on the locked row. Answers how many were looked at.
create function stepwell.sweep(p_bucket int, p_limit int) returns int
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
    v_step stepwell.steps;
    v_count int := 0;
begin
    for v_step in
        select * from stepwell.steps s
        where s.bucket = p_bucket and s.wake_at <= now()
        order by s.wake_at
        limit p_limit
        for update skip locked
    loop
        v_count := v_count + 1;
        if v_step.status = 'l' and v_step.lease_until <= now() then
            perform stepwell.lose_lease(v_step);
        elsif v_step.status = 'l' then
            update stepwell.steps s set wake_at = v_step.lease_until
            where s.bucket = p_bucket and s.execution = v_step.execution and s.id = v_step.id;
        elsif v_step.status = 'w' then
            update stepwell.steps s
            set status = 'r', run_at = now(), wake_at = null, fence = s.fence + 1, function = '', outcome = 'timedOut'
            where s.bucket = p_bucket and s.execution = v_step.execution and s.id = v_step.id;
        end if;
    end loop;
    return v_count;
end $$;

-- Takes all leases of a dead worker at once: only its successor on the same host, holding the lock on its name, may
-- call this.
create function stepwell.release_worker(p_bucket int, p_worker uuid) returns int
language plpgsql
set enable_seqscan = off
as $$
declare
    v_step stepwell.steps;
    v_count int := 0;
begin
    for v_step in
        select * from stepwell.steps s
        where s.bucket = p_bucket and s.wake_at is not null and s.status = 'l' and s.worker = p_worker
        order by s.execution, s.id
        for update skip locked
    loop
        perform stepwell.lose_lease(v_step);
        v_count := v_count + 1;
    end loop;
    return v_count;
end $$;

-- Hands a waiting step the answer it waits for: a child's start (in phase starting) or end (in phase submitted).
-- Answers whether the step took it ('taken'), still expects something else first ('early'), or is past it ('gone').
create function stepwell.deliver(
    p_bucket int, p_execution uuid, p_step bigint, p_event int, p_phase text,
    p_outcome text, p_value json, p_value_id uuid, p_payload json, p_error text, p_cause text
) returns text
language plpgsql
set enable_seqscan = off
as $$
declare
    v_step stepwell.steps;
begin
    perform 1 from stepwell.execution_heads h where h.bucket = p_bucket and h.execution = p_execution for update;
    if not found then
        return 'gone';
    end if;
    select * into v_step from stepwell.steps s
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_step
    for update;
    if not found or v_step.scheduled_event <> p_event or v_step.phase not in ('starting', 'submitted') then
        return 'gone';
    end if;
    if v_step.phase <> p_phase and p_phase = 'submitted' then
        return 'early';
    end if;
    if v_step.phase <> p_phase or v_step.status <> 'w' then
        return 'gone';
    end if;
    if p_payload is not null then
        insert into stepwell.payloads (bucket, execution, id, value)
        values (p_bucket, p_execution, p_value_id, p_payload)
        on conflict do nothing;
    end if;
    update stepwell.steps s
    set status = 'r', run_at = now(), wake_at = null, fence = s.fence + 1, function = '',
        outcome = p_outcome, outcome_value = p_value, outcome_id = p_value_id, error = p_error, cause = p_cause
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_step;
    return 'taken';
end $$;
