-- For the HTTP endpoint: limits of access keys, and many who wait for tasks of activities at one server.

-- How many requests a second the key may send to each server; null: as many as the server allows every key.
alter table stepwell.access_keys add column rate_limit int check (rate_limit > 0);

-- What a worker says it has done, for those who watch.
alter table stepwell.workers add column figures json;

-- Of some activities, those that have a task in a bucket.
create function stepwell.activities_with_tasks(p_bucket int, p_activities text[]) returns setof text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select a.name from unnest(p_activities) as a (name) where stepwell.has_activity_task(p_bucket, a.name);
end $$;

-- Hands the longest waiting tasks of an activity in a bucket to those who ask, in their order, in one transaction. Fewer
-- rows than workers: there are no more.
create function stepwell.get_activity_tasks(
    p_bucket int, p_activity text, p_worker_names text[]
) returns table (o_execution uuid, o_step bigint, o_entry int, o_attempt int, o_input json)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    for i in 1 .. cardinality(p_worker_names) loop
        return query
        select t.* from stepwell.get_activity_task(p_bucket, p_activity, p_worker_names[i]) t;
        exit when not found;
    end loop;
end $$;

-- As before, and nothing is changed where the version that is wanted would be one too many.
create or replace function stepwell.update_state_machine(
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
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
        if o_version is null then
            raise exception using errcode = 'SW102',
                message = format('VersionLimitExceeded: the state machine %L has as many versions as it may have', p_name);
        end if;
    end if;
    return next;
end $$;

revoke execute on all functions in schema stepwell from public;
