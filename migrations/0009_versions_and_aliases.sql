-- What the API keeps about state machines besides their definitions: configuration, versions, aliases, tags, deletion.

alter table stepwell.state_machines
    -- The last version number given; numbers are never used again.
    add column last_version int not null default 0,
    -- No start is accepted any more; what runs is stopped, then the machine goes.
    add column deleting_at  timestamptz,
    -- It is gone: its name is free, its row only explains what its executions were.
    add column deleted_at   timestamptz;

-- A revision is all that an update can change.
alter table stepwell.revisions
    -- What the API calls it; null: the first one, INITIAL.
    add column revision_id   uuid,
    add column role_arn      text,
    -- loggingConfiguration, tracingConfiguration and encryptionConfiguration, all three.
    add column configuration json not null default '{"loggingConfiguration":{"level":"OFF","includeExecutionData":false},"tracingConfiguration":{"enabled":false},"encryptionConfiguration":{"type":"AWS_OWNED_KEY"}}';

update stepwell.revisions r
set role_arn = m.role_arn, revision_id = case when r.number > 1 then gen_random_uuid() end
from stepwell.state_machines m
where m.id = r.machine;

-- A revision under a number that people can start and route to.
create table stepwell.versions (
    machine     int         not null references stepwell.state_machines (id),
    number      int         not null,
    revision    int         not null references stepwell.revisions (id),
    description text,
    created_at  timestamptz not null default now(),
    primary key (machine, number)
);

-- A name for one version, or for two that share the starts by weight.
create table stepwell.aliases (
    machine        int         not null references stepwell.state_machines (id),
    name           text        not null,
    description    text,
    version        int         not null,
    weight         int         not null check (weight between 0 and 100),
    second_version int,
    second_weight  int         check (second_weight between 0 and 100),
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    primary key (machine, name),
    check (weight + coalesce(second_weight, 0) = 100)
);

-- Tags of state machines ('stateMachine:NAME') and activities ('activity:NAME').
create table stepwell.tags (
    resource text not null,
    key      text not null,
    value    text not null,
    primary key (resource, key)
);

-- The version and the alias that an execution was started through, and the trace it belongs to.
alter table stepwell.executions
    add column version      int,
    add column alias        text,
    add column trace_header text;

-- Deploys a definition that the caller has validated. Says what happened: 'created', 'updated' or 'unchanged'.
create or replace function stepwell.deploy(
    p_name text,
    p_definition text,
    p_entry_state text,
    p_entry_function text,
    p_timeout_seconds int,
    p_role_arn text
) returns table (o_outcome text, o_machine int, o_revision int, o_number int)
language plpgsql as $$
declare
    v_answer record;
begin
    select * into v_answer from stepwell.create_state_machine(
        p_name, null, p_definition, p_entry_state, p_entry_function, p_timeout_seconds, p_role_arn, null, null,
        false, null);
    if v_answer.o_outcome = 'created' then
        o_outcome := 'created';
    elsif v_answer.o_outcome = 'deleting' then
        raise exception using errcode = 'SW101',
            message = format('StateMachineDeleting: the state machine %L is being deleted', p_name),
            hint = 'Wait until its executions have stopped, or choose another name.';
    else
        select * into v_answer from stepwell.update_state_machine(
            p_name, p_definition, p_entry_state, p_entry_function, p_timeout_seconds, p_role_arn, null, false, null);
        o_outcome := v_answer.o_outcome;
    end if;
    select m.id, r.id, r.number into o_machine, o_revision, o_number
    from stepwell.state_machines m join stepwell.revisions r on r.id = m.revision
    where m.name = p_name;
    return next;
end $$;

-- Creates a state machine whose definition the caller has validated. p_type and p_configuration may be null: the
-- defaults. `o_outcome`: 'created'; 'exists' (one that is the same in everything but role and tags); 'conflict'
-- (another one has the name); 'deleting'.
create function stepwell.create_state_machine(
    p_name text,
    p_type text,
    p_definition text,
    p_entry_state text,
    p_entry_function text,
    p_timeout_seconds int,
    p_role_arn text,
    p_configuration json,
    p_tags json,
    p_publish boolean,
    p_version_description text
) returns table (o_outcome text, o_created_at timestamptz, o_version int)
language plpgsql as $$
declare
    v_machine stepwell.state_machines;
    v_current stepwell.revisions;
    v_version stepwell.versions;
    v_revision int;
