-- What functions print comes back to callers who ask for it (Lambda's LogType: Tail).

-- The end of what a call has printed, from its end until its caller takes it.
create table stepwell.log_tails (
    bucket      int     not null,
    execution   uuid    not null,
    request     text    not null,
    tail        text    not null,
    primary key (bucket, execution)
);

create function stepwell.keep_log_tail(p_bucket int, p_execution uuid, p_request text, p_tail text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- The last attempt's.
    insert into stepwell.log_tails (bucket, execution, request, tail) values (p_bucket, p_execution, p_request, p_tail)
    on conflict (bucket, execution) do update set request = excluded.request, tail = excluded.tail;
end $$;

create function stepwell.take_log_tail(p_execution text) returns table (o_request text, o_tail text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_bucket int;
    v_id uuid;
begin
    select e.bucket, e.id into v_bucket, v_id from stepwell.find_execution(p_execution) e;
    return query
    delete from stepwell.log_tails t where t.bucket = v_bucket and t.execution = v_id
    returning t.request, t.tail;
end $$;

-- As before, and with what nobody has taken.
create or replace function stepwell.forget_executions(p_bucket int, p_execution uuid[]) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_count int;
begin
    delete from stepwell.task_answers a where a.bucket = p_bucket and a.execution = any (p_execution);
    delete from stepwell.redrive_tokens t where t.bucket = p_bucket and t.execution = any (p_execution);
    delete from stepwell.log_tails t where t.bucket = p_bucket and t.execution = any (p_execution);
    delete from stepwell.map_run_items i where i.bucket = p_bucket and i.run in (
        select r.id from stepwell.map_runs r where r.bucket = p_bucket and r.execution = any (p_execution));
    delete from stepwell.map_runs r where r.bucket = p_bucket and r.execution = any (p_execution);
    perform stepwell.forget_kept(p_bucket, p_execution);
    delete from stepwell.executions e
    where e.bucket = p_bucket and e.id = any (p_execution) and e.status <> 'RUNNING';
    get diagnostics v_count = row_count;
    return v_count;
end $$;

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
