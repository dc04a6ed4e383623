-- Rows that start executions: a trigger on a table of the user's, in the transaction of the row.

-- What the trigger does: the rows of one statement are one batch of starts. It runs with the rights of whoever inserts,
-- who needs those of start_executions. Its arguments: the state machine, and SQL expressions over the row r for input and
-- name; '' for the row itself, and for new names.
create function stepwell.start_for_rows() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_inputs json[];
    v_names text[];
begin
    execute format('select array_agg((%s)::json), %s from stepwell_rows r',
        coalesce(nullif(tg_argv[1], ''), 'to_json(r.*)'),
        coalesce('array_agg((' || nullif(tg_argv[2], '') || ')::text)', 'null::text[]'))
    into v_inputs, v_names;
    if v_inputs is not null then
        perform stepwell.start_executions(tg_argv[0], v_inputs, v_names);
    end if;
    return null;
end $$;

-- The trigger's name: one for each state machine.
create function stepwell.insert_trigger(p_state_machine text) returns name
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select ('stepwell_on_insert_' || left(encode(sha256(convert_to(p_state_machine, 'UTF8')), 'hex'), 12))::name
$$;

-- From now on, every row that is inserted into a table starts an execution, in the same transaction. Called again for the
-- same state machine it replaces what was said before. Answers the trigger's name.
--
-- input, name: columns, or SQL expressions over the row (r), of functions that are PostgreSQL's own or named with their
-- schema. Without an input it is the row as JSON; without a name every execution gets a new one.
create function stepwell.on_insert(
    table_name regclass,
    state_machine text,
    input text default null,
    name text default null
) returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    v_machine text := regexp_replace(state_machine, '^arn:[^:]*:states:[^:]*:[^:]*:stateMachine:', '');
    v_table record;
    v_trigger name;
begin
    select c.relkind, c.relispartition, n.nspname, c.relname into v_table
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = table_name;
    if v_table is null then
        raise exception using errcode = 'SW009', message = 'ValidationException: the table is NULL or has been dropped';
    end if;
    if v_table.nspname = 'stepwell' then
        raise exception using errcode = 'SW009',
            message = format('ValidationException: %s is in Stepwell''s own schema', table_name),
            hint = 'Tables of yours belong in another one, such as public.';
    end if;
    if v_table.relkind not in ('r', 'p') then
        raise exception using errcode = 'SW009',
            message = format('ValidationException: %s is not a table', table_name),
            hint = 'Rows that are inserted through a view arrive in a table; name that one.';
    end if;
    if not exists (
        select 1 from stepwell.state_machine_overview m where m.name = split_part(v_machine, ':', 1))
    then
        raise exception using errcode = 'SW003',
            message = format('StateMachineDoesNotExist: there is no state machine named %L', state_machine),
            hint = 'Deploy it first: stepwell deploy FILE.asl.json';
    end if;
    if not has_table_privilege(table_name, 'TRIGGER') then
        raise exception using errcode = 'insufficient_privilege',
            message = format('%s may not put a trigger on %s', current_user, table_name),
            hint = format('Its owner can allow it: GRANT TRIGGER ON %s TO %I;', table_name, current_user);
    end if;
    -- An expression that means nothing is refused now, and not when a row comes.
    begin
        -- Over a row that is not there: nobody need be able to read the table.
        execute format('select (%s)::json, (%s)::text from (select (null::%s).*) r limit 0',
            coalesce(nullif(input, ''), 'to_json(r.*)'), coalesce(nullif(name, ''), 'null'), table_name);
    exception when others then
        raise exception using errcode = 'SW009',
            message = format('ValidationException: the input or the name is no expression over a row of %s: %s',
                table_name, sqlerrm),
            hint = 'A column, or SQL over the row r: json_build_object(''body'', r.body). Names of functions that are not '
                'PostgreSQL''s own need their schema.';
    end;
    v_trigger := stepwell.insert_trigger(v_machine);
    execute format('create or replace trigger %I after insert on %s referencing new table as stepwell_rows '
        'for each statement execute function stepwell.start_for_rows(%L, %L, %L)',
        v_trigger, table_name, v_machine, coalesce(input, ''), coalesce(name, ''));
    return v_trigger::text;
