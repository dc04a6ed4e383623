-- Small functions that every start calls. A function in SQL that can't be inlined is parsed and planned anew by each
-- statement that calls it, which was a third of what one start cost; in PL/pgSQL it is parsed once in a session.

-- As before.
create or replace function stepwell.bucket_of(machine text, execution text, buckets int) returns int
language plpgsql immutable strict parallel safe as $$
begin
    return ((('x' || encode(substr(sha256(convert_to(machine || E'\n' || execution, 'UTF8')), 1, 4), 'hex'))::bit(32)::bigint)
        % buckets)::int;
end $$;

-- As before.
create or replace function stepwell.new_execution_id() returns uuid
language plpgsql volatile parallel safe as $$
begin
    return (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
        || right(gen_random_uuid()::text, 21))::uuid;
end $$;

-- As before.
create or replace function stepwell.execution_arn(machine text, execution text) returns text
language plpgsql stable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select 'arn:aws:states:' || s.region || ':' || s.account
            || case when strpos(execution, ':') > 0 then ':express:' else ':execution:' end || machine || ':' || execution
        from stepwell.settings s);
end $$;

-- As before.
create or replace function stepwell.state_machine_arn(machine text) returns text
language plpgsql stable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select 'arn:aws:states:' || s.region || ':' || s.account || ':stateMachine:' || machine
        from stepwell.settings s);
end $$;

-- As before, but for the two checks.
create or replace function stepwell.open_execution(
    p_state_machine text,
    p_input json,
    p_name text,
    p_parent_bucket int,
    p_parent_execution uuid,
    p_parent_step bigint,
    p_parent_event int,
    p_express_id uuid default null
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
    v_name text := p_name;
    v_bucket int;
    v_revision record;
    v_found stepwell.executions;
begin
    -- What is plainly right needs no closer look.
    if p_name is null or p_name !~ '^[A-Za-z0-9_.-]{1,80}$' then
        perform stepwell.check_name('execution', p_name);
    end if;
    if p_input is null or octet_length(p_input::text) > 1024 or strpos(p_input::text, '\u') > 0 then
        perform stepwell.check_payload(p_input);
    end if;
    select m.id as machine, r.id, r.entry_state, r.entry_function, r.timeout_seconds, s.buckets, m.type,
        null::int as version, null::text as alias, m.deleting_at is not null as deleting
    into v_revision
    from stepwell.settings s
    join stepwell.state_machines m on m.name = v_machine
    join stepwell.revisions r on r.id = m.revision;
    -- No valid name has a colon: what stands behind it is a version or an alias.
    if not found and strpos(v_machine, ':') > 0 then
        select t.o_machine as machine, r.id, r.entry_state, r.entry_function, r.timeout_seconds, s.buckets, m.type,
            t.o_version as version, t.o_alias as alias, t.o_deleting as deleting
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
    o_arn := stepwell.execution_arn(v_machine, v_name);

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
    insert into stepwell.execution_heads (bucket, execution, last_event) values (v_bucket, v_id, 1);
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
