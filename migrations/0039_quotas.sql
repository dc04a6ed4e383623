-- AWS's quotas of an account, kept while the limits are AWS's.

-- Refuses a state machine or an activity that would be one more than there may be. The caller has locked the table.
create function stepwell.require_room(p_kind text, p_plural text, p_count bigint) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_most constant bigint := 100000;
begin
    if p_count >= v_most then
        raise exception using errcode = 'SW011',
            message = format('%sLimitExceeded: there are %s %s, and there may be no more', p_kind, p_count, p_plural),
            hint = 'Delete some, or give up AWS''s limits: stepwell settings --strict-aws off';
    end if;
end $$;

create function stepwell.require_room_for_state_machine(p_name text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if (select s.strict_aws from stepwell.settings s)
        and not exists (select 1 from stepwell.state_machines m where m.name = p_name)
    then
        perform stepwell.require_room('StateMachine', 'state machines',
            (select count(*) from stepwell.state_machines m where m.deleted_at is null));
    end if;
end $$;

-- Creates an activity, or finds it. Answers when it was created.
create or replace function stepwell.create_activity(p_name text) returns timestamptz
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform stepwell.check_name('activity', p_name);
    if (select s.strict_aws from stepwell.settings s) then
        lock table stepwell.activities in share row exclusive mode;
        if not exists (select 1 from stepwell.activities a where a.name = p_name) then
            perform stepwell.require_room('Activity', 'activities', (select count(*) from stepwell.activities));
        end if;
    end if;
    insert into stepwell.activities (name) values (p_name) on conflict do nothing;
    return (select a.created_at from stepwell.activities a where a.name = p_name);
end $$;

-- What the two ways to a new state machine have in common is behind the question whether there is room for it.
alter function stepwell.create_state_machine(text, text, text, text, text, int, text, json, json, boolean, text)
    rename to insert_state_machine;

-- Creates a state machine whose definition the caller has validated: see stepwell.insert_state_machine.
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
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- One deployment at a time, as in the function that this one calls.
    lock table stepwell.state_machines in share row exclusive mode;
    perform stepwell.require_room_for_state_machine(p_name);
    return query
    select i.o_outcome, i.o_created_at, i.o_version
    from stepwell.insert_state_machine(p_name, p_type, p_definition, p_entry_state, p_entry_function,
        p_timeout_seconds, p_role_arn, p_configuration, p_tags, p_publish, p_version_description) i;
end $$;

create or replace function stepwell.deploy(
    p_name text,
    p_definition text,
    p_entry_state text,
    p_entry_function text,
    p_timeout_seconds int,
    p_role_arn text,
    p_type text
) returns table (o_outcome text, o_number int)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- One deployment at a time, as in the function that this one calls.
    lock table stepwell.state_machines in share row exclusive mode;
    if exists (select 1 from stepwell.state_machines m where m.name = p_name and m.type <> p_type) then
        raise exception using errcode = 'SW009',
            message = format('ValidationException: the state machine %L exists and its type is not %s', p_name, p_type),
            hint = 'The type of a state machine can''t be changed: choose another name.';
    end if;
    perform stepwell.require_room_for_state_machine(p_name);
    select d.o_outcome, d.o_number into o_outcome, o_number
    from stepwell.deploy(p_name, p_definition, p_entry_state, p_entry_function, p_timeout_seconds, p_role_arn) d;
    update stepwell.state_machines m set type = p_type where m.name = p_name and o_outcome = 'created';
    return next;
end $$;

-- The map runs that go on, in the order in which they may begin.
create index map_runs_open on stepwell.map_runs (bucket, started_at, id) where status = 'RUNNING';

select stepwell.grant_rights();