end $$;

-- Lets rows of a table start nothing any more: no executions of one state machine, or none at all. Answers how many
-- triggers are gone.
create function stepwell.off_insert(table_name regclass, state_machine text default null) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    v_machine text := regexp_replace(state_machine, '^arn:[^:]*:states:[^:]*:[^:]*:stateMachine:', '');
    v_trigger name;
    v_count int := 0;
begin
    for v_trigger in
        select t.tgname from pg_trigger t
        where t.tgrelid = table_name and t.tgfoid = 'stepwell.start_for_rows'::regproc and not t.tgisinternal
          and (v_machine is null or t.tgname = stepwell.insert_trigger(v_machine))
        order by t.tgname
    loop
        execute format('drop trigger %I on %s', v_trigger, table_name);
        v_count := v_count + 1;
    end loop;
    if v_count = 0 then
        raise exception using errcode = 'SW009',
            message = format('ValidationException: rows of %s start no executions%s', table_name,
                coalesce(' of ' || quote_literal(v_machine), ''));
    end if;
    return v_count;
end $$;

-- Gives the roles that exist exactly their rights, as before: clients may also put triggers on tables of theirs.
create or replace function stepwell.grant_rights(
    p_engine text default 'stepwell_engine',
    p_client text default 'stepwell_client',
    p_reader text default 'stepwell_reader'
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    -- What the engine only reads: settings are the owner's, keys of tokens are made by add_token_key().
    v_fixed text[] := array['migrations', 'settings', 'token_keys'];
    -- What is for the owner alone.
    v_owners text[] := array['grant_rights', 'set_buckets', 'add_token_key', 'change_settings'];
    v_clients text[] := array['start_execution', 'start_executions', 'stop_execution', 'send_task_success',
        'send_task_failure', 'send_task_heartbeat', 'redrive_execution', 'on_insert', 'off_insert', 'insert_trigger',
        'start_for_rows'];
    -- Secrets, which readers don't see.
    v_secret text[] := array['token_keys', 'access_keys'];
    v_role text;
    v_name text;
    v_kind "char";
begin
    revoke all on all functions in schema stepwell from public;
    revoke all on all tables in schema stepwell from public;
    foreach v_role in array array[p_engine, p_client, p_reader] loop
        continue when to_regrole(quote_ident(v_role)) is null;
        execute format('revoke all on schema stepwell from %I', v_role);
        execute format('revoke all on all tables in schema stepwell from %I', v_role);
        execute format('revoke all on all functions in schema stepwell from %I', v_role);
        execute format('grant usage on schema stepwell to %I', v_role);
        for v_name, v_kind in
            select c.relname, c.relkind from pg_class c
            where c.relnamespace = 'stepwell'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
        loop
            if v_role = p_engine and v_kind <> 'v' and v_name <> all (v_fixed) then
                execute format('grant select, insert, update, delete on stepwell.%I to %I', v_name, v_role);
            elsif v_role = p_engine or v_kind = 'v' or (v_role = p_reader and v_name <> all (v_secret)) then
                execute format('grant select on stepwell.%I to %I', v_name, v_role);
            end if;
        end loop;
        for v_name in
            select p.oid::regprocedure::text from pg_proc p
            where p.pronamespace = 'stepwell'::regnamespace and case v_role
                when p_engine then p.proname <> all (v_owners)
                when p_client then p.proname = any (v_clients)
                else p.provolatile <> 'v' and p.proname not in ('read_task_token', 'token_mac') end
        loop
            execute format('grant execute on function %s to %I', v_name, v_role);
        end loop;
    end loop;
    if to_regrole(quote_ident(p_reader)) is not null then
        execute format('grant select (id, name, grants, created_at, revoked_at) on stepwell.access_keys to %I', p_reader);
    end if;
end $$;

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
