-- Claims that stay quick while somebody holds an old snapshot.
--
-- Entries of indexes that nobody needs any more, those of steps that were claimed long ago, stay until no snapshot can
-- see them. A look for what is due begins with the oldest entry and passes over all of them, so that it takes longer
-- the longer a snapshot is held. Where such a look has become slow, a mark says where the next ones begin.

-- Where looks into a bucket begin. No row, or one that nobody has confirmed for a minute: with the oldest entry.
create table stepwell.low_water (
    bucket int not null,
    -- r: ready steps of a function; w: steps by when they are to be looked at; o: messages to other buckets
    kind "char" not null,
    function text not null,
    since timestamptz not null,
    looked_at timestamptz not null default now(),
    -- how long the look took that made the mark
    took interval not null,
    primary key (bucket, kind, function)
);

-- Looks from the oldest entry on, and marks what is slow: p_slow and more. What still waits is never left behind, but a
-- row that appears behind a mark, since its transaction was open for more than five seconds, is found by the next of
-- these looks: after five seconds, or fifty times as long as a look takes, half a minute at most.
create function stepwell.raise_low_water(p_bucket int, p_functions text[], p_slow interval default '2 ms') returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_look record;
    v_begin timestamptz;
    v_took interval;
    v_first timestamptz;
begin
    for v_look in
        select l.kind, l.function, m.since
        from (
            select 'r'::"char", f.name from unnest(p_functions) as f (name)
            union all values ('w'::"char", ''), ('o'::"char", '')
        ) as l (kind, function)
        left join stepwell.low_water m on m.bucket = p_bucket and m.kind = l.kind and m.function = l.function
        -- A clock that was set back makes every mark a matter of now.
        where m.looked_at is null or m.looked_at > now()
           or m.looked_at < now() - least(greatest(interval '5 s', m.took * 50), interval '25 s')
        -- All workers lock marks in the same order.
        order by l.kind, l.function
    loop
        -- Once more if it was slow: perhaps something else had the processor.
        for v_attempt in 1..2 loop
            v_begin := clock_timestamp();
            v_first := null;
            case v_look.kind
                when 'r' then
                    select s.run_at into v_first from stepwell.steps s
                    where s.bucket = p_bucket and s.function = v_look.function and s.status = 'r'
                    order by s.run_at limit 1;
                when 'w' then
                    select s.wake_at into v_first from stepwell.steps s
                    where s.bucket = p_bucket and s.wake_at is not null
                    order by s.wake_at limit 1;
                else
                    select o.run_at into v_first from stepwell.outbox o
                    where o.bucket = p_bucket
                    order by o.run_at limit 1;
            end case;
            v_took := clock_timestamp() - v_begin;
            exit when v_took < p_slow;
        end loop;
        if v_took >= p_slow then
            insert into stepwell.low_water as m (bucket, kind, function, since, took)
            values (p_bucket, v_look.kind, v_look.function,
                least(v_first, now() - interval '5 s'), v_took)
            on conflict (bucket, kind, function)
            do update set since = excluded.since, looked_at = excluded.looked_at, took = excluded.took;
        elsif v_look.since is not null then
            delete from stepwell.low_water m
            where m.bucket = p_bucket and m.kind = v_look.kind and m.function = v_look.function;
        end if;
    end loop;
    -- Marks of functions that nobody offers any more.
    delete from stepwell.low_water m where m.bucket = p_bucket and m.looked_at < now() - interval '1 hour';
end $$;

-- As before, from the mark on.
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
set plan_cache_mode = force_generic_plan
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
              and r.run_at >= greatest(p_from, (
                select m.since from stepwell.low_water m
                where m.bucket = p_bucket and m.kind = 'r' and m.function = f.name
                  and m.looked_at > now() - interval '1 minute'))
            order by r.run_at
            limit p_limit
            for update of r skip locked
        ) c
        limit p_limit))
    returning s.*;
end $$;

-- As before, from the marks on.
create or replace function stepwell.probe(
    p_bucket int,
    p_functions text[]
) returns table (o_now timestamptz, o_ready timestamptz, o_wake timestamptz, o_outbox timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
as $$
begin
    o_now := now();
    select min(r.run_at) into o_ready
    from unnest(p_functions) as f (name)
    cross join lateral (
        select s.run_at from stepwell.steps s
        where s.bucket = p_bucket and s.function = f.name and s.status = 'r'
          and s.run_at >= coalesce((
            select m.since from stepwell.low_water m
            where m.bucket = p_bucket and m.kind = 'r' and m.function = f.name
              and m.looked_at > now() - interval '1 minute'), '-infinity')
        order by s.run_at
        limit 1
    ) r;
    select s.wake_at into o_wake from stepwell.steps s
    where s.bucket = p_bucket
      and s.wake_at >= coalesce((
        select m.since from stepwell.low_water m
        where m.bucket = p_bucket and m.kind = 'w' and m.function = ''
          and m.looked_at > now() - interval '1 minute'), '-infinity')
    order by s.wake_at
    limit 1;
    select o.run_at into o_outbox from stepwell.outbox o
    where o.bucket = p_bucket
      and o.run_at >= coalesce((
        select m.since from stepwell.low_water m
        where m.bucket = p_bucket and m.kind = 'o' and m.function = ''
          and m.looked_at > now() - interval '1 minute'), '-infinity')
    order by o.run_at
    limit 1;
    return next;
end $$;

-- As before, from the mark on.
create or replace function stepwell.sweep(p_bucket int, p_limit int) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_step stepwell.steps;
    v_count int := 0;
begin
    for v_step in
        select * from stepwell.steps s
        where s.bucket = p_bucket and s.wake_at <= now()
          and s.wake_at >= coalesce((
            select m.since from stepwell.low_water m
            where m.bucket = p_bucket and m.kind = 'w' and m.function = ''
              and m.looked_at > now() - interval '1 minute'), '-infinity')
        order by s.wake_at
        limit p_limit
        for update of s skip locked
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
