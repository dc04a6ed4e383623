-- Why something stands, said by the conditions of the worker protocol themselves.

-- Each condition stands once, and a claim, a sweep and whoever explains why a step stands use the same. They are single
-- expressions without settings, which PostgreSQL puts in their callers' place: an index serves as if they stood there.

-- Whether a claim may take a step, as far as the step goes.
create function stepwell.is_due(p_status "char", p_run_at timestamptz) returns boolean
language sql stable parallel safe
return p_status = 'r' and p_run_at <= now();

-- Whether a step is to be taken from the worker that holds it.
create function stepwell.lease_is_over(p_status "char", p_lease_until timestamptz) returns boolean
language sql stable parallel safe
return p_status = 'l' and p_lease_until <= now();

-- Whether a worker that was seen then counts.
create function stepwell.lives(p_seen_at timestamptz) returns boolean
language sql stable parallel safe
return p_seen_at > now() - interval '30 seconds';

-- As before.
create or replace function stepwell.claim(
    p_bucket int,
    p_functions text[],
    p_limit int,
    p_worker uuid,
    p_lease interval,
    p_from timestamptz
) returns setof stepwell.steps
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
-- The rows that have just been locked are found by their addresses, not by scanning the bucket for them.
set random_page_cost = 0
as $$
begin
    return query
    update stepwell.steps s
    set status = 'l',
        fence = s.fence + 1,
        worker = p_worker,
        lease_until = now() + p_lease,
        wake_at = now() + p_lease
    where s.bucket = p_bucket
      and s.ctid = any (array(
        select c.row_id
        from unnest(p_functions) as f (name)
        cross join lateral (
            select r.ctid as row_id
            from stepwell.steps r
            where r.bucket = p_bucket and r.function = f.name and stepwell.is_due(r.status, r.run_at)
              and r.run_at >= p_from
            order by r.run_at
            limit p_limit
            for update skip locked
        ) c
        limit p_limit))
    returning s.*;
end $$;

-- As before.
create or replace function stepwell.sweep(p_bucket int, p_limit int) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
    v_step stepwell.steps;
    v_count int := 0;
begin
    for v_step in
        select * from stepwell.steps s
        where s.bucket = p_bucket and s.wake_at <= now()
        order by s.wake_at
        limit p_limit
        for update skip locked
    loop
        v_count := v_count + 1;
        if stepwell.take_answer(v_step) then
            null;
        elsif stepwell.lease_is_over(v_step.status, v_step.lease_until) then
            perform stepwell.lose_lease(v_step);
        elsif v_step.status = 'l' then
            update stepwell.steps s set wake_at = v_step.lease_until
            where s.bucket = p_bucket and s.execution = v_step.execution and s.id = v_step.id;
        elsif v_step.status = 'w' then
            perform stepwell.look_at_wait(v_step);
        end if;
    end loop;
    return v_count;
end $$;

-- What the worker's claims ask for, '' for work of any worker: empty while it has no room. Null: a program of an earlier
-- version, which does not say.
alter table stepwell.workers add column claims text[];

-- How much there is to do in a bucket, for each function: what is ready, sleeps, waits or is leased, each counted up to
-- p_limit. `o_is_more`: there may be more. Timers of whole executions are left out, and what is not there has no row.
create function stepwell.queue_figures(
    p_bucket int, p_limit int
) returns table (o_function text, o_kind text, o_count int, o_is_more boolean, o_oldest timestamptz)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
    v_functions int := 0;
    v_seen int;
    v_last timestamptz;
begin
    select s.function into o_function from stepwell.steps s
    where s.bucket = p_bucket and s.status = 'r'
    order by s.function limit 1;
    while o_function is not null and v_functions < 1000 loop
        v_functions := v_functions + 1;
        select count(*), count(*) filter (where s.id <> 1), min(s.run_at) filter (where s.id <> 1)
        into v_seen, o_count, o_oldest
        from (
            select s.id, s.run_at from stepwell.steps s
            where s.bucket = p_bucket and s.function = o_function and stepwell.is_due(s.status, s.run_at)
            order by s.run_at limit p_limit
        ) s;
        o_kind := 'ready';
        o_is_more := v_seen = p_limit;
        if v_seen > 0 then
            return next;
        end if;

        select count(*), count(*) filter (where s.id <> 1) into v_seen, o_count
        from (
            select s.id from stepwell.steps s
            where s.bucket = p_bucket and s.function = o_function and s.status = 'r' and s.run_at > now()
            order by s.run_at limit p_limit
        ) s;
        o_kind := 'sleeping';
        o_is_more := v_seen = p_limit;
        o_oldest := null;
        if v_seen > 0 then
            return next;
        end if;
        select s.function into o_function from stepwell.steps s
        where s.bucket = p_bucket and s.status = 'r' and s.function > o_function
        order by s.function limit 1;
    end loop;

    o_kind := 'waiting';
    v_functions := 0;
    select s.function into o_function from stepwell.steps s
    where s.bucket = p_bucket and s.status = 'w'
    order by s.function limit 1;
    while o_function is not null and v_functions < 1000 loop
        v_functions := v_functions + 1;
        select count(*) into o_count
        from (
            select 1 from stepwell.steps s
            where s.bucket = p_bucket and s.function = o_function and s.status = 'w'
            order by s.run_at limit p_limit
        ) s;
        o_is_more := o_count = p_limit;
        return next;
        select s.function into o_function from stepwell.steps s
        where s.bucket = p_bucket and s.status = 'w' and s.function > o_function
        order by s.function limit 1;
    end loop;

    -- What is leased has to be looked at when its lease ends, at the latest a day from now; what waits may be in between.
    o_kind := 'leased';
    select count(*), max(s.wake_at) into v_seen, v_last
    from (
        select s.wake_at from stepwell.steps s
        where s.bucket = p_bucket and s.wake_at is not null
        order by s.wake_at limit p_limit
    ) s;
    o_is_more := v_seen = p_limit and v_last <= now() + interval '1 day';
    for o_function, o_count in
        select s.function, count(*)
        from (
            select s.function, s.status from stepwell.steps s
            where s.bucket = p_bucket and s.wake_at is not null
            order by s.wake_at limit p_limit
        ) s
        where s.status = 'l'
        group by s.function
    loop
        return next;
    end loop;
end $$;

-- Every step that waits, also those that wait without a function.
create index steps_waiting on stepwell.steps (bucket, function, run_at) where status = 'w';
drop index stepwell.steps_activity;

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