begin
    -- One deployment at a time: ids are counted, not drawn from a sequence.
    lock table stepwell.state_machines in share row exclusive mode;
    select * into v_machine from stepwell.state_machines m where m.name = p_name;
    if found then
        o_created_at := v_machine.created_at;
        select * into strict v_current from stepwell.revisions r where r.id = v_machine.revision;
        select v.* into v_version from stepwell.versions v
        where v.machine = v_machine.id and v.revision = v_current.id
        order by v.number desc limit 1;
        o_version := v_version.number;
        o_outcome := case
            when v_machine.deleting_at is not null then 'deleting'
            when v_current.definition = p_definition and v_machine.type = coalesce(p_type, 'STANDARD')
                and v_current.configuration::jsonb = coalesce(p_configuration, v_current.configuration)::jsonb
                and (v_version.number is not null) = p_publish
                and v_version.description is not distinct from p_version_description then 'exists'
            else 'conflict' end;
        return next;
        return;
    end if;
    select coalesce(max(r.id), 0) + 1 into v_revision from stepwell.revisions r;
    insert into stepwell.state_machines as m (id, name, type, role_arn, revision, last_version)
    select coalesce(max(o.id), 0) + 1, p_name, coalesce(p_type, 'STANDARD'), p_role_arn, v_revision,
        case when p_publish then 1 else 0 end
    from stepwell.state_machines o
    returning m.* into v_machine;
    insert into stepwell.revisions
        (id, machine, number, definition, entry_state, entry_function, timeout_seconds, role_arn)
    values
        (v_revision, v_machine.id, 1, p_definition, p_entry_state, p_entry_function, p_timeout_seconds, p_role_arn);
    if p_configuration is not null then
        update stepwell.revisions r set configuration = p_configuration where r.id = v_revision;
    end if;
    if p_publish then
        insert into stepwell.versions (machine, number, revision, description)
        values (v_machine.id, 1, v_revision, p_version_description);
        o_version := 1;
    end if;
    perform stepwell.put_tags('stateMachine:' || p_name, p_tags);
    o_outcome := 'created';
    o_created_at := v_machine.created_at;
    return next;
end $$;

-- Changes what is not null. Executions that run keep their revision; if nothing differs there is no new one.
-- `o_outcome`: 'updated', 'unchanged', 'missing', 'deleting'. p_configuration holds the members that change.
create function stepwell.update_state_machine(
    p_name text,
    p_definition text,
    p_entry_state text,
    p_entry_function text,
    p_timeout_seconds int,
    p_role_arn text,
    p_configuration json,
    p_publish boolean,
    p_version_description text
) returns table (o_outcome text, o_updated_at timestamptz, o_revision_id uuid, o_version int)
language plpgsql as $$
declare
    v_machine stepwell.state_machines;
    v_new stepwell.revisions;
    v_configuration json;
begin
    lock table stepwell.state_machines in share row exclusive mode;
    select * into v_machine from stepwell.state_machines m where m.name = p_name;
    if not found or v_machine.deleting_at is not null then
        o_outcome := case when v_machine.id is null then 'missing' else 'deleting' end;
        return next;
        return;
    end if;
    select * into strict v_new from stepwell.revisions r where r.id = v_machine.revision;
    -- Compared as jsonb, kept as json: the order of members is nobody's change.
    v_configuration := case
        when p_configuration is null
            or v_new.configuration::jsonb || p_configuration::jsonb = v_new.configuration::jsonb
        then v_new.configuration
        else (v_new.configuration::jsonb || p_configuration::jsonb)::json end;
    if coalesce(p_definition, v_new.definition) = v_new.definition
        and coalesce(p_role_arn, v_new.role_arn) is not distinct from v_new.role_arn
        and v_configuration::text = v_new.configuration::text
    then
        o_outcome := 'unchanged';
        o_updated_at := now();
    else
        o_outcome := 'updated';
        if p_definition is not null then
            v_new.definition := p_definition;
            v_new.entry_state := p_entry_state;
            v_new.entry_function := p_entry_function;
            v_new.timeout_seconds := p_timeout_seconds;
        end if;
        v_new.role_arn := coalesce(p_role_arn, v_new.role_arn);
        v_new.configuration := v_configuration;
        v_new.revision_id := gen_random_uuid();
        v_new.created_at := now();
        select max(r.id) + 1, max(r.number) filter (where r.machine = v_machine.id) + 1
        into v_new.id, v_new.number from stepwell.revisions r;
        insert into stepwell.revisions select v_new.*;
        update stepwell.state_machines m
        set revision = v_new.id, role_arn = v_new.role_arn, updated_at = now()
        where m.id = v_machine.id
        returning m.updated_at into o_updated_at;
    end if;
    o_revision_id := v_new.revision_id;
    if p_publish then
        select p.o_version into o_version
        from stepwell.publish_version(p_name, null, p_version_description) p;
    end if;
    return next;
