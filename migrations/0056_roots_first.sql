-- Since 0055 counts events in root branches, a decision about a root branch that went to `advance` wrote its history before
-- it locked the root. Whoever had the root, and was about to write history under the same ids, waited for it: a deadlock,
-- which PostgreSQL resolves after a second, unless its clock is set back meanwhile.

-- As before, with every root branch locked before anything is written.
create or replace function stepwell.advance(
    p_bucket int, p_worker uuid, p_lease interval, p_execution uuid[], p_step bigint[], p_fence bigint[],
    p_action "char"[], p_events json[], p_event_count int[], p_at timestamptz[], p_phase text[], p_state text[],
    p_function text[], p_run_at timestamptz[], p_wake_at timestamptz[], p_entered_at timestamptz[], p_entry int[],
    p_retry_count int[], p_retrier_uses text[], p_deadline timestamptz[], p_heartbeat int[], p_last_event int[],
    p_entered_event int[], p_scheduled_event int[], p_input json[], p_input_id uuid[], p_task_input json[],
    p_task_input_id uuid[], p_variables json[], p_variables_id uuid[], p_status text[], p_output json[],
    p_output_id uuid[], p_error text[], p_cause text[], p_fork json[], p_outbox json[], p_payload_execution uuid[],
    p_payload_id uuid[], p_payload json[]
) returns table (
    o_item int, o_result "char", o_fence bigint, o_last_event int, o_entered_event int, o_scheduled_event int,
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
    -- Per decision about a branch that is no root: where its execution's root is. Of all: how many events there are.
    v_root tid[];
    v_last int[];
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
    if 1 = any (p_step) and cardinality(p_execution) > 1 then
        -- A time limit strikes while its root branch may be written by `advance_roots`, which locks those that go on before
        -- those that end. Where several are locked here, none is waited for; the worker sends fewer together then.
        perform 1
        from (select distinct i.execution from unnest(p_execution) as i (execution) order by i.execution) i
        cross join lateral (
            select 1 from stepwell.steps h
            where h.bucket = p_bucket and h.execution = i.execution and h.id = 0
            limit 1
            for update nowait
        ) h;
    else
        -- Branches of an execution take turns, and nothing is written before it is an execution's turn.
        perform 1
        from (select distinct i.execution from unnest(p_execution) as i (execution) order by i.execution) i
        cross join lateral (
            select 1 from stepwell.steps h
            where h.bucket = p_bucket and h.execution = i.execution and h.id = 0
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
        array_agg(case when j.is_valid and j.step <> 0 and j.action <> 'e' and j.events > 0 then j.root end),
        array_agg(j.root_last),
        array_agg(case when j.is_valid and j.action in ('k', 'r', 'w', 'f') then j.row_id end),
        array_agg(case when j.is_valid and j.action = 'e' then j.row_id end),
        array_agg(case
            when j.is_valid then 'a'::"char"
            when j.row_applied = j.fence and j.row_worker = p_worker then 'd'
            else 'n' end),
        array_agg(case when j.is_valid then j.root_last + 1 end),
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
    into v_root, v_last, v_row, v_row_ended, v_result, v_first, v_row_fence, v_row_last, v_row_entered,
        v_row_scheduled, v_parent, v_fork, v_has_joined, v_forked, v_mapped, v_is_shared
    from (
        select i.*, h.*, s.*,
            coalesce(s.row_fence = i.fence and s.row_status = 'l' and h.root_last is not null, false) as is_valid
        from unnest(p_execution, p_step, p_fence, p_action, p_event_count) with ordinality
            as i (execution, step, fence, action, events, ord)
        left join lateral (
            select h.ctid as root, h.events as root_last from stepwell.steps h
            where h.bucket = p_bucket and h.execution = i.execution and h.id = 0
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
        -- A root is written once.
        perform stepwell.count_events(p_bucket, array_agg(i.root), array_agg(i.execution), array_agg(i.last),
            array_agg(i.events))
        from (
            select i.execution, i.root, i.last, sum(i.events)::int as events
            from unnest(p_execution, v_root, v_last, p_event_count, v_first) as i (execution, root, last, events, first)
            where i.first is not null
            group by i.execution, i.root, i.last
        ) i;
    else
        perform stepwell.count_events(p_bucket, v_root, p_execution, v_last, p_event_count);
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
        perform stepwell.write_steps(p_bucket, p_lease, v_row, p_execution, p_step, v_first, p_event_count, p_fence,
            p_action, p_phase, p_state, p_function, p_run_at, p_wake_at, p_entered_at, p_entry, p_retry_count,
            p_retrier_uses, p_deadline, p_heartbeat, p_last_event, p_entered_event, p_scheduled_event, p_input, p_input_id, p_task_input,
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
        select stepwell.finish_executions(p_bucket, p_worker, array_agg(i.execution),
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

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
