-- Retention: executions are forgotten some time after they have ended.
--
-- Their rows of `executions` go page by page, which frees their names. History and payloads go with their partition, a
-- week of starts at once, as soon as few executions of that week are left; what those still need moves to the partitions
-- that are kept. So nothing is deleted row by row but the small rows, and no table has to be cleaned up behind it.

alter table stepwell.settings
    -- How long an execution stays after its end; null: for ever.
    add column retention interval default interval '90 days' check (retention > interval '0'),
    -- Whether executions are written to an archive before they are forgotten: then only workers that have one forget.
    add column archives boolean not null default false;

-- The same for one state machine; null: as for all.
alter table stepwell.state_machines
    add column retention interval check (retention > interval '0');

-- Looks at the next executions of a bucket that are old enough to have expired, in the order of their starts, and answers
-- one row for each. Those that have expired are locked, for the caller to forget them; one that somebody else has in hand
-- is not said to have expired.
create function stepwell.expired_executions(p_bucket int, p_after uuid, p_limit int) returns table (
    o_execution uuid, o_has_expired boolean, o_name text, o_map_run uuid)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_general interval := (select s.retention from stepwell.settings s);
    v_before uuid;
begin
    -- Nothing has ended before it began.
    select stepwell.uuid_at(now() - least(min(m.retention), v_general)) into v_before from stepwell.state_machines m;
    return query
    with seen as materialized (
        select e.id, e.name, e.map_run, e.map_label, m.name as machine,
            e.stopped_at < now() - coalesce(m.retention, v_general) as is_over
        from (
            select e.* from stepwell.executions e
            where e.bucket = p_bucket and e.id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
              and e.id < v_before
            order by e.id
            limit p_limit
        ) e
        join stepwell.state_machines m on m.id = e.machine
    ), locked as materialized (
        select e.id from seen s
        cross join lateral (
            select e.id from stepwell.executions e
            where e.bucket = p_bucket and e.id = s.id and e.status <> 'RUNNING'
            limit 1
            for update skip locked
        ) e
        where s.is_over
    )
    select s.id, l.id is not null, coalesce(s.machine || '/' || s.map_label, s.machine) || ':' || s.name, s.map_run
    from seen s
    left join locked l on l.id = s.id
    order by s.id;
end $$;

-- Removes the history and payloads of executions from the partitions that are kept. The engine has no rights on single
-- partitions.
create function stepwell.forget_kept(p_bucket int, p_execution uuid[]) returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
begin
    delete from stepwell.history_kept h where h.bucket = p_bucket and h.execution = any (p_execution);
    delete from stepwell.payloads_kept p where p.bucket = p_bucket and p.execution = any (p_execution);
end $$;

-- Removes executions that have ended, and what is stored of them outside of the weekly partitions.
create function stepwell.forget_executions(p_bucket int, p_execution uuid[]) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_count int;
begin
    delete from stepwell.task_answers a where a.bucket = p_bucket and a.execution = any (p_execution);
    delete from stepwell.map_run_items i where i.bucket = p_bucket and i.run in (
        select r.id from stepwell.map_runs r where r.bucket = p_bucket and r.execution = any (p_execution));
    delete from stepwell.map_runs r where r.bucket = p_bucket and r.execution = any (p_execution);
    perform stepwell.forget_kept(p_bucket, p_execution);
    delete from stepwell.executions e
    where e.bucket = p_bucket and e.id = any (p_execution) and e.status <> 'RUNNING';
    get diagnostics v_count = row_count;
    return v_count;
end $$;

-- Drops the history and payloads of the oldest week of starts of which at most p_most executions are left; theirs are
-- kept. Answers the week's first day; null: there is no such week, or the tables are in use for longer than transitions
-- may wait, or somebody else is at it.
create function stepwell.drop_expired_partition(p_most int) returns date
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '200ms'
as $$
declare
    v_buckets int := (select s.buckets from stepwell.settings s);
    v_retention interval;
    v_week date;
    v_low uuid;
    v_high uuid;
    v_left uuid[];
    v_table text;
    v_partition text;
begin
    if not pg_try_advisory_xact_lock(hashtext('stepwell.create_partitions')) then
        return null;
    end if;
    select least(min(m.retention), (select s.retention from stepwell.settings s)) into v_retention
    from stepwell.state_machines m;
    for v_week in
        select to_date(right(c.relname, 8), 'YYYYMMDD') from pg_inherits i
        join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'stepwell.history'::regclass and c.relname ~ '^history_[0-9]{8}$'
        order by 1
    loop
        exit when v_retention is null or (v_week + 7)::timestamp at time zone 'UTC' > now() - v_retention;
        v_low := stepwell.uuid_at(v_week::timestamp at time zone 'UTC');
        v_high := stepwell.uuid_at((v_week + 7)::timestamp at time zone 'UTC');
        v_left := array(
            select e.id
            from generate_series(0, v_buckets - 1) as b (bucket)
            cross join lateral (
                select e.id from stepwell.executions e
                where e.bucket = b.bucket and e.id >= v_low and e.id < v_high
                limit p_most + 1
            ) e
            limit p_most + 1);
        continue when cardinality(v_left) > p_most;
        begin
            foreach v_table in array array['history', 'payloads'] loop
                v_partition := v_table || '_' || to_char(v_week, 'YYYYMMDD');
                execute format('alter table stepwell.%I detach partition stepwell.%I', v_table, v_partition);
                execute format('insert into stepwell.%I select * from stepwell.%I where execution = any ($1)',
                    v_table || '_kept', v_partition) using v_left;
                execute format('drop table stepwell.%I', v_partition);
            end loop;
        exception when lock_not_available then
            return null;
        end;
        return v_week;
    end loop;
    return null;
end $$;

revoke execute on all functions in schema stepwell from public;
