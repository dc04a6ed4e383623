-- What users call, from any SQL session and inside their own transactions.

-- The ARN of an execution.
create function stepwell.execution_arn(machine text, execution text) returns text
language sql stable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select 'arn:aws:states:' || s.region || ':' || s.account || ':execution:' || machine || ':' || execution
    from stepwell.settings s
$$;

-- The ARN of a state machine.
create function stepwell.state_machine_arn(machine text) returns text
language sql stable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select 'arn:aws:states:' || s.region || ':' || s.account || ':stateMachine:' || machine
    from stepwell.settings s
$$;

-- A payload wherever it is stored.
create function stepwell.payload(p_bucket int, p_execution uuid, p_inline json, p_id uuid) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_id is null then
        return p_inline;
    end if;
    return (select p.value from stepwell.payloads p
            where p.bucket = p_bucket and p.execution = p_execution and p.id = p_id);
end $$;

-- Refuses names that AWS refuses: 1 to 80 characters, no white space, control, bracket, wildcard or special characters.
create function stepwell.check_name(p_kind text, p_name text) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_name is null or char_length(p_name) not between 1 and 80
        or p_name ~ '[[:space:][:cntrl:]<>{}\[\]?*"#%\\^|~`$&,;:/]'
        or p_name ~ ('[' || U&'\FFFE' || U&'\FFFF' || U&'\+10FFFF' || U&'\0080' || '-' || U&'\009F' || ']')
    then
        raise exception using
            errcode = 'SW001',
            message = format('InvalidName: the %s name %L is not allowed', p_kind, p_name),
            hint = 'Use 1 to 80 characters without white space and without any of <>{}[]?*"#%\^|~`$&,;:/';
    end if;
end $$;

-- Refuses payloads that the engine can't carry: too large, or with half a surrogate pair, which is no text.
create function stepwell.check_payload(p_payload json) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text text := p_payload::text;
    v_limit int;
begin
    if v_text is null then
        raise exception using errcode = 'SW002', message = 'InvalidExecutionInput: the input is NULL',
            hint = 'Pass a JSON value, for example ''{}''::json.';
    end if;
    select s.payload_bytes into v_limit from stepwell.settings s;
    if octet_length(v_text) > v_limit then
        raise exception using errcode = 'SW002',
            message = format('InvalidExecutionInput: the input has %s bytes, the limit is %s', octet_length(v_text), v_limit),
            hint = 'Store large data elsewhere and pass a reference to it.';
    end if;
    if strpos(lower(v_text), '\ud') > 0
        and regexp_replace(regexp_replace(v_text, '\\\\', '', 'g'),
            '\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}', '', 'g') ~ '\\u[dD][89a-fA-F]'
    then
        raise exception using errcode = 'SW002',
            message = 'InvalidExecutionInput: the input contains an unpaired surrogate (\ud800 to \udfff)',
            hint = 'Surrogates come in pairs, a high one and then a low one; together they are one character.';
    end if;
end $$;

