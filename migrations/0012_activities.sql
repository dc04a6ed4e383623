-- Activities: tasks that wait until somebody asks for them.

create table stepwell.activities (
    name        text        primary key,
    created_at  timestamptz not null default now()
);

-- Who asks for tasks of an activity and waits: told after the commit that makes one ready. A channel of its own each.
create table stepwell.activity_pollers (
    activity    text        not null,
    channel     text        not null,
    expires_at  timestamptz not null,
    primary key (activity, channel)
);

-- The queue of every activity: steps that wait for a function's name but are nobody's to claim.
create index steps_activity on stepwell.steps (bucket, function, run_at) where status = 'w' and function <> '';

-- Creates an activity, or finds it. Answers when it was created.
create function stepwell.create_activity(p_name text) returns timestamptz
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform stepwell.check_name('activity', p_name);
    insert into stepwell.activities (name) values (p_name) on conflict do nothing;
    return (select a.created_at from stepwell.activities a where a.name = p_name);
end $$;

-- Hands the longest waiting task of an activity in a bucket to whoever asks. No row: there is none. From now on its time
-- and its heartbeats count.
create function stepwell.get_activity_task(
    p_bucket int, p_activity text, p_worker_name text
) returns table (o_execution uuid, o_step bigint, o_entry int, o_attempt int, o_input json)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
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
            select (h.events -> 'e' -> (v_step.scheduled_event - h.first_event) -> 3 ->> 'timeoutInSeconds')::int
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

-- Whether a bucket has a task of an activity.
create function stepwell.has_activity_task(p_bucket int, p_activity text) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
    return exists (
        select 1 from stepwell.steps s
        where s.bucket = p_bucket and s.function = 'activity:' || p_activity and s.status = 'w' and s.function <> '');
end $$;

-- Tells one of those who wait for a task of an activity that there may be one. It is told once: it asks again.
create function stepwell.wake_activity(p_activity text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_channel text;
begin
    delete from stepwell.activity_pollers p
    where p.activity = p_activity and p.channel = (
        select q.channel from stepwell.activity_pollers q
        where q.activity = p_activity and q.expires_at > now()
        limit 1
        for update skip locked)
    returning p.channel into v_channel;
    if v_channel is not null then
        perform pg_notify(v_channel, p_activity);
    end if;
end $$;

-- The executions that a step waits for.
create index executions_children on stepwell.executions (bucket, parent_execution) where parent_execution is not null;

alter table stepwell.outbox drop constraint outbox_kind_check;
alter table stepwell.outbox add constraint outbox_kind_check check (kind in ('start', 'result', 'abort', 'stop'));

-- Sees to it that executions which steps of this one waited for are stopped, now that nobody waits for them.
create function stepwell.stop_children(p_bucket int, p_execution uuid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into stepwell.outbox (bucket, id, kind, message)
    values (p_bucket, gen_random_uuid(), 'stop', json_build_object('execution', p_execution));
end $$;

-- The executions in a bucket that were started for steps of an execution which wait no more.
create function stepwell.orphans(
    p_bucket int, p_parent_bucket int, p_parent uuid
) returns table (o_machine text, o_name text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
begin
    return query
    select m.name, e.name
    from stepwell.executions e
    join stepwell.state_machines m on m.id = e.machine
    where e.bucket = p_bucket and e.parent_execution = p_parent and e.status = 'RUNNING'
      and not exists (
        select 1 from stepwell.steps s
        where s.bucket = p_parent_bucket and s.execution = p_parent and s.id = e.parent_step
          and s.scheduled_event = e.parent_event);
end $$;

-- Aborts an execution, given by its ARN or as 'MACHINE:NAME', and answers when it stopped. Stopping one that has ended
-- changes nothing and answers when that was. Executions that it waits for are stopped as well.
create or replace function stepwell.stop_execution(
    execution text,
    error text default null,
    cause text default null
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
    update stepwell.execution_heads h
    set last_event = h.last_event + 1
    where h.bucket = v_execution.bucket and h.execution = v_execution.id
    returning h.last_event into v_last;
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

revoke execute on all functions in schema stepwell from public;
