-- Versions and aliases of functions. A version is offered by workers under the function's name with its number behind a
-- colon, and has a queue of its own; an alias leads to one or two versions, whoever calls it looks up which.

create table stepwell.function_versions (
    function        text        not null check (function ~ '^[A-Za-z0-9_-]{1,64}$'),
    version         int         not null check (version > 0),
    -- The SHA-256 of all that makes it up: no two workers offer different things under one number.
    digest          text        not null,
    description     text        not null default '' check (length(description) <= 256),
    published_at    timestamptz not null default now(),
    primary key (function, version)
);

create table stepwell.function_aliases (
    function        text        not null,
    name            text        not null check (name ~ '^[A-Za-z0-9_-]{1,128}$' and name !~ '^[0-9]+$'),
    -- Null: the function as it is now.
    version         int,
    -- The version that gets a part of the calls.
    other_version   int,
    other_weight    double precision check (other_weight between 0 and 1),
    description     text        not null default '' check (length(description) <= 256),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (function, name),
    check ((other_version is null) = (other_weight is null)),
    check (other_version is null or version is not null and version <> other_version)
);

-- As before, with the calls of all versions of a function counting against its limits together.
create or replace function stepwell.share_functions(
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
        select f.name as base, a.name, f.reserved, f.rate, a.holding, a.wanted
        from unnest(p_functions, p_holding, p_wanted) as a (name, holding, wanted)
        join stepwell.functions f on f.name = split_part(a.name, ':', 1)
        where f.reserved is not null or f.rate is not null
        order by f.name, a.name
        for update of f
    loop
        delete from stepwell.function_shares s
        where split_part(s.function, ':', 1) = v_function.base and s.renewed_at < now() - p_lifetime;
        select coalesce(sum(s.slots), 0)::int as slots, count(*)::int as count, coalesce(bool_or(s.wanted > s.slots), false) as hungry
        into v_others
        from stepwell.function_shares s
        where split_part(s.function, ':', 1) = v_function.base
          and not (s.worker = p_worker and s.function = v_function.name);
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

-- As before, also for versions and aliases, which another Lambda may have. Not of services and activities.
create or replace function stepwell.orphaned_functions(p_bucket int, p_limit int) returns setof text
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off
as $$
declare
    v_name text := '';
    v_count int := 0;
begin
    while v_count < p_limit loop
        select s.function into v_name
        from stepwell.steps s
        where s.bucket = p_bucket and s.status = 'r' and s.function > v_name
        order by s.function
        limit 1;
        exit when not found;
        v_count := v_count + 1;
        if v_name not like 'service:%' and v_name not like 'activity:%' and not exists (
            select 1 from stepwell.workers w
            where w.seen_at > now() - interval '30 seconds' and v_name = any (w.functions))
        then
            return next v_name;
        end if;
    end loop;
end $$;

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