end $$;

-- Gives the current revision a version number, or finds the one it has. `o_outcome`: 'published', 'missing',
-- 'deleting'; 'outdated' (p_revision_id is not the current one, o_current is); 'full' (1,000 versions).
create function stepwell.publish_version(
    p_name text,
    p_revision_id text,
    p_description text
) returns table (o_outcome text, o_version int, o_created_at timestamptz, o_current text)
language plpgsql as $$
declare
    v_machine stepwell.state_machines;
    v_revision stepwell.revisions;
begin
    lock table stepwell.state_machines in share row exclusive mode;
    select * into v_machine from stepwell.state_machines m where m.name = p_name;
    if not found or v_machine.deleting_at is not null then
        o_outcome := case when v_machine.id is null then 'missing' else 'deleting' end;
        return next;
        return;
    end if;
    select * into strict v_revision from stepwell.revisions r where r.id = v_machine.revision;
    o_current := coalesce(v_revision.revision_id::text, 'INITIAL');
    if p_revision_id is not null and p_revision_id <> o_current then
        o_outcome := 'outdated';
        return next;
        return;
    end if;
    select v.number, v.created_at into o_version, o_created_at
    from stepwell.versions v
    where v.machine = v_machine.id and v.revision = v_revision.id
    order by v.number desc limit 1;
    if not found then
        if (select count(*) from stepwell.versions v where v.machine = v_machine.id) >= 1000 then
            o_outcome := 'full';
            return next;
            return;
        end if;
        update stepwell.state_machines m set last_version = m.last_version + 1
        where m.id = v_machine.id
        returning m.last_version into o_version;
        insert into stepwell.versions as v (machine, number, revision, description)
        values (v_machine.id, o_version, v_revision.id, p_description)
        returning v.created_at into o_created_at;
    end if;
    o_outcome := 'published';
    return next;
end $$;

-- Deletes a version; one that isn't there is as good as deleted. Answers the aliases that refer to it: then it stays.
create function stepwell.delete_version(p_name text, p_version int) returns text[]
language plpgsql as $$
declare
    v_machine int;
    v_aliases text[];
begin
    lock table stepwell.state_machines in share row exclusive mode;
    select m.id into v_machine from stepwell.state_machines m where m.name = p_name;
    select coalesce(array_agg(a.name order by a.name), '{}') into v_aliases
    from stepwell.aliases a
    where a.machine = v_machine and p_version in (a.version, a.second_version);
    if v_aliases = '{}' then
        delete from stepwell.versions v where v.machine = v_machine and v.number = p_version;
    end if;
    return v_aliases;
end $$;

-- Creates an alias. `o_outcome`: 'created'; 'exists' (the same one); 'conflict'; 'missing' (no such machine or version);
-- 'deleting'; 'full' (100 aliases).
create function stepwell.create_alias(
    p_machine text, p_name text, p_description text,
    p_version int, p_weight int, p_second_version int, p_second_weight int
) returns table (o_outcome text, o_created_at timestamptz)
language plpgsql as $$
declare
    v_machine stepwell.state_machines;
    v_found stepwell.aliases;
