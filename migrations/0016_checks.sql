-- What must hold, as queries: every function here answers one row per violation, and none where all is well.
--
-- They are for operators (stepwell doctor asks them all) and for the fault suite. Each reads one bucket in a single
-- statement, so that a running system can be checked: it sees one moment. p_from leaves out executions with smaller ids,
-- which are those that started earlier (stepwell.uuid_at gives the id of a time); null: all are looked at.

-- Events as they can be read: a character that no text of PostgreSQL can hold is shown as another.
create function stepwell.readable(p_events json) returns json
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select case when strpos(p_events::text, '\u0000') = 0 then p_events
        else replace(p_events::text, '\u0000', '\ufffd')::json end
$$;

-- The stored events, one row each. Event 1, ExecutionStarted, is not stored. `o_entry` counts the states that the branch
-- has entered, `o_attempt` what it has begun in this one: calls, or forks of branches.
create function stepwell.events_of(p_bucket int, p_from uuid) returns table (
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
        cross join lateral json_array_elements(stepwell.readable(h.events) -> 'e') with ordinality as i (event, ord)
        where h.bucket = p_bucket and (p_from is null or h.execution >= p_from)
    ) e;
end $$;

-- The states of a definition, those of all branches. None: it can't be read as jsonb.
create function stepwell.states_of(p_definition text) returns table (o_name text, o_state jsonb)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with recursive scopes (scope) as (
        select p_definition::jsonb
        union all
        select n.scope
        from scopes s
        cross join lateral jsonb_each(s.scope -> 'States') as i (name, state)
        cross join lateral (
            select b.branch from jsonb_array_elements(
                case when jsonb_typeof(i.state -> 'Branches') = 'array' then i.state -> 'Branches' else '[]' end
            ) as b (branch)
            union all
            select i.state -> k.name from unnest(array['Iterator', 'ItemProcessor']) as k (name)
            where jsonb_typeof(i.state -> k.name) = 'object'
        ) n (scope)
    )
    select i.name, i.state from scopes s cross join lateral jsonb_each(s.scope -> 'States') as i (name, state);
exception when data_exception or syntax_error_or_access_rule_violation then
    return;
end $$;

-- I1, I2, I9 and I12: what a client was told still holds. One element of each array is an execution that it was told of:
-- its machine (with /LABEL for a child of a map run) and name, and, where they are not null, when it was said to have
-- started, how many events it was seen to have, and the output that an undisturbed run of it has.
create function stepwell.check_acknowledged(
    p_bucket int, p_machine text[], p_name text[], p_started_at timestamptz[], p_last_event int[], p_output text[]
) returns table (o_invariant text, o_execution text, o_detail text)
language plpgsql stable
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
    left join stepwell.execution_heads h on h.bucket = p_bucket and h.execution = e.id
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
        select 'I12', format('%s events were read, and it has %s', i.last_event, coalesce(e.last_event, h.last_event, 0))
        where e.id is not null and coalesce(e.last_event, h.last_event, 0) < i.last_event
    ) v (invariant, detail);
end $$;

