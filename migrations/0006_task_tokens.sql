-- Task tokens: whoever holds one answers for the work of a Task.
--
-- A token is about one attempt at one stay of a branch in a state, so it outlives a crash of the handler that handed it
-- on. It is current from the moment at which the attempt is on record until it is answered or over.

-- Keys of the tokens' MACs. New tokens are made with the newest; the others stay good for the tokens that they made.
-- What is kept are the two blocks that HMAC derives from a key.
create table stepwell.token_keys (
    id          int         primary key,
    inner_key   bytea       not null check (octet_length(inner_key) = 64),
    outer_key   bytea       not null check (octet_length(outer_key) = 64),
    created_at  timestamptz not null default now()
);

-- Adds a key, which processes that start from now on use. Answers its id.
create function stepwell.add_token_key() returns int
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
    v_inner bytea := '';
    v_outer bytea := '';
    v_byte int;
    v_id int;
begin
    lock table stepwell.token_keys in share row exclusive mode;
    for i in 0 .. 63 loop
        v_byte := case when i < 32 then get_byte(v_key, i) else 0 end;
        v_inner := v_inner || set_byte('\x00', 0, v_byte # 54);
        v_outer := v_outer || set_byte('\x00', 0, v_byte # 92);
    end loop;
    insert into stepwell.token_keys (id, inner_key, outer_key)
    select coalesce(max(k.id), 0) + 1, v_inner, v_outer from stepwell.token_keys k
    returning id into v_id;
    return v_id;
end $$;

select stepwell.add_token_key();

-- HMAC-SHA256 with a key of token_keys; null: there is no such key.
create function stepwell.token_mac(p_key int, p_message bytea) returns bytea
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (select sha256(k.outer_key || sha256(k.inner_key || p_message)) from stepwell.token_keys k where k.id = p_key);
end $$;

-- What a token is about. 40 bytes in network order (bucket, execution, step, entry, attempt, key) and their MAC, in
-- base64 for URLs.
create function stepwell.read_task_token(
    p_token text
) returns table (o_bucket int, o_execution uuid, o_step bigint, o_entry int, o_attempt int)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_bytes bytea;
    v_mac bytea;
begin
    if p_token ~ '^[A-Za-z0-9_-]{96}$' then
        v_bytes := decode(translate(p_token, '-_', '+/'), 'base64');
        v_mac := stepwell.token_mac(
            ('x' || encode(substr(v_bytes, 37, 4), 'hex'))::bit(32)::int, substr(v_bytes, 1, 40));
    end if;
    -- Digests are compared, so that the time it takes says nothing about the MAC.
    if v_mac is null or sha256(v_mac) <> sha256(substr(v_bytes, 41)) then
        raise exception using errcode = 'SW006', message = 'InvalidToken: Invalid token',
            hint = 'Pass the task token as it was handed out.';
    end if;
    o_bucket := ('x' || encode(substr(v_bytes, 1, 4), 'hex'))::bit(32)::int;
    o_execution := encode(substr(v_bytes, 5, 16), 'hex')::uuid;
    o_step := ('x' || encode(substr(v_bytes, 21, 8), 'hex'))::bit(64)::bigint;
    o_entry := ('x' || encode(substr(v_bytes, 29, 4), 'hex'))::bit(32)::int;
    o_attempt := ('x' || encode(substr(v_bytes, 33, 4), 'hex'))::bit(32)::int;
    return next;
end $$;

-- The attempt at a Task that takes heartbeats: until when the next is due, and which scheduling that is about. In no
-- index: heartbeats stay cheap.
alter table stepwell.steps
    add column heartbeat_due timestamptz,
    add column heartbeat_event int;

-- Answers to tasks whose call has not returned yet: the response of the call comes first.
create table stepwell.task_answers (
    bucket      int         not null,
    execution   uuid        not null,
    step        bigint      not null,
    entry       int         not null,
    attempt     int         not null,
    outcome     text        not null check (outcome in ('succeeded', 'failed')),
    value       json,
    error       text,
    cause       text,
    arrived_at  timestamptz not null default now(),
    primary key (bucket, execution, step, entry, attempt)
);

-- Hands a step the answer that it waits for. If its call still runs, that is over: its result is refused.
create function stepwell.answer_step(
    p_step stepwell.steps, p_outcome text, p_value json, p_error text, p_cause text
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_large boolean := octet_length(p_value::text) > 1024;
    v_id uuid;
begin
    if v_large then
        v_id := encode(substr(sha256(convert_to(p_value::text, 'UTF8')), 1, 16), 'hex')::uuid;
        insert into stepwell.payloads (bucket, execution, id, value)
        values (p_step.bucket, p_step.execution, v_id, p_value)
        on conflict do nothing;
    end if;
    update stepwell.steps s
    set status = 'r', run_at = now(), wake_at = null, lease_until = null, worker = null, fence = s.fence + 1,
        function = '', phase = 'submitted', suspect = false, started = false, losses = 0,
        outcome = p_outcome, outcome_value = case when not v_large then p_value end, outcome_id = v_id,
        error = p_error, cause = p_cause
    where s.bucket = p_step.bucket and s.execution = p_step.execution and s.id = p_step.id;
    if p_step.status = 'l' then
        perform pg_notify('stepwell_worker_' || replace(p_step.worker::text, '-', ''), p_step.execution::text);
    end if;
    if exists (select 1 from stepwell.workers w where w.idle and w.seen_at > now() - interval '30 seconds') then
        perform pg_notify('stepwell_work', p_step.bucket::text);
    end if;
end $$;

-- Gives a step an answer that came before it began to wait. A call that still runs has a second to return, for its
-- response to get into the history; then the answer goes first. Answers whether there was one.
create function stepwell.take_answer(p_step stepwell.steps) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_answer stepwell.task_answers;
begin
    select * into v_answer from stepwell.task_answers a
    where a.bucket = p_step.bucket and a.execution = p_step.execution and a.step = p_step.id
      and a.entry = p_step.entry and a.attempt = p_step.retry_count;
    if not found or p_step.phase not in ('invoking', 'starting', 'submitted') or p_step.outcome is not null then
        return false;
    end if;
    if p_step.phase = 'submitted' or (p_step.phase = 'invoking' and (
        p_step.status = 'r' or p_step.lease_until <= now() or v_answer.arrived_at <= now() - interval '1 second'))
    then
        perform stepwell.answer_step(p_step, v_answer.outcome, v_answer.value, v_answer.error, v_answer.cause);
        delete from stepwell.task_answers a
        where a.bucket = p_step.bucket and a.execution = p_step.execution and a.step = p_step.id
          and a.entry = p_step.entry and a.attempt = p_step.retry_count;
    else
        update stepwell.steps s
        set wake_at = least(now() + interval '1 second', s.lease_until)
        where s.bucket = p_step.bucket and s.execution = p_step.execution and s.id = p_step.id;
    end if;
    return true;
end $$;

-- Gives the steps of a bucket the answers that have come for them, and drops those that nobody waits for any more.
-- Answers how many were given.
create function stepwell.apply_answers(p_bucket int) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_answer stepwell.task_answers;
    v_step stepwell.steps;
    v_count int := 0;
begin
    for v_answer in
        select * from stepwell.task_answers a where a.bucket = p_bucket
        order by a.execution, a.step
        limit 1000
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

-- The step that a token is about, locked; an error when the token's attempt is over.
create function stepwell.find_task(p_token text) returns stepwell.steps
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_task record;
    v_step stepwell.steps;
begin
    select * into v_task from stepwell.read_task_token(p_token);
    perform 1 from stepwell.execution_heads h
    where h.bucket = v_task.o_bucket and h.execution = v_task.o_execution
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

-- An answer from outside.
create function stepwell.answer_task(
    p_token text, p_outcome text, p_value json, p_error text, p_cause text
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_step stepwell.steps := stepwell.find_task(p_token);
begin
    if v_step.phase = 'submitted' or v_step.status = 'r' then
        perform stepwell.answer_step(v_step, p_outcome, p_value, p_error, p_cause);
        return;
    end if;
    insert into stepwell.task_answers (bucket, execution, step, entry, attempt, outcome, value, error, cause)
    values (v_step.bucket, v_step.execution, v_step.id, v_step.entry, v_step.retry_count, p_outcome, p_value, p_error,
        p_cause);
    -- Should the process that runs the call die, somebody looks all the same.
    update stepwell.steps s
    set wake_at = least(now() + interval '1 second', s.wake_at)
    where s.bucket = v_step.bucket and s.execution = v_step.execution and s.id = v_step.id;
end $$;

-- Ends the task that a token is about with a result.
create function stepwell.send_task_success(token text, output json) returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text text := output::text;
    v_limit int;
begin
    select s.payload_bytes into v_limit from stepwell.settings s;
    if v_text is null or octet_length(v_text) > v_limit then
        raise exception using errcode = 'SW008',
            message = case when v_text is null then 'InvalidOutput: the output is NULL'
                else format('InvalidOutput: the output has %s bytes, the limit is %s', octet_length(v_text), v_limit) end,
            hint = 'Pass a JSON value; store large data elsewhere and pass a reference to it.';
    end if;
    begin
        perform stepwell.check_payload(output);
    exception when sqlstate 'SW002' then
        raise exception using errcode = 'SW008', message = replace(sqlerrm, 'InvalidExecutionInput: the input', 'InvalidOutput: the output');
    end;
    perform stepwell.answer_task(token, 'succeeded', output, null, null);
end $$;

-- Ends the task that a token is about with an error, which Retry and Catch see.
create function stepwell.send_task_failure(token text, error text default null, cause text default null) returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if char_length(error) > 256 or char_length(cause) > 32768 then
        raise exception using errcode = 'SW009',
            message = 'ValidationException: error has at most 256 characters, cause at most 32768';
    end if;
    perform stepwell.answer_task(token, 'failed', null, error, cause);
end $$;

-- Says that the work on a task goes on: its HeartbeatSeconds begin again.
create function stepwell.send_task_heartbeat(token text) returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_step stepwell.steps := stepwell.find_task(token);
begin
    if v_step.heartbeat is not null then
        update stepwell.steps s
        set heartbeat_due = now() + make_interval(secs => s.heartbeat), heartbeat_event = s.scheduled_event
        where s.bucket = v_step.bucket and s.execution = v_step.execution and s.id = v_step.id;
    end if;
end $$;

-- Ends a wait that took too long, or looks at it again when it may have.
create function stepwell.look_at_wait(p_step stepwell.steps) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_outcome text;
    v_due timestamptz;
begin
    if p_step.deadline <= now() then
        v_outcome := 'timedOut';
    elsif p_step.heartbeat is not null then
        -- The first look comes a second after the wait began, or when a heartbeat is due.
        v_due := case when p_step.heartbeat_event = p_step.scheduled_event then p_step.heartbeat_due
                 else p_step.wake_at + make_interval(secs => p_step.heartbeat - 1) end;
        if v_due <= now() then
            v_outcome := 'heartbeatMissed';
        end if;
    end if;
    if v_outcome is null then
        update stepwell.steps s
        set wake_at = least(s.deadline, v_due), heartbeat_due = v_due,
            heartbeat_event = case when v_due is not null then s.scheduled_event end
        where s.bucket = p_step.bucket and s.execution = p_step.execution and s.id = p_step.id;
    else
        update stepwell.steps s
        set status = 'r', run_at = now(), wake_at = null, fence = s.fence + 1, function = '', outcome = v_outcome
        where s.bucket = p_step.bucket and s.execution = p_step.execution and s.id = p_step.id;
    end if;
end $$;

-- Looks at steps whose wake_at has come: rescues lost leases, gives answers, ends waits that took too long, moves the
-- rest. Any worker may call it at any time; every condition is checked on the locked row. Answers how many were looked
-- at.
create or replace function stepwell.sweep(p_bucket int, p_limit int) returns int
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
        if stepwell.take_answer(v_step) then
            null;
        elsif v_step.status = 'l' and v_step.lease_until <= now() then
            perform stepwell.lose_lease(v_step);
        elsif v_step.status = 'l' then
            update stepwell.steps s set wake_at = v_step.lease_until
            where s.bucket = p_bucket and s.execution = v_step.execution and s.id = v_step.id;
        elsif v_step.status = 'w' then
            perform stepwell.look_at_wait(v_step);
        end if;
    end loop;
    return v_count;
end $$;

revoke execute on all functions in schema stepwell from public;