begin
    lock table stepwell.state_machines in share row exclusive mode;
    select * into v_machine from stepwell.state_machines m where m.name = p_machine;
    select * into v_found from stepwell.aliases a where a.machine = v_machine.id and a.name = p_name;
    o_outcome := case
        when v_machine.id is null then 'missing'
        when v_machine.deleting_at is not null then 'deleting'
        when v_found.name is not null then
            case when (v_found.description, v_found.version, v_found.weight,
                    v_found.second_version, v_found.second_weight)
                is not distinct from (p_description, p_version, p_weight, p_second_version, p_second_weight)
            then 'exists' else 'conflict' end
        when not stepwell.has_versions(v_machine.id, p_version, p_second_version) then 'missing'
        when (select count(*) from stepwell.aliases a where a.machine = v_machine.id) >= 100 then 'full'
        else 'created' end;
    o_created_at := v_found.created_at;
    if o_outcome = 'created' then
        insert into stepwell.aliases as a
            (machine, name, description, version, weight, second_version, second_weight)
        values
            (v_machine.id, p_name, p_description, p_version, p_weight, p_second_version, p_second_weight)
        returning a.created_at into o_created_at;
    end if;
    return next;
end $$;

-- Changes an alias; a null description or version keeps what is there. `o_outcome`: 'updated', 'missing', 'deleting'.
create function stepwell.update_alias(
    p_machine text, p_name text, p_description text,
    p_version int, p_weight int, p_second_version int, p_second_weight int
) returns table (o_outcome text, o_updated_at timestamptz)
language plpgsql as $$
declare
    v_machine stepwell.state_machines;
begin
    lock table stepwell.state_machines in share row exclusive mode;
    select * into v_machine from stepwell.state_machines m where m.name = p_machine;
    o_outcome := 'missing';
    if v_machine.deleting_at is not null then
        o_outcome := 'deleting';
    elsif p_version is null or stepwell.has_versions(v_machine.id, p_version, p_second_version) then
        update stepwell.aliases a
        set description = coalesce(p_description, a.description),
            version = coalesce(p_version, a.version),
            weight = case when p_version is null then a.weight else p_weight end,
            second_version = case when p_version is null then a.second_version else p_second_version end,
            second_weight = case when p_version is null then a.second_weight else p_second_weight end,
            updated_at = now()
        where a.machine = v_machine.id and a.name = p_name
        returning 'updated', a.updated_at into o_outcome, o_updated_at;
        o_outcome := coalesce(o_outcome, 'missing');
    end if;
    return next;
end $$;

create function stepwell.has_versions(p_machine int, p_version int, p_second_version int) returns boolean
language sql stable as $$
    select exists (select 1 from stepwell.versions v where v.machine = p_machine and v.number = p_version)
        and (p_second_version is null or exists (
            select 1 from stepwell.versions v where v.machine = p_machine and v.number = p_second_version))
$$;

-- Adds tags, [{"key": …, "value": …}]; of equal keys the last counts. Answers whether there are at most 50.
create function stepwell.put_tags(p_resource text, p_tags json) returns boolean
language plpgsql as $$
begin
    insert into stepwell.tags as t (resource, key, value)
    select distinct on (i.tag ->> 'key') p_resource, i.tag ->> 'key', coalesce(i.tag ->> 'value', '')
    from json_array_elements(coalesce(p_tags, '[]')) with ordinality as i (tag, place)
    order by i.tag ->> 'key', i.place desc
    on conflict (resource, key) do update set value = excluded.value;
    return (select count(*) <= 50 from stepwell.tags t where t.resource = p_resource);
end $$;

-- Begins to delete a state machine: from now on nothing is started. One that isn't there is as good as deleted.
create function stepwell.delete_state_machine(p_name text) returns void
language plpgsql as $$
begin
    lock table stepwell.state_machines in share row exclusive mode;
    update stepwell.state_machines m set deleting_at = now()
    where m.name = p_name and m.deleting_at is null;
end $$;

-- Stops up to p_limit executions of a machine in one bucket, behind p_after. Null: there are no more.
create function stepwell.stop_executions_of(p_bucket int, p_machine int, p_after uuid, p_limit int) returns uuid
language plpgsql as $$
declare
    v_machine text;
    v_execution record;
    v_last uuid;
