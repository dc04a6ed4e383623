-- Limits: Stepwell's own, which are wide, or AWS's.

alter table stepwell.settings add column strict_aws boolean not null default false;

-- Changes what can be changed at any time; what is null stays as it is. Turning p_strict_aws on or off also sets the limits
-- that are not given: AWS's numbers, or the wide ones. Running processes take it up when they start again; starts by SQL
-- at once.
create function stepwell.change_settings(p_strict_aws boolean, p_payload_bytes int, p_history_events int) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update stepwell.settings s
    set strict_aws = coalesce(p_strict_aws, s.strict_aws),
        payload_bytes = coalesce(
            p_payload_bytes,
            case p_strict_aws when true then 262144 when false then 16777216 end,
            s.payload_bytes),
        history_events = coalesce(
            p_history_events,
            case p_strict_aws when true then 25000 when false then 5000000 end,
            s.history_events);
end $$;

-- Gives the roles that exist exactly their rights, as before: clients may also redrive, and settings are the owner's.
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
        'send_task_failure', 'send_task_heartbeat', 'redrive_execution'];
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

select stepwell.grant_rights();
