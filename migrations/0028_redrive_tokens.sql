-- Redrives remember more than their newest token, as AWS's do: a client that asks again late, when another has redriven the
-- execution since, must not redrive it once more.

-- Redrives that were asked for with a token: asked for again, they are answered and not done again.
create table stepwell.redrive_tokens (
    bucket      int         not null,
    execution   uuid        not null,
    token       text        not null,
    redriven_at timestamptz not null,
    count       int         not null,
    primary key (bucket, execution, token)
);

insert into stepwell.redrive_tokens (bucket, execution, token, redriven_at, count)
select e.bucket, e.id, e.redrive_token, e.redriven_at, e.redrive_count from stepwell.executions e
where e.redrive_token is not null and e.redriven_at > now() - interval '15 minutes';
alter table stepwell.executions drop column redrive_token;

-- Lets an execution run again, once for each of its last ten tokens of the last quarter of an hour. The trace is that of
-- its start.
create or replace function stepwell.redrive(
    p_bucket int, p_execution uuid, p_token text
) returns table (o_obstacle text, o_count int, o_at timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_trace_header text;
begin
    -- One at a time: of two with the same token, the second finds what the first has done.
    select e.trace_header into v_trace_header from stepwell.executions e
    where e.bucket = p_bucket and e.id = p_execution
    for update;
    select t.count, t.redriven_at into o_count, o_at
    from stepwell.redrive_tokens t
    where t.bucket = p_bucket and t.execution = p_execution and t.token = p_token
      and t.redriven_at > now() - interval '15 minutes';
    if found then
        return next;
        return;
    end if;
    select r.o_obstacle, r.o_count, r.o_at into o_obstacle, o_count, o_at
    from stepwell.redrive(p_bucket, p_execution) r;
    if o_obstacle is null and p_token is not null then
        insert into stepwell.redrive_tokens (bucket, execution, token, redriven_at, count)
        values (p_bucket, p_execution, p_token, o_at, o_count)
        on conflict (bucket, execution, token) do update
        set redriven_at = excluded.redriven_at, count = excluded.count;
        delete from stepwell.redrive_tokens t
        where t.bucket = p_bucket and t.execution = p_execution and (
            t.redriven_at <= now() - interval '15 minutes'
            or t.count <= (
                select k.count from stepwell.redrive_tokens k
                where k.bucket = p_bucket and k.execution = p_execution
                order by k.count desc
                offset 10 limit 1));
    end if;
    if o_obstacle is null and v_trace_header is not null then
        update stepwell.steps s set trace_header = v_trace_header
        where s.bucket = p_bucket and s.execution = p_execution and s.id = 0;
    end if;
    return next;
end $$;

-- As before, and with the tokens of their redrives.
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
    delete from stepwell.map_run_items i where i.bucket = p_bucket and i.run in (
        select r.id from stepwell.map_runs r where r.bucket = p_bucket and r.execution = any (p_execution));
    delete from stepwell.map_runs r where r.bucket = p_bucket and r.execution = any (p_execution);
    perform stepwell.forget_kept(p_bucket, p_execution);
    delete from stepwell.executions e
    where e.bucket = p_bucket and e.id = any (p_execution) and e.status <> 'RUNNING';
    get diagnostics v_count = row_count;
    return v_count;
end $$;

select stepwell.grant_rights();
