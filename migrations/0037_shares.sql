-- Limits of functions that hold across all workers. Claims know nothing of them: each worker has a share, and claims no
-- more than that.

alter table stepwell.functions
    -- How many calls run at once.
    add column reserved int check (reserved between 0 and 100000),
    -- How many calls begin in a second.
    add column rate double precision check (rate > 0 and rate <= 1000000);

-- How many calls of a limited function a worker may run at once, from when it asked until that is too long ago.
create table stepwell.function_shares (
    function    text        not null,
    worker      uuid        not null,
    slots       int         not null,
    -- How many it has a use for.
    wanted      int         not null,
    renewed_at  timestamptz not null,
    primary key (function, worker)
) with (fillfactor = 50);

-- Shares functions out to a worker: it says for each how many calls it may have run since it asked last, and how many it
-- has a use for. Of functions without limits nothing is said. All shares of a function together are never more than its
-- limit: what a worker is to give back counts as its own until it says that it has.
create function stepwell.share_functions(
    p_worker uuid, p_functions text[], p_holding int[], p_wanted int[], p_lifetime interval
) returns table (o_function text, o_slots int, o_rate double precision)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_function record;
    v_others record;
    v_fair int;
begin
    for v_function in
        select f.name, f.reserved, f.rate, a.holding, a.wanted
        from unnest(p_functions, p_holding, p_wanted) as a (name, holding, wanted)
        join stepwell.functions f on f.name = a.name
        where f.reserved is not null or f.rate is not null
        order by f.name
        for update of f
    loop
        delete from stepwell.function_shares s
        where s.function = v_function.name and s.renewed_at < now() - p_lifetime;
        select coalesce(sum(s.slots), 0)::int as slots, count(*)::int as count, coalesce(bool_or(s.wanted > s.slots), false) as hungry
        into v_others
        from stepwell.function_shares s
        where s.function = v_function.name and s.worker <> p_worker;
        o_function := v_function.name;
        o_rate := v_function.rate / (v_others.count + 1);
        o_slots := null;
        if v_function.reserved is not null then
            v_fair := case when v_others.hungry
                then ceil(v_function.reserved::numeric / (v_others.count + 1)) else v_function.reserved end;
            o_slots := greatest(0, least(v_function.wanted, v_fair, v_function.reserved - v_others.slots));
        end if;
        insert into stepwell.function_shares as s (function, worker, slots, wanted, renewed_at)
        values (v_function.name, p_worker, coalesce(greatest(o_slots, v_function.holding), 0), v_function.wanted, now())
        on conflict (function, worker) do update
        set slots = excluded.slots, wanted = excluded.wanted, renewed_at = excluded.renewed_at;
        return next;
    end loop;
end $$;

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