-- Starts an execution, or finds the one that has its name, on behalf of all doors: SQL, the library, parent executions.
-- `o_outcome`: 'started'; 'exists' (it runs, with the same input and for the same parent: the same answer as the first
-- time); 'conflict' (another input, or it has ended).
create function stepwell.open_execution(
    p_state_machine text,
    p_input json,
    p_name text,
    p_parent_bucket int,
    p_parent_execution uuid,
    p_parent_step bigint,
    p_parent_event int
) returns table (o_outcome text, o_arn text, o_id uuid, o_started_at timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_machine text := regexp_replace(p_state_machine, '^arn:[^:]*:states:[^:]*:[^:]*:stateMachine:', '');
    v_id uuid := stepwell.new_execution_id();
    -- The id's own time, so that both say the same.
    v_started_at timestamptz := to_timestamp(('x' || left(replace(v_id::text, '-', ''), 12))::bit(48)::bigint / 1000.0);
    v_large boolean := octet_length(p_input::text) > 1024;
    v_inline json := case when not v_large then p_input end;
    v_digest uuid;
    v_bucket int;
    v_revision record;
    v_found stepwell.executions;
begin
    perform stepwell.check_name('execution', p_name);
    perform stepwell.check_payload(p_input);
    select m.id as machine, r.id, r.entry_state, r.entry_function, r.timeout_seconds, s.buckets into v_revision
    from stepwell.settings s
    join stepwell.state_machines m on m.name = v_machine
    join stepwell.revisions r on r.id = m.revision;
    if not found then
        raise exception using errcode = 'SW003',
            message = format('StateMachineDoesNotExist: there is no state machine named %L', v_machine),
            hint = 'Deploy it first: stepwell deploy FILE.asl.json';
    end if;
    v_bucket := stepwell.bucket_of(v_machine, p_name, v_revision.buckets);
    if v_large then
        v_digest := encode(substr(sha256(convert_to(p_input::text, 'UTF8')), 1, 16), 'hex')::uuid;
    end if;
    o_arn := stepwell.execution_arn(v_machine, p_name);

    insert into stepwell.executions
        (bucket, id, machine, revision, name, input, input_id, started_at,
         parent_bucket, parent_execution, parent_step, parent_event)
    values
        (v_bucket, v_id, v_revision.machine, v_revision.id, p_name, v_inline, v_digest, v_started_at,
         p_parent_bucket, p_parent_execution, p_parent_step, p_parent_event)
    on conflict (bucket, machine, name) do nothing;
    if not found then
        select e.* into strict v_found
        from stepwell.executions e
        where e.bucket = v_bucket and e.machine = v_revision.machine and e.name = p_name;
        o_outcome := case
            -- The same parent's step asks again: whatever has become of the child, this is its child.
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
    insert into stepwell.execution_heads (bucket, execution, last_event) values (v_bucket, v_id, 1);
    insert into stepwell.steps
        (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state,
         input, input_id)
    values
        (v_bucket, v_id, 0, v_revision.machine, v_revision.id, p_name, 'r', v_revision.entry_function,
         v_revision.entry_function, now(), 'fresh', v_revision.entry_state, v_inline, v_digest);
    if v_revision.timeout_seconds is not null then
        insert into stepwell.steps
            (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state)
        values
            (v_bucket, v_id, 1, v_revision.machine, v_revision.id, p_name, 'r', '', '',
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

-- Starts an execution and answers its ARN. In a transaction that is rolled back the execution never existed.
--
-- A name makes the start idempotent: as long as the execution runs, the same name and input answer the same ARN; another
-- input, or an execution that has ended, is an ExecutionAlreadyExists error. Without a name the execution gets a UUID.
create function stepwell.start_execution(
    state_machine text,
    input json default '{}',
    name text default null
) returns text
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_opened record;
begin
    select * into v_opened
    from stepwell.open_execution(state_machine, input, coalesce(name, gen_random_uuid()::text), null, null, null, null);
    if v_opened.o_outcome = 'conflict' then
        raise exception using errcode = 'SW004',
            message = format('ExecutionAlreadyExists: %s', v_opened.o_arn),
            hint = 'Only the same name with the same input can be started again, and only while the execution runs.';
    end if;
    return v_opened.o_arn;
end $$;

-- Finds an execution by its ARN, or by 'MACHINE:NAME'. No row: there is none.
create function stepwell.find_execution(p_execution text) returns setof stepwell.executions
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_names text[] := string_to_array(
        regexp_replace(p_execution, '^arn:[^:]*:states:[^:]*:[^:]*:execution:', ''), ':');
begin
    if cardinality(v_names) <> 2 then
        return;
    end if;
    return query
    select e.*
    from stepwell.settings s
    join stepwell.state_machines m on m.name = v_names[1]
    join stepwell.executions e
        on e.bucket = stepwell.bucket_of(v_names[1], v_names[2], s.buckets) and e.machine = m.id and e.name = v_names[2];
end $$;

-- Aborts an execution, given by its ARN or as 'MACHINE:NAME', and answers when it stopped. Stopping one that has ended
-- changes nothing and answers when that was.
create function stepwell.stop_execution(
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
    -- Workers are told at once; one that misses it learns when it extends its lease.
    foreach v_holder in array stepwell.end_executions(
        v_execution.bucket, null, array[v_execution.id], array['ABORTED'], array[null::json], array[null::uuid],
        array[error], array[cause])
    loop
        perform pg_notify('stepwell_worker_' || replace(v_holder::text, '-', ''), v_execution.id::text);
    end loop;
    return now();
end $$;
