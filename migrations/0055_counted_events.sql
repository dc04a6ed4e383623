-- The count of an execution's events stands in its root branch, which every running execution has, instead of in a table of
-- its own. A start writes a row less, a transition updates a row less, and an end deletes one less: of a workflow of three
-- tasks that is a tenth of what is logged.
--
-- Locks are taken in one order everywhere, as before: root branches by execution, then parents, then the others.

-- Whoever is in the middle of something finishes it first.
lock table stepwell.execution_heads, stepwell.steps in access exclusive mode;

alter table stepwell.steps
    -- Of a root branch: the id of its execution's last event. Of others it says nothing.
    add column events int not null default 1;

update stepwell.steps s
set events = h.last_event
from stepwell.execution_heads h
where s.bucket = h.bucket and s.execution = h.execution and s.id = 0 and h.last_event > 1;

drop table stepwell.execution_heads;

-- For programs of before, which count and list with it, and for calls that waited for the lock above.
create view stepwell.execution_heads as
select s.bucket, s.execution, s.events as last_event
from stepwell.steps s
where s.id = 0;

create rule open as on insert to stepwell.execution_heads do instead nothing;

drop function stepwell.write_heads(int, tid[], tid[], uuid[], int[], int[]);

-- Adds events to executions. p_row: where the root branches are, which the caller has locked; elements without one are left
-- out. p_last: what they said then.
create function stepwell.count_events(p_bucket int, p_row tid[], p_execution uuid[], p_last int[], p_events int[])
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
    if cardinality(array_remove(p_row, null)) = 0 then
        return;
    end if;
    update stepwell.steps s
    set events = s.events + i.events
    from unnest(p_row, p_execution, p_last, p_events) as i (row_id, execution, last, events)
    where s.bucket = p_bucket and s.ctid = i.row_id and s.execution = i.execution and s.id = 0 and s.events = i.last;
    get diagnostics v_count = row_count;
    perform stepwell.require_written(v_count, p_row);
end $$;

drop function stepwell.write_steps(
    int, interval, tid[], uuid[], bigint[], int[], bigint[], "char"[], text[], text[], text[], timestamptz[],
    timestamptz[], timestamptz[], int[], int[], text[], timestamptz[], int[], int[], int[], int[], json[], uuid[],
    json[], uuid[], json[], uuid[]
);

