-- Roles: who may do what. One role owns everything (stepwell_migrate); the engine's workers and servers write rows, clients
-- start, stop and answer, readers read. The roles are the cluster's, so they may or may not be there: `stepwell migrate
-- --roles` makes them, and stepwell.grant_rights() gives those that are there exactly their rights.

-- No function looks for a name in anybody else's schema. Three are spared: single expressions of built-in functions, which
-- PostgreSQL puts in their callers' place as long as they have no settings.
do $$
declare
    v_function text;
begin
    for v_function in
        select p.oid::regprocedure::text from pg_proc p
        where p.pronamespace = 'stepwell'::regnamespace
          and p.proname not in ('bucket_of', 'uuid_at', 'new_execution_id')
          and not exists (select from unnest(p.proconfig) c where c like 'search_path=%')
    loop
        execute format('alter function %s set search_path = pg_catalog, pg_temp', v_function);
    end loop;
end $$;

-- Workers make partitions, and only the owner of a table can.
alter function stepwell.create_partitions() security definer;

-- The views name tables only: what they show is shown with their owner's rights, to roles that may read nothing else.
create or replace view stepwell.execution_overview as
select
    m.name as state_machine,
    e.name,
    e.status,
    e.started_at,
    e.stopped_at,
    coalesce(e.stopped_at, now()) - e.started_at as duration,
    -- The states that its branches are in; a Parallel or Map stands for its children only while it has none.
    (select array_agg(distinct s.state order by s.state)
     from stepwell.steps s
     where s.bucket = e.bucket and s.execution = e.id and s.id <> 1 and s.status <> 'j') as current_states,
    case when e.input_id is null then e.input else (
        select p.value from stepwell.payloads p
        where p.bucket = e.bucket and p.execution = e.id and p.id = e.input_id) end as input,
    case when e.output_id is null then e.output else (
        select p.value from stepwell.payloads p
        where p.bucket = e.bucket and p.execution = e.id and p.id = e.output_id) end as output,
    e.error,
    e.cause,
    r.number as revision,
    (select 'arn:aws:states:' || s.region || ':' || s.account || ':execution:'
        || coalesce(m.name || '/' || e.map_label, m.name) || ':' || e.name
     from stepwell.settings s) as arn
from stepwell.executions e
join stepwell.state_machines m on m.id = e.machine
join stepwell.revisions r on r.id = e.revision;

create or replace view stepwell.state_machine_overview as
select m.name, r.number as revision, m.created_at, m.updated_at,
    (select 'arn:aws:states:' || s.region || ':' || s.account || ':stateMachine:' || m.name from stepwell.settings s) as arn
from stepwell.state_machines m
join stepwell.revisions r on r.id = m.revision
where m.deleted_at is null;

-- Gives the roles that exist exactly their rights, also on what was added since; `stepwell migrate` calls it each time.
-- Another installation in the same cluster may have roles of other names.
create function stepwell.grant_rights(
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
    v_owners text[] := array['grant_rights', 'set_buckets', 'add_token_key'];
    v_clients text[] := array['start_execution', 'start_executions', 'stop_execution', 'send_task_success',
        'send_task_failure', 'send_task_heartbeat'];
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