-- I2: one execution per name. Names are unique within a bucket, so each execution is in the bucket of its name.
create function stepwell.check_names(p_bucket int, p_from uuid) returns table (o_execution uuid, o_detail text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select e.id, format('it is in bucket %s and belongs in bucket %s', e.bucket, b.bucket)
    from stepwell.executions e
    join stepwell.state_machines m on m.id = e.machine and m.deleted_at is null
    cross join stepwell.settings s
    cross join lateral (
        select stepwell.bucket_of(coalesce(m.name || '/' || e.map_label, m.name), e.name, s.buckets) as bucket offset 0
    ) b
    where e.bucket = p_bucket and (p_from is null or e.id >= p_from) and b.bucket <> e.bucket
    union all
    select d.first_id, format('%s executions of one machine are named %L', d.executions, d.name)
    from (
        select (array_agg(e.id order by e.id))[1] as first_id, e.name, count(*) as executions
        from stepwell.executions e
        where e.bucket = p_bucket and (p_from is null or e.id >= p_from)
        group by e.machine, e.name
        having count(*) > 1
    ) d;
end $$;

-- I3: no transition twice. No two rows claim the same event, an attempt at a task has one result, a state that was entered
-- is left once, and branches are joined once.
create function stepwell.check_transitions(p_bucket int, p_from uuid) returns table (o_execution uuid, o_detail text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select r.execution, format('event %s is recorded twice', r.first_event)
    from (
        select h.execution, h.first_event,
            lag(h.last_event) over (partition by h.execution order by h.first_event) as before
        from stepwell.history h
        where h.bucket = p_bucket and (p_from is null or h.execution >= p_from)
    ) r
    where r.first_event <= r.before
    union all
    select t.execution, format('events %s are the same result of one attempt', array_to_string(t.ids, ', '))
    from (
        select e.o_execution as execution, array_agg(e.o_id order by e.o_id) as ids
        from stepwell.events_of(p_bucket, p_from) e
        where e.o_type ~ '^(LambdaFunction|Task|Activity)(Succeeded|Failed|TimedOut|ScheduleFailed|StartFailed|SubmitFailed)$'
            or e.o_type ~ '^(Map|Parallel)State(Succeeded|Failed)$'
            or e.o_type ~ '^MapIteration(Succeeded|Failed)$'
            or e.o_type like '%StateExited'
        group by e.o_execution, e.o_step, e.o_entry,
            case when e.o_type like '%StateExited' then null else e.o_attempt end,
            case when e.o_type like '%StateExited' then 'exit' when e.o_type like 'MapIteration%' then 'iteration'
                when e.o_type ~ '^(Map|Parallel)State' then 'fork' else 'result' end
        having count(*) > 1
    ) t;
end $$;

-- I4: event ids are 1, 2, 3 … without a gap, each follows an earlier one, and an execution that has ended has one event
-- that says so, the last. One that was redriven has one per life.
create function stepwell.check_history(p_bucket int, p_from uuid) returns table (o_execution uuid, o_detail text)
language plpgsql stable
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
        select e.id, e.status, coalesce(e.last_event, h.last_event) as last_event, e.redrive_count,
            e.last_event is null as is_open
        from stepwell.executions e
        left join stepwell.execution_heads h on h.bucket = p_bucket and h.execution = e.id
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
    where coalesce(e.endings, 0) <> (k.status <> 'RUNNING')::int
    union all
    select e.execution, format('event %s says that it is %s, its row that it is %s', e.id, e.ending, k.status)
    from events e join known k on k.id = e.execution
    where e.next_type is null and e.ending is not null and k.status <> 'RUNNING' and e.ending <> k.status
    union all
    select distinct s.execution, 'its history is there, and the execution is not'
    from stored s left join known k on k.id = s.execution where k.id is null;
end $$;

-- I5: what was started can end, and nothing of what has ended is left. p_quiet: everything should have ended by now, so
-- whatever runs is a violation as well.
create function stepwell.check_ends(
    p_bucket int, p_from uuid, p_quiet boolean
) returns table (o_execution uuid, o_detail text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with known as materialized (
        select e.id, e.status, h.execution is not null as has_head,
            (select count(*) from stepwell.steps s
             where s.bucket = p_bucket and s.execution = e.id and s.id <> 1) as steps,
            (select count(*) from stepwell.steps s
             where s.bucket = p_bucket and s.execution = e.id) as all_steps
        from stepwell.executions e
        left join stepwell.execution_heads h on h.bucket = p_bucket and h.execution = e.id
        where e.bucket = p_bucket and (p_from is null or e.id >= p_from)
    )
    select k.id, case
        when k.status <> 'RUNNING' and k.has_head then 'it has ended, and its row of execution_heads is left'
        when k.status <> 'RUNNING' then format('it has ended, and %s of its steps are left', k.all_steps)
        when not k.has_head then 'it is running, and has no row of execution_heads'
        when k.steps = 0 then 'it is running, and no step of it is in the queue'
        else 'it has not ended' end
    from known k
    where (k.status <> 'RUNNING' and (k.has_head or k.all_steps > 0))
        or (k.status = 'RUNNING' and (p_quiet or not k.has_head or k.steps = 0))
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
      and not exists (select from stepwell.execution_heads h where h.bucket = p_bucket and h.execution = l.execution);
end $$;

-- I6: a task that has succeeded was begun, in the same branch and the same stay in its state.
create function stepwell.check_results(p_bucket int, p_from uuid) returns table (o_execution uuid, o_detail text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select e.o_execution, format('event %s is the result of a call that was never made', e.o_id)
    from stepwell.events_of(p_bucket, p_from) e
    where e.o_type ~ '^(LambdaFunction|Task|Activity)(Succeeded|Failed|TimedOut)$' and e.o_attempt = 0;
end $$;

-- I7: a lease belongs to one worker and to one fence, and no fence is used twice.
create function stepwell.check_leases(p_bucket int, p_from uuid) returns table (o_execution uuid, o_detail text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select s.execution, format('step %s %s', s.id, v.detail)
    from stepwell.steps s
    cross join lateral (
        select format('has the fence %s, which a transition has used', s.fence) where s.applied >= s.fence
        union all
        select 'is leased, and nobody would notice the end of its lease'
        where s.status = 'l' and (s.worker is null or s.lease_until is null or s.wake_at is null
            or s.wake_at > s.lease_until)
        union all
        select 'is leased by nobody, and has a lease' where s.status <> 'l' and s.lease_until is not null
    ) v (detail)
    where s.bucket = p_bucket and (p_from is null or s.execution >= p_from);
end $$;

-- I10: no more attempts than Retry allows, each retrier up to its MaxAttempts. Lost leases leave no attempt behind.
create function stepwell.check_retries(p_bucket int, p_from uuid) returns table (o_execution uuid, o_detail text)
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
            max(e.o_details ->> 'name') filter (where e.o_type like '%StateEntered') as state
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

-- I11: nothing happens before its time. A Wait of some seconds lasts as long, and no step is leased before it is due.
create function stepwell.check_times(p_bucket int, p_from uuid) returns table (o_execution uuid, o_detail text)
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
            max(e.o_details ->> 'name') filter (where e.o_type = 'WaitStateEntered') as state,
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

-- What rows refer to is there: payloads that are too large to stand inline.
create function stepwell.check_payloads(p_bucket int, p_from uuid) returns table (o_execution uuid, o_detail text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select r.execution, format('payload %s is missing: %s', r.id, r.what)
    from (
        select e.id as execution, e.input_id as id, 'its input' as what from stepwell.executions e where e.bucket = p_bucket
        union all
        select e.id, e.output_id, 'its output' from stepwell.executions e where e.bucket = p_bucket
        union all
        select s.execution, p.id, format('of step %s', s.id) from stepwell.steps s
        cross join lateral unnest(array[s.input_id, s.task_input_id, s.variables_id, s.outcome_id]) as p (id)
        where s.bucket = p_bucket
        union all
        select r.execution, r.output_id, format('the result of step %s', r.id) from stepwell.results r
        where r.bucket = p_bucket
        union all
        select h.execution, (p.payload ->> 'ref')::uuid, format('in its events from %s on', h.first_event)
        from stepwell.history h
        cross join lateral json_array_elements(stepwell.readable(h.events) -> 'p') as p (payload)
        where h.bucket = p_bucket and json_typeof(p.payload) = 'object' and (p_from is null or h.execution >= p_from)
    ) r
    where r.id is not null and (p_from is null or r.execution >= p_from)
      and not exists (
        select from stepwell.payloads p where p.bucket = p_bucket and p.execution = r.execution and p.id = r.id);
end $$;

revoke execute on all functions in schema stepwell from public;