-- As before; and what root branches are about to have of events is written with them.
create function stepwell.write_steps(
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

-- As before, with the count in the root branch. Where decisions about branches that are no root are among them, all roots are
-- locked first.
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
    if not 0 = all (p_step) then
        -- Branches of an execution take turns. Beside its root there is none that would.
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

-- As before, without a row of a head.
create or replace function stepwell.open_executions(
    p_bucket int, p_machine int, p_revision int, p_state text, p_function text, p_timeout_seconds int,
    p_started_at timestamptz, p_id uuid[], p_name text[], p_input json[]
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

-- As before, without a row of a head.
create or replace function stepwell.open_execution(
    p_state_machine text, p_input json, p_name text, p_parent_bucket int, p_parent_execution uuid,
    p_parent_step bigint, p_parent_event int, p_express_id uuid default null
) returns table (o_outcome text, o_arn text, o_id uuid, o_started_at timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_machine text := regexp_replace(p_state_machine, '^arn:[^:]*:states:[^:]*:[^:]*:stateMachine:', '');
    v_milliseconds bigint := date_part('epoch', clock_timestamp()) * 1000;
    v_id uuid := lpad(to_hex(v_milliseconds), 12, '0') || '7' || right(gen_random_uuid()::text, 21);
    -- The id's own time, so that both say the same.
    v_started_at timestamptz := to_timestamp(v_milliseconds / 1000.0);
    v_large boolean := octet_length(p_input::text) > 1024;
    v_inline json := case when not v_large then p_input end;
    v_digest uuid;
    v_name text := p_name;
    v_bucket int;
    v_revision record;
    v_found stepwell.executions;
begin
    -- What is plainly right needs no closer look.
    if p_name is null or p_name ~ '[^A-Za-z0-9_.-]' or octet_length(p_name) not between 1 and 80 then
        perform stepwell.check_name('execution', p_name);
    end if;
    if p_input is null or v_large or strpos(p_input::text, '\u') > 0 then
        perform stepwell.check_payload(p_input);
    end if;
    select m.id as machine, r.id, r.entry_state, r.entry_function, r.timeout_seconds, s.buckets, s.region, s.account,
        m.type, null::int as version, null::text as alias, m.deleting_at is not null as deleting
    into v_revision
    from stepwell.settings s
    join stepwell.state_machines m on m.name = v_machine
    join stepwell.revisions r on r.id = m.revision;
    -- No valid name has a colon: what stands behind it is a version or an alias.
    if not found and strpos(v_machine, ':') > 0 then
        select t.o_machine as machine, r.id, r.entry_state, r.entry_function, r.timeout_seconds, s.buckets, s.region,
            s.account, m.type, t.o_version as version, t.o_alias as alias, t.o_deleting as deleting
        into v_revision
        from stepwell.settings s
        cross join stepwell.route(v_machine) t
        join stepwell.state_machines m on m.id = t.o_machine
        join stepwell.revisions r on r.id = t.o_revision;
        v_machine := split_part(v_machine, ':', 1);
    end if;
    if v_revision.machine is null then
        raise exception using errcode = 'SW003',
            message = format('StateMachineDoesNotExist: there is no state machine named %L', p_state_machine),
            hint = 'Deploy it first: stepwell deploy FILE.asl.json';
    elsif v_revision.deleting then
        raise exception using errcode = 'SW101',
            message = format('StateMachineDeleting: the state machine %L is being deleted', v_machine);
    end if;
    if v_revision.type = 'EXPRESS' then
        v_name := p_name || ':' || coalesce(p_express_id, gen_random_uuid());
    end if;
    v_bucket := stepwell.bucket_of(v_machine, v_name, v_revision.buckets);
    if v_large then
        v_digest := encode(substr(sha256(convert_to(p_input::text, 'UTF8')), 1, 16), 'hex')::uuid;
    end if;
    o_arn := 'arn:aws:states:' || v_revision.region || ':' || v_revision.account
        || case when v_revision.type = 'EXPRESS' then ':express:' else ':execution:' end || v_machine || ':' || v_name;

    insert into stepwell.executions
        (bucket, id, machine, revision, name, input, input_id, started_at, version, alias,
         parent_bucket, parent_execution, parent_step, parent_event)
    values
        (v_bucket, v_id, v_revision.machine, v_revision.id, v_name, v_inline, v_digest, v_started_at,
         v_revision.version, v_revision.alias, p_parent_bucket, p_parent_execution, p_parent_step, p_parent_event)
    on conflict (bucket, machine, name) do nothing;
    if not found then
        select e.* into strict v_found
        from stepwell.executions e
        where e.bucket = v_bucket and e.machine = v_revision.machine and e.name = v_name;
        o_outcome := case
            -- The same start asks again: whatever has become of the child, this is its child.
            when v_revision.type = 'EXPRESS' then 'exists'
            when v_found.parent_execution = p_parent_execution and v_found.parent_step = p_parent_step
                and v_found.parent_event = p_parent_event then 'exists'
            when v_found.status = 'RUNNING' and v_found.parent_execution is null and p_parent_execution is null
                and v_found.input_id is not distinct from v_digest
                and v_found.input::text is not distinct from v_inline::text then 'exists'
            else 'conflict' end;
        o_id := v_found.id;
        o_started_at := v_found.started_at;
        return next;
        return;
    end if;

    if v_large then
        insert into stepwell.payloads (bucket, execution, id, value) values (v_bucket, v_id, v_digest, p_input);
    end if;
    insert into stepwell.steps
        (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state,
         input, input_id)
    values
        (v_bucket, v_id, 0, v_revision.machine, v_revision.id, v_name, 'r', v_revision.entry_function,
         v_revision.entry_function, now(), 'fresh', v_revision.entry_state, v_inline, v_digest);
    if v_revision.timeout_seconds is not null then
        insert into stepwell.steps
            (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state)
        values
            (v_bucket, v_id, 1, v_revision.machine, v_revision.id, v_name, 'r', '', '',
             now() + make_interval(secs => v_revision.timeout_seconds), 'fresh', '');
    end if;
    -- A notification costs the commit a lock that all commits share: it is sent only where somebody sleeps.
    if exists (
        select 1 from stepwell.workers w
        where w.idle and w.seen_at > now() - interval '30 seconds'
          and (v_revision.entry_function = '' or v_revision.entry_function = any (w.functions)))
    then
        perform pg_notify('stepwell_work', v_bucket::text);
    end if;
    o_outcome := 'started';
    o_id := v_id;
    o_started_at := v_started_at;
    return next;
end $$;

-- As before, without rows of heads.
create or replace function stepwell.start_map_run_children(
    p_bucket int, p_run uuid, p_machine int, p_revision int, p_label text, p_state text, p_function text, p_id uuid[],
    p_name text[], p_index int[], p_items int[], p_input json[], p_input_id uuid[], p_payload json[]
) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_new uuid[];
    v_items bigint;
begin
    insert into stepwell.map_run_shards (bucket, run) values (p_bucket, p_run) on conflict do nothing;
    perform 1 from stepwell.map_run_shards s
    where s.bucket = p_bucket and s.run = p_run and not s.closed
    for no key update;
    if not found then
        return null;
    end if;
    with new as (
        insert into stepwell.executions
            (bucket, id, machine, revision, name, input, input_id, started_at, map_run, map_index, map_items, map_label)
        select p_bucket, c.id, p_machine, p_revision, c.name, c.input, c.input_id,
            to_timestamp(('x' || left(replace(c.id::text, '-', ''), 12))::bit(48)::bigint / 1000.0),
            p_run, c.index, c.items, p_label
        from unnest(p_id, p_name, p_index, p_items, p_input, p_input_id)
            as c (id, name, index, items, input, input_id)
        on conflict (bucket, machine, name) do nothing
        returning id, map_items
    )
    select array_agg(n.id), sum(n.map_items) into v_new, v_items from new n;
    if v_new is null then
        return 0;
    end if;
    insert into stepwell.payloads (bucket, execution, id, value)
    select p_bucket, c.id, c.input_id, c.payload
    from unnest(p_id, p_input_id, p_payload) as c (id, input_id, payload)
    where c.payload is not null and c.id = any (v_new);
    insert into stepwell.steps
        (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state,
         input, input_id)
    select p_bucket, c.id, 0, p_machine, p_revision, c.name, 'r', p_function, p_function, now(), 'fresh', p_state,
        c.input, c.input_id
    from unnest(p_id, p_name, p_input, p_input_id) as c (id, name, input, input_id)
    where cardinality(v_new) = cardinality(p_id) or c.id = any (v_new);
    update stepwell.map_run_shards s
    set started = s.started + cardinality(v_new), items_started = s.items_started + v_items
    where s.bucket = p_bucket and s.run = p_run;
    return cardinality(v_new);
end $$;

drop function stepwell.finish_executions(
    int, uuid, uuid[], tid[], int[], text[], json[], uuid[], text[], text[], boolean, boolean);

-- As before, without rows of heads.
create function stepwell.finish_executions(
    p_bucket int, p_worker uuid, p_execution uuid[], p_last_event int[], p_status text[],
    p_output json[], p_output_id uuid[], p_error text[], p_cause text[], p_forked boolean, p_mapped boolean
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
    if stepwell.write_ends(p_bucket, v_steps, v_rows, p_last_event, p_status, p_output, p_output_id, p_error, p_cause)
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

drop function stepwell.write_ends(int, tid[], tid[], tid[], int[], text[], json[], uuid[], text[], text[]);

-- As before, without rows of heads.
create function stepwell.write_ends(
    p_bucket int, p_steps tid[], p_row tid[], p_last_event int[], p_status text[], p_output json[],
    p_output_id uuid[], p_error text[], p_cause text[]
) returns boolean
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
    v_has_parents boolean;
    v_children uuid[];
begin
    delete from stepwell.steps s where s.bucket = p_bucket and s.ctid = any (p_steps);
    with ended as (
        update stepwell.executions e
        set status = i.status, output = i.output, output_id = i.output_id, error = i.error, cause = i.cause,
            stopped_at = now(), last_event = i.last_event
        from unnest(p_row, p_last_event, p_status, p_output, p_output_id, p_error, p_cause)
            as i (row_id, last_event, status, output, output_id, error, cause)
        where e.bucket = p_bucket and e.ctid = i.row_id
        returning e.parent_execution, e.map_run, e.id
    )
    select bool_or(e.parent_execution is not null), array_agg(e.id) filter (where e.map_run is not null)
    into v_has_parents, v_children
    from ended e;
    if v_children is not null then
        perform stepwell.count_map_run_children(p_bucket, v_children);
    end if;
    return coalesce(v_has_parents, false);
end $$;

-- As before, with the count in the root branch.
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
    v_last_event int[];
begin
    select array_agg(h.events order by i.ord) into v_last_event
    from unnest(p_execution) with ordinality as i (execution, ord)
    left join lateral (
        select h.events from stepwell.steps h
        where h.bucket = p_bucket and h.execution = i.execution and h.id = 0
        limit 1
    ) h on true;
    return stepwell.finish_executions(p_bucket, p_worker, p_execution, v_last_event, p_status, p_output, p_output_id,
        p_error, p_cause, false, false);
end $$;

-- As before: what runs has a root branch.
create or replace function stepwell.stop_executions_of(
    p_bucket int, p_machine int, p_after uuid, p_limit int
) returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_machine text;
    v_execution record;
    v_last uuid;
begin
    select m.name into v_machine from stepwell.state_machines m where m.id = p_machine;
    for v_execution in
        select e.id, e.name, coalesce(v_machine || '/' || e.map_label, v_machine) as machine
        from stepwell.steps h
        join stepwell.executions e on e.bucket = h.bucket and e.id = h.execution
        where h.bucket = p_bucket and h.id = 0 and e.machine = p_machine and (p_after is null or h.execution > p_after)
        order by h.execution
        limit p_limit
    loop
        perform stepwell.stop_execution(
            stepwell.execution_arn(v_execution.machine, v_execution.name), null, 'The state machine was deleted.');
        v_last := v_execution.id;
    end loop;
    return v_last;
end $$;

-- As before, with the count in the root branch.
create or replace function stepwell.stop_execution(
    execution text, error text default null, cause text default null
) returns timestamptz
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    v_execution stepwell.executions;
    v_last int;
    v_details jsonb := jsonb_strip_nulls(jsonb_build_object('error', error, 'cause', cause));
    v_holder uuid;
begin
    if char_length(error) > 256 or char_length(cause) > 32768 then
        raise exception using errcode = 'SW001',
            message = 'ValidationException: error has at most 256 characters, cause at most 32768';
    end if;
    select * into v_execution from stepwell.find_execution(execution);
    if not found then
        raise exception using errcode = 'SW005',
            message = format('ExecutionDoesNotExist: there is no execution %L', execution),
            hint = 'Name it by its ARN or as MACHINE:NAME.';
    end if;
    update stepwell.steps s
    set events = s.events + 1
    where s.bucket = v_execution.bucket and s.execution = v_execution.id and s.id = 0
    returning s.events into v_last;
    if not found then
        return (select e.stopped_at from stepwell.executions e
                where e.bucket = v_execution.bucket and e.id = v_execution.id);
    end if;
    insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
    values (v_execution.bucket, v_execution.id, v_last, v_last, now(), 0,
        json_build_object('p', '[]'::json, 'e',
            json_build_array(json_build_array('ExecutionAborted', 0, 0, v_details))));
    if exists (
        select 1 from stepwell.steps s
        where s.bucket = v_execution.bucket and s.execution = v_execution.id and s.phase in ('starting', 'submitted'))
    then
        perform stepwell.stop_children(v_execution.bucket, v_execution.id);
    end if;
    -- Workers are told at once; one that misses it learns when it extends its lease.
    foreach v_holder in array stepwell.end_executions(
        v_execution.bucket, null, array[v_execution.id], array['ABORTED'], array[null::json], array[null::uuid],
        array[error], array[cause])
    loop
        perform pg_notify('stepwell_worker_' || replace(v_holder::text, '-', ''), v_execution.id::text);
    end loop;
    return now();
end $$;

-- As before. Whoever has the root branch in hand is moving the execution, or ending it.
create or replace function stepwell.time_out_old_executions(p_bucket int, p_limit int) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_count int;
begin
    if not (select s.strict_aws from stepwell.settings s) then
        return 0;
    end if;
    with old as (
        -- Ids begin with the time of the start. Whoever has the root in hand is moving the execution, or ending it.
        select h.execution from stepwell.steps h
        where h.bucket = p_bucket and h.id = 0
          and h.execution < stepwell.uuid_at(now() - interval '1 year')
          and not exists (
              select from stepwell.steps s
              where s.bucket = p_bucket and s.execution = h.execution and s.id = 1 and s.run_at <= now())
        order by h.execution
        limit p_limit
        for update of h skip locked
    )
    insert into stepwell.steps as s
        (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, fence, phase, state)
    select p_bucket, e.id, 1, e.machine, e.revision, e.name, 'r', '', '', now(), e.redrive_count::bigint << 32, 'fresh', ''
    from old o
    join stepwell.executions e on e.bucket = p_bucket and e.id = o.execution
    on conflict (bucket, execution, id) do update set run_at = now() where s.status = 'r';
    get diagnostics v_count = row_count;
    return v_count;
end $$;

-- As before, with the lock on the root branch.
create or replace function stepwell.deliver(
    p_bucket int, p_execution uuid, p_step bigint, p_event int, p_phase text, p_outcome text, p_value json,
    p_value_id uuid, p_payload json, p_error text, p_cause text
) returns text
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_step stepwell.steps;
begin
    perform 1 from stepwell.steps h where h.bucket = p_bucket and h.execution = p_execution and h.id = 0 for update;
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

-- As before, with the lock on the root branch.
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
    set status = 'j', fence = s.fence + 1, applied = s.fence, worker = null, lease_until = null, wake_at = null,
        function = '', next_function = '', phase = p_phase[1], state = p_state[1], entered_event = p_entered_event[1],
        entered_at = p_entered_at[1], input = p_input[1], input_id = p_input_id[1], task_input = p_task_input[1],
        task_input_id = p_task_input_id[1], variables = p_variables[1], variables_id = p_variables_id[1],
        fork = p_fork[1], item_count = p_item_count[1], remaining = p_remaining[1], next_item = p_next_item[1],
        child_state = p_child_state[1], child_function = p_child_function[1]
    where s.bucket = p_bucket and s.execution = p_execution and s.id = 0;
    insert into stepwell.steps
        (bucket, execution, id, parent, machine, revision, name, status, function, next_function, run_at, fence, phase,
         state, entry, entered_event, entered_at, last_event, input, input_id, task_input, task_input_id, variables,
         variables_id, fork, item_count, remaining, next_item, child_state, child_function)
    select p_bucket, p_execution, b.id, b.parent, v_root.machine, v_root.revision, v_root.name,
        case when b.fork is null then 'r'::"char" else 'j' end, b.function, b.function, now(), v_root.fence,
        b.phase, b.state, v_root.entry, b.entered_event, b.entered_at, v_root.last_event, b.input, b.input_id, b.task_input,
        b.task_input_id, b.variables, b.variables_id, b.fork, b.item_count, b.remaining, b.next_item, b.child_state,
        b.child_function
    from unnest(p_id, p_parent, p_phase, p_state, p_function, p_entered_event, p_entered_at, p_input, p_input_id,
            p_task_input, p_task_input_id, p_variables, p_variables_id, p_fork, p_item_count, p_remaining, p_next_item,
            p_child_state, p_child_function)
        as b (id, parent, phase, state, function, entered_event, entered_at, input, input_id, task_input,
            task_input_id, variables, variables_id, fork, item_count, remaining, next_item, child_state,
            child_function)
    where b.id <> 0;
    return true;
end $$;

-- As before, with the lock on the root branch.
create or replace function stepwell.find_task(p_token text) returns stepwell.steps
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_task record;
    v_step stepwell.steps;
begin
    select * into v_task from stepwell.read_task_token(p_token);
    perform 1 from stepwell.steps h
    where h.bucket = v_task.o_bucket and h.execution = v_task.o_execution and h.id = 0
    for update;
    if found then
        select * into v_step from stepwell.steps s
        where s.bucket = v_task.o_bucket and s.execution = v_task.o_execution and s.id = v_task.o_step
        for update;
    end if;
    if v_step.id is null or v_step.entry <> v_task.o_entry or v_step.retry_count <> v_task.o_attempt
        or v_step.phase not in ('invoking', 'starting', 'submitted') or v_step.outcome is not null
        or v_step.deadline <= now()
        or exists (
            select 1 from stepwell.task_answers a
            where a.bucket = v_step.bucket and a.execution = v_step.execution and a.step = v_step.id
              and a.entry = v_step.entry and a.attempt = v_step.retry_count)
    then
        raise exception using errcode = 'SW007', message = 'TaskTimedOut: Provided task does not exist anymore',
            hint = 'It was answered, took too long, or its execution has ended.';
    end if;
    return v_step;
end $$;

-- As before, with locks on root branches.
create or replace function stepwell.abort_map_run_children(
    p_bucket int, p_run uuid, p_from int, p_limit int
) returns table (o_next int, o_holders uuid[])
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_ids uuid[];
    v_count int;
    v_last int;
begin
    select array_agg(c.id) filter (where c.status = 'RUNNING'), count(*)::int, max(c.map_index)
    into v_ids, v_count, v_last
    from (
        select e.id, e.status, e.map_index from stepwell.executions e
        where e.bucket = p_bucket and e.map_run = p_run and e.map_index >= p_from
        order by e.map_index
        limit p_limit
    ) c;
    if v_ids is not null then
        perform 1 from stepwell.steps h
        where h.bucket = p_bucket and h.execution = any (v_ids) and h.id = 0
        order by h.execution
        for update;
        with ended as (
            update stepwell.steps s
            set events = s.events + 1
            where s.bucket = p_bucket and s.execution = any (v_ids) and s.id = 0
            returning s.execution, s.events as last_event
        ), recorded as (
            insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
            select p_bucket, e.execution, e.last_event, e.last_event, now(), 0, '{"p":[],"e":[["ExecutionAborted",0,0,{}]]}'
            from ended e
            returning execution
        )
        select array_agg(r.execution) into v_ids from recorded r;
    end if;
    if v_ids is not null then
        o_holders := stepwell.end_executions(p_bucket, null, v_ids,
            array(select 'ABORTED' from unnest(v_ids)), array(select null::json from unnest(v_ids)),
            array(select null::uuid from unnest(v_ids)), array(select null::text from unnest(v_ids)),
            array(select null::text from unnest(v_ids)));
    end if;
    o_next := case when v_count = p_limit then v_last + 1 end;
    o_holders := coalesce(o_holders, '{}');
    return next;
end $$;

-- As before, with the count in the root branch.
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

-- As before, with the count in the root branch.
create or replace function stepwell.redrive(
    p_bucket int, p_execution uuid
) returns table (o_obstacle text, o_count int, o_at timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_execution stepwell.executions;
    v_revision stepwell.revisions;
    v_last int;
begin
    select * into v_execution from stepwell.executions e
    where e.bucket = p_bucket and e.id = p_execution
    for update;
    o_obstacle := coalesce(
        stepwell.redrive_obstacle(v_execution, (select s.history_events from stepwell.settings s)),
        case when v_execution.map_run is not null then 'Executions of a map run are redriven with it' end);
    if o_obstacle is not null then
        return next;
        return;
    end if;
    v_last := v_execution.last_event + 1;

    update stepwell.executions e
    set status = 'RUNNING', output = null, output_id = null, error = null, cause = null, stopped_at = null,
        last_event = null, redrive_count = e.redrive_count + 1, redriven_at = now()
    where e.bucket = p_bucket and e.id = p_execution
    returning e.redrive_count, e.redriven_at into o_count, o_at;
    insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
    values (p_bucket, p_execution, v_last, v_last, now(), 0,
        json_build_object('p', '[]'::json, 'e', json_build_array(json_build_array('ExecutionRedriven', v_last - 1, 0,
            json_build_object('redriveCount', o_count)))));
    select * into strict v_revision from stepwell.revisions r where r.id = v_execution.revision;
    -- More states than events are never entered: with this entry no attempt and no token is like an earlier one. And no
    -- fence is: whoever still holds a lease of the time before is refused.
    insert into stepwell.steps
        (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, fence, phase, state,
         entry, last_event, events, input, input_id)
    values
        (p_bucket, p_execution, 0, v_execution.machine, v_execution.revision, v_execution.name, 'r', '', '', now(),
         o_count::bigint << 32, 'redriven', v_revision.entry_state, v_last, v_last, v_last, v_execution.input,
         v_execution.input_id);
    if v_revision.timeout_seconds is not null then
        insert into stepwell.steps
            (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, fence, phase,
             state)
        values
            (p_bucket, p_execution, 1, v_execution.machine, v_execution.revision, v_execution.name, 'r', '', '',
             now() + make_interval(secs => v_revision.timeout_seconds), o_count::bigint << 32, 'fresh', '');
    end if;
    perform pg_notify('stepwell_work', p_bucket::text);
    return next;
end $$;

-- As before, with the count in the root branch.
create or replace function stepwell.redrive_pending_children(
    p_bucket int, p_run uuid, p_limit int, p_express boolean, p_state text, p_function text, p_trace_header text
) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_shard stepwell.map_run_shards;
    v_ids uuid[];
    v_last int;
    v_limit int := (select s.history_events from stepwell.settings s);
    v_child stepwell.executions;
    v_count int := 0;
begin
    select * into v_shard from stepwell.map_run_shards s
    where s.bucket = p_bucket and s.run = p_run and s.redrive_from is not null
    for no key update;
    if not found then
        return 0;
    end if;
    select array_agg(c.id), max(c.map_index) into v_ids, v_last
    from (
        select e.id, e.map_index from stepwell.executions e
        where e.bucket = p_bucket and e.map_run = p_run and e.map_index >= v_shard.redrive_from
          and e.status in ('FAILED', 'TIMED_OUT', 'ABORTED')
        order by e.map_index
        limit p_limit
    ) c;
    v_shard.redrive_from := case when cardinality(v_ids) = p_limit then v_last + 1 end;
    for v_child in
        select * from stepwell.executions e
        where e.bucket = p_bucket and e.id = any (v_ids)
        order by e.id
        for update
    loop
        v_shard.pending := v_shard.pending - 1;
        v_shard.items_pending := v_shard.items_pending - v_child.map_items;
        if not p_express and stepwell.redrive_obstacle(v_child, v_limit) is not null then
            case v_child.status
                when 'FAILED' then
                    v_shard.failed := v_shard.failed + 1;
                    v_shard.items_failed := v_shard.items_failed + v_child.map_items;
                when 'TIMED_OUT' then
                    v_shard.timed_out := v_shard.timed_out + 1;
                    v_shard.items_timed_out := v_shard.items_timed_out + v_child.map_items;
                else
                    v_shard.aborted := v_shard.aborted + 1;
                    v_shard.items_aborted := v_shard.items_aborted + v_child.map_items;
            end case;
            continue;
        end if;
        v_count := v_count + 1;
        if not p_express then
            v_child.last_event := v_child.last_event + 1;
            insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
            values (p_bucket, v_child.id, v_child.last_event, v_child.last_event, now(), 0,
                json_build_object('p', '[]'::json, 'e', json_build_array(json_build_array(
                    'ExecutionRedriven', v_child.last_event - 1, 0,
                    json_build_object('redriveCount', v_child.redrive_count + 1)))));
        end if;
        update stepwell.executions e
        set status = 'RUNNING', output = null, output_id = null, error = null, cause = null, stopped_at = null,
            last_event = null, redrive_count = e.redrive_count + 1, redriven_at = now()
        where e.bucket = p_bucket and e.id = v_child.id;
        insert into stepwell.steps
            (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, fence, phase,
             state, entry, last_event, events, input, input_id, trace_header)
        values
            (p_bucket, v_child.id, 0, v_child.machine, v_child.revision, v_child.name, 'r',
             case when p_express then p_function else '' end, case when p_express then p_function else '' end, now(),
             (v_child.redrive_count + 1)::bigint << 32, case when p_express then 'fresh' else 'redriven' end, p_state,
             case when p_express then 0 else v_child.last_event end,
             case when p_express then 0 else v_child.last_event end, v_child.last_event, v_child.input,
             v_child.input_id, p_trace_header);
    end loop;
    update stepwell.map_run_shards s
    set redrive_from = v_shard.redrive_from, pending = v_shard.pending, items_pending = v_shard.items_pending,
        failed = v_shard.failed, timed_out = v_shard.timed_out, aborted = v_shard.aborted,
        items_failed = v_shard.items_failed, items_timed_out = v_shard.items_timed_out,
        items_aborted = v_shard.items_aborted
    where s.bucket = p_bucket and s.run = p_run;
    return v_count;
end $$;

-- As before, with the count in the root branch.
create or replace function stepwell.check_acknowledged(
    p_bucket int, p_machine text[], p_name text[], p_started_at timestamptz[], p_last_event int[], p_output text[]
) returns table (o_invariant text, o_execution text, o_detail text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select v.invariant, i.machine || ':' || i.name, v.detail
    from unnest(p_machine, p_name, p_started_at, p_last_event, p_output) as i (machine, name, started_at, last_event, output)
    left join stepwell.state_machines m on m.name = split_part(i.machine, '/', 1)
    left join stepwell.executions e
        on e.bucket = p_bucket and e.machine = m.id and e.name = i.name
        and coalesce(m.name || '/' || e.map_label, m.name) = i.machine
    left join stepwell.steps h on h.bucket = p_bucket and h.execution = e.id and h.id = 0
    cross join lateral (
        select 'I1', 'its start was acknowledged, and it is not there'
        where e.id is null
        union all
        select 'I2', format('acknowledged as started at %s, recorded as started at %s', i.started_at, e.started_at)
        where date_trunc('milliseconds', e.started_at) <> date_trunc('milliseconds', i.started_at)
        union all
        select 'I9', case when e.status <> 'SUCCEEDED' then format('it is %s, and an undisturbed run succeeds', e.status)
            else 'its output is not that of an undisturbed run' end
        where e.id is not null and i.output is not null
          and (e.status <> 'SUCCEEDED'
            or stepwell.payload(p_bucket, e.id, e.output, e.output_id)::text is distinct from i.output)
        union all
        select 'I12', format('%s events were read, and it has %s', i.last_event, coalesce(e.last_event, h.events, 0))
        where e.id is not null and coalesce(e.last_event, h.events, 0) < i.last_event
    ) v (invariant, detail);
end $$;

-- As before, with the count in the root branch.
create or replace function stepwell.check_history(
    p_bucket int, p_from uuid
) returns table (o_execution uuid, o_detail text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with stored as materialized (
        select h.execution, h.first_event, h.last_event, json_array_length(stepwell.readable(h.events) -> 'e') as events,
            lag(h.last_event, 1, 1) over (partition by h.execution order by h.first_event) as before
        from stepwell.history h
        where h.bucket = p_bucket and (p_from is null or h.execution >= p_from)
    ), events as materialized (
        select e.o_execution as execution, e.o_id as id, e.o_type as type, e.o_previous as previous,
            case e.o_type when 'ExecutionSucceeded' then 'SUCCEEDED' when 'ExecutionFailed' then 'FAILED'
                when 'ExecutionTimedOut' then 'TIMED_OUT' when 'ExecutionAborted' then 'ABORTED' end as ending,
            lead(e.o_type) over (partition by e.o_execution order by e.o_id) as next_type
        from stepwell.events_of(p_bucket, p_from) e
    ), known as materialized (
        select e.id, e.status, coalesce(e.last_event, h.events) as last_event, e.redrive_count,
            e.last_event is null as is_open,
            (strpos(e.name, ':') > 0 or e.map_run is not null) and e.last_event = 1 as is_express
        from stepwell.executions e
        left join stepwell.steps h on h.bucket = p_bucket and h.execution = e.id and h.id = 0
        where e.bucket = p_bucket and (p_from is null or e.id >= p_from)
    )
    select s.execution, format('event %s is missing', s.before + 1) from stored s where s.first_event > s.before + 1
    union all
    select s.execution, format('the row of events %s to %s holds %s', s.first_event, s.last_event, s.events)
    from stored s where s.events is distinct from s.last_event - s.first_event + 1
    union all
    select e.execution, format('event %s names event %s as the one before it', e.id, e.previous)
    from events e where e.previous is null or e.previous < 0 or e.previous >= e.id
    union all
    select k.id, format('it has %s events, and %s are recorded', k.last_event, coalesce(s.last_event, 1))
    from known k
    left join (select s.execution, max(s.last_event) as last_event from stored s group by s.execution) s
        on s.execution = k.id
    where k.last_event is distinct from coalesce(s.last_event, 1) and (k.status <> 'RUNNING' or k.last_event is not null)
    union all
    select e.execution, format('events follow event %s, which ends it', e.id)
    from events e where e.ending is not null and e.next_type <> 'ExecutionRedriven'
    union all
    select k.id, format('it is %s, and %s of its events say so at the end', k.status, coalesce(e.endings, 0))
    from known k
    left join (
        select e.execution, count(*) as endings from events e
        where e.ending is not null and e.next_type is null group by e.execution
    ) e on e.execution = k.id
    where coalesce(e.endings, 0) <> (k.status <> 'RUNNING')::int and not coalesce(k.is_express, false)
    union all
    select e.execution, format('event %s says that it is %s, its row that it is %s', e.id, e.ending, k.status)
    from events e join known k on k.id = e.execution
    where e.next_type is null and e.ending is not null and k.status <> 'RUNNING' and e.ending <> k.status
    union all
    select distinct s.execution, 'its history is there, and the execution is not'
    from stored s left join known k on k.id = s.execution where k.id is null;
end $$;

-- As before: what runs has a root branch.
create or replace function stepwell.check_ends(
    p_bucket int, p_from uuid, p_quiet boolean
) returns table (o_execution uuid, o_detail text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with known as materialized (
        select e.id, e.status, h.execution is not null as has_root,
            (select count(*) from stepwell.steps s
             where s.bucket = p_bucket and s.execution = e.id and s.id <> 1) as steps,
            (select count(*) from stepwell.steps s
             where s.bucket = p_bucket and s.execution = e.id) as all_steps
        from stepwell.executions e
        left join stepwell.steps h on h.bucket = p_bucket and h.execution = e.id and h.id = 0
        where e.bucket = p_bucket and (p_from is null or e.id >= p_from)
    )
    select k.id, case
        when k.status <> 'RUNNING' then format('it has ended, and %s of its steps are left', k.all_steps)
        when k.steps = 0 then 'it is running, and no step of it is in the queue'
        when not k.has_root then 'it is running, and its root branch is not in the queue'
        else 'it has not ended' end
    from known k
    where (k.status <> 'RUNNING' and k.all_steps > 0)
        or (k.status = 'RUNNING' and (p_quiet or not k.has_root))
    union all
    select s.execution, format('step %s is there, and its execution is not', s.id)
    from stepwell.steps s
    where s.bucket = p_bucket and (p_from is null or s.execution >= p_from)
      and not exists (select from stepwell.executions e where e.bucket = p_bucket and e.id = s.execution)
    union all
    select s.execution, format('step %s waits for %s branches, and %s of them exist or will', s.id, s.remaining,
        c.children + coalesce(s.item_count - s.next_item, 0))
    from stepwell.steps s
    cross join lateral (
        select count(*) as children from stepwell.steps c
        where c.bucket = p_bucket and c.execution = s.execution
          and c.id >= s.fork::bigint << 32 and c.id < (s.fork::bigint + 1) << 32
    ) c
    where s.bucket = p_bucket and s.status = 'j' and (p_from is null or s.execution >= p_from)
      and (s.remaining is null or s.remaining <= 0
        or s.remaining <> c.children + coalesce(s.item_count - s.next_item, 0))
    union all
    select s.execution, format('step %s is a branch of step %s, which does not wait for it', s.id, s.parent)
    from stepwell.steps s
    left join stepwell.steps p on p.bucket = p_bucket and p.execution = s.execution and p.id = s.parent
    where s.bucket = p_bucket and s.parent is not null and (p_from is null or s.execution >= p_from)
      and p.status is distinct from 'j'
    union all
    select l.execution, format('%s are left, and nobody will read them', l.what)
    from (
        select distinct r.execution, 'results of branches' as what from stepwell.results r where r.bucket = p_bucket
        union all
        select distinct i.execution, 'items of a Map' from stepwell.map_items i where i.bucket = p_bucket
    ) l
    where (p_from is null or l.execution >= p_from)
      and not exists (
          select from stepwell.steps h where h.bucket = p_bucket and h.execution = l.execution and h.id = 0);
end $$;

-- As before: of several rows, root branches are locked first.
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
    set lease_until = now() + p_lease
    from unnest(p_execution, p_step, p_fence) with ordinality as i (execution, step, fence, ord)
    where s.bucket = p_bucket and s.execution = i.execution and s.id = i.step and s.fence = i.fence and s.status = 'l'
    returning i.ord::int;
end $$;

-- As before: of several rows, root branches are locked first.
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
    order by s.id > 0, s.execution, s.id
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

-- As before: of several rows, root branches are locked first.
create or replace function stepwell.apply_answers(p_bucket int) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_answer stepwell.task_answers;
    v_step stepwell.steps;
    v_count int := 0;
begin
    for v_answer in
        select * from (
            select * from stepwell.task_answers a where a.bucket = p_bucket
            order by a.execution, a.step
            limit 1000
        ) a
        order by a.step > 0, a.execution, a.step
    loop
        select * into v_step from stepwell.steps s
        where s.bucket = p_bucket and s.execution = v_answer.execution and s.id = v_answer.step
        for update;
        if v_step.id is null or v_step.entry <> v_answer.entry or v_step.retry_count <> v_answer.attempt
            or v_step.phase not in ('invoking', 'starting', 'submitted')
        then
            delete from stepwell.task_answers a
            where a.bucket = p_bucket and a.execution = v_answer.execution and a.step = v_answer.step
              and a.entry = v_answer.entry and a.attempt = v_answer.attempt;
        elsif v_step.phase = 'submitted' and stepwell.take_answer(v_step) then
            v_count := v_count + 1;
        end if;
    end loop;
    return v_count;
end $$;

-- As before, with the count in the root branch.
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

-- As before, with the count in the root branch.
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
            wake_at = case p_action when 'k' then s.wake_at when 'w' then p_wake_at end,
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

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
