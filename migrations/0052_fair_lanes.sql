-- Keys whose first calls come together begin together, also while those of one are still on their way into the lane.
--
-- A call gets its place first and stands in the lane a moment later. Until then the lane was taken for empty, and the calls
-- of the next key began where time had come to, a place for each microsecond: behind thousands of the key before.

-- Where calls begin in a lane that is empty.
create table stepwell.fair_lanes (
    bucket    int         not null,
    function  text        not null,
    priority  int         not null,
    start     timestamptz not null,
    primary key (bucket, function, priority)
) with (fillfactor = 50);

-- As before, but a lane that is empty keeps where it begins for five seconds.
create or replace function stepwell.fair_places(
    p_bucket int, p_functions text[], p_keys text[], p_priorities int[]
) returns timestamptz[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off
as $$
declare
    v_key record;
    v_function text;
    v_priority int;
    v_band timestamptz;
    v_start timestamptz;
    v_finish timestamptz;
    v_places timestamptz[] := array_fill(null::timestamptz, array[cardinality(p_keys)]);
begin
    -- Places that a crash forgets are given again: that is no loss.
    perform set_config('synchronous_commit', 'off', true);
    for v_key in
        select i.function, i.priority, i.key, array_agg(i.ord::int order by i.ord) as items
        from unnest(p_functions, p_priorities, p_keys) with ordinality as i (function, priority, key, ord)
        group by i.function, i.priority, i.key
        -- Whoever places others of these keys locks them in the same order, and the lane before them.
        order by i.function, i.priority, i.key
    loop
        if (v_key.function, v_key.priority) is distinct from (v_function, v_priority) then
            v_function := v_key.function;
            v_priority := v_key.priority;
            -- Ten seconds have room for ten million steps before a place is later than now.
            v_band := now() - interval '10 seconds' - v_priority * interval '1000 days';
            select s.run_at into v_start from stepwell.steps s
            where s.bucket = p_bucket and s.function = v_function and s.status = 'r'
              and s.run_at > v_band - interval '500 days' and s.run_at < v_band + interval '500 days'
            order by s.run_at
            limit 1;
            if v_start is null then
                -- Seldom there is anything to write: most calls of an idle function find what one before them has set.
                select l.start into v_start from stepwell.fair_lanes l
                where l.bucket = p_bucket and l.function = v_function and l.priority = v_priority
                  and l.start between v_band - interval '5 seconds' and v_band + interval '5 seconds';
            end if;
            if v_start is null then
                -- Of those that find it old together, the first sets it, and the others take what it has set: others
                -- that began before it too, which is why a start may also be a little later.
                insert into stepwell.fair_lanes as l (bucket, function, priority, start)
                values (p_bucket, v_function, v_priority, v_band)
                on conflict (bucket, function, priority) do update
                set start = case
                    when l.start between v_band - interval '5 seconds' and v_band + interval '5 seconds' then l.start
                    else v_band end
                returning l.start into v_start;
            end if;
        end if;
        insert into stepwell.fair_keys as k (bucket, function, priority, key, finish)
        values (p_bucket, v_function, v_priority, v_key.key,
            v_start + cardinality(v_key.items) * interval '1 microsecond')
        on conflict (bucket, function, priority, key) do update
        set finish = greatest(k.finish, v_start) + cardinality(v_key.items) * interval '1 microsecond'
        returning k.finish into v_finish;
        for i in 1..cardinality(v_key.items) loop
            v_places[v_key.items[i]] := v_finish - (cardinality(v_key.items) - i + 1) * interval '1 microsecond';
        end loop;
    end loop;
    -- A key whose last step was long ago begins like a new one.
    if random() < 0.001 then
        delete from stepwell.fair_keys k
        where k.bucket = p_bucket and k.finish < now() - interval '1 day' - k.priority * interval '1000 days';
    end if;
    return v_places;
end $$;

select stepwell.grant_rights();