begin
    select m.name into v_machine from stepwell.state_machines m where m.id = p_machine;
    for v_execution in
        select e.id, e.name
        from stepwell.execution_heads h
        join stepwell.executions e on e.bucket = h.bucket and e.id = h.execution
        where h.bucket = p_bucket and e.machine = p_machine and (p_after is null or h.execution > p_after)
        order by h.execution
        limit p_limit
    loop
        perform stepwell.stop_execution(
            stepwell.execution_arn(v_machine, v_execution.name), null, 'The state machine was deleted.');
        v_last := v_execution.id;
    end loop;
    return v_last;
end $$;

-- Completes a deletion: versions, aliases and tags go, the name is free. Only machines that are being deleted.
create function stepwell.finish_deletion(p_machine int) returns void
language plpgsql as $$
declare
    v_name text;
    v_suffix text := format(' (deleted %s)', p_machine);
begin
    lock table stepwell.state_machines in share row exclusive mode;
    select m.name into v_name from stepwell.state_machines m
    where m.id = p_machine and m.deleting_at is not null and m.deleted_at is null;
    if not found then
        return;
    end if;
    delete from stepwell.aliases a where a.machine = p_machine;
    delete from stepwell.versions v where v.machine = p_machine;
    delete from stepwell.tags t where t.resource = 'stateMachine:' || v_name;
    -- Spaces and brackets are in no valid name, so that nobody can ask for it.
    update stepwell.state_machines m
    set name = left(v_name, 80 - char_length(v_suffix)) || v_suffix, deleted_at = now()
    where m.id = p_machine;
end $$;

-- The revision that a start through 'MACHINE:VERSION' or 'MACHINE:ALIAS' runs. No row: there is none.
create function stepwell.route(p_qualified text) returns table (
    o_machine int, o_revision int, o_version int, o_alias text, o_deleting boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_parts text[] := string_to_array(p_qualified, ':');
begin
    select m.id, m.deleting_at is not null into o_machine, o_deleting
    from stepwell.state_machines m
    where m.name = v_parts[1] and cardinality(v_parts) = 2;
    if v_parts[2] ~ '^[0-9]{1,9}$' then
        o_version := v_parts[2]::int;
    else
        select a.name, case when random() * 100 < a.weight then a.version else a.second_version end
        into o_alias, o_version
        from stepwell.aliases a
        where a.machine = o_machine and a.name = v_parts[2];
    end if;
    select v.revision into o_revision
    from stepwell.versions v
    where v.machine = o_machine and v.number = o_version;
    if found then
        return next;
    end if;
end $$;

-- Starts an execution, or finds the one that has its name, on behalf of all doors: SQL, the library, parent executions.
-- `o_outcome`: 'started'; 'exists' (it runs, with the same input and for the same parent: the same answer as the first
-- time); 'conflict' (another input, or it has ended).
create or replace function stepwell.open_execution(
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
    select m.id as machine, r.id, r.entry_state, r.entry_function, r.timeout_seconds, s.buckets,
        null::int as version, null::text as alias, m.deleting_at is not null as deleting
    into v_revision
    from stepwell.settings s
    join stepwell.state_machines m on m.name = v_machine
    join stepwell.revisions r on r.id = m.revision;
    -- No valid name has a colon: what stands behind it is a version or an alias.
    if not found and strpos(v_machine, ':') > 0 then
        select t.o_machine as machine, r.id, r.entry_state, r.entry_function, r.timeout_seconds, s.buckets,
            t.o_version as version, t.o_alias as alias, t.o_deleting as deleting
        into v_revision
        from stepwell.settings s
        cross join stepwell.route(v_machine) t
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
    v_bucket := stepwell.bucket_of(v_machine, p_name, v_revision.buckets);
    if v_large then
        v_digest := encode(substr(sha256(convert_to(p_input::text, 'UTF8')), 1, 16), 'hex')::uuid;
    end if;
    o_arn := stepwell.execution_arn(v_machine, p_name);

    insert into stepwell.executions
        (bucket, id, machine, revision, name, input, input_id, started_at, version, alias,
         parent_bucket, parent_execution, parent_step, parent_event)
    values
        (v_bucket, v_id, v_revision.machine, v_revision.id, p_name, v_inline, v_digest, v_started_at,
         v_revision.version, v_revision.alias, p_parent_bucket, p_parent_execution, p_parent_step, p_parent_event)
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

-- Starts many executions of one state machine and answers their ARNs, in order: as start_execution does for each, but all
-- or none. Without names the executions get UUIDs.
create or replace function stepwell.start_executions(
    state_machine text,
    inputs json[],
    names text[] default null
) returns setof text
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_machine text := regexp_replace(state_machine, '^arn:[^:]*:states:[^:]*:[^:]*:stateMachine:', '');
    v_names text[] := coalesce(names, array(select gen_random_uuid()::text from unnest(inputs)));
    v_revision record;
    v_milliseconds bigint := extract(epoch from clock_timestamp()) * 1000;
    v_time text := lpad(to_hex(v_milliseconds), 12, '0') || '7';
    v_bucket record;
    v_started uuid[];
    v_buckets int[] := '{}';
begin
    if cardinality(v_names) <> cardinality(inputs) then
        raise exception using errcode = 'SW001',
            message = format('InvalidName: there are %s names for %s inputs', cardinality(names), cardinality(inputs)),
            hint = 'Pass a name for every input, or no names.';
    end if;
    -- What is plainly right needs no closer look.
    perform stepwell.check_name('execution', n.name) from unnest(v_names) as n (name)
    where n.name ~ '[^A-Za-z0-9_.-]' or octet_length(n.name) not between 1 and 80 or n.name is null;
    perform stepwell.check_payload(i.input) from unnest(inputs) as i (input)
    where i.input is null or octet_length(i.input::text) > 1024 or strpos(i.input::text, '\u') > 0;

    select m.id as machine, r.id, r.entry_state, r.entry_function, r.timeout_seconds, s.buckets into v_revision
    from stepwell.settings s
    join stepwell.state_machines m on m.name = v_machine and m.deleting_at is null
    join stepwell.revisions r on r.id = m.revision;
    -- Through a version or an alias, or to be refused: one by one.
    if not found then
        return query
        select stepwell.start_execution(state_machine, i.input, i.name) from unnest(inputs, v_names) as i (input, name);
        return;
    end if;

    for v_bucket in
        select i.bucket, array_agg(i.id) as ids, array_agg(i.name) as names, array_agg(i.input) as inputs
        from (
            select i.name, i.input, stepwell.bucket_of(v_machine, i.name, v_revision.buckets) as bucket,
                -- Those of one call follow each other in the index.
                (v_time || lpad(to_hex(i.ord & 4095), 3, '0') || right(gen_random_uuid()::text, 17))::uuid as id
            from unnest(v_names, inputs) with ordinality as i (name, input, ord)
        ) i
        group by i.bucket
        order by i.bucket
    loop
        v_started := stepwell.open_executions(v_bucket.bucket, v_revision.machine, v_revision.id, v_revision.entry_state,
            v_revision.entry_function, v_revision.timeout_seconds, to_timestamp(v_milliseconds / 1000.0), v_bucket.ids,
            v_bucket.names, v_bucket.inputs);
        v_buckets := v_buckets || v_bucket.bucket;
        if array_position(v_started, null) is not null then
            -- A name that is taken may be this very start, made before.
            perform stepwell.start_execution(state_machine, i.input, i.name)
            from unnest(v_started, v_bucket.names, v_bucket.inputs) as i (id, name, input)
            where i.id is null;
        end if;
    end loop;

    if exists (
        select 1 from stepwell.workers w
        where w.idle and w.seen_at > now() - interval '30 seconds'
          and (v_revision.entry_function = '' or v_revision.entry_function = any (w.functions)))
    then
        perform pg_notify('stepwell_work', b.bucket::text) from unnest(v_buckets) as b (bucket);
    end if;
    return query
    select p.prefix || n.name
    from unnest(v_names) with ordinality as n (name, ord)
    cross join (select stepwell.execution_arn(v_machine, '') as prefix offset 0) p
    order by n.ord;
end $$;

-- State machines as people read them: those that are gone are not shown.
create or replace view stepwell.state_machine_overview as
select m.name, r.number as revision, m.created_at, m.updated_at, stepwell.state_machine_arn(m.name) as arn
from stepwell.state_machines m
join stepwell.revisions r on r.id = m.revision
where m.deleted_at is null;

revoke execute on all functions in schema stepwell from public;
