-- What workers can call besides functions: services of AWS, by the endpoints in their environment.

-- Services that a worker has had an endpoint for. One that nobody has had for a while is taken for not configured:
-- Tasks that need it fail instead of waiting for a worker that will not come.
create table stepwell.services (
    name    text        primary key,
    seen_at timestamptz not null default now()
);

-- A worker says which services it can call.
create function stepwell.offer_services(p_names text[]) returns void
language sql
as $$
    insert into stepwell.services (name)
    select n from unnest(p_names) n order by n
    on conflict (name) do update set seen_at = excluded.seen_at
$$;

-- The services that somebody can call, or could not long ago: a worker that starts again is missed by nobody.
create function stepwell.offered_services() returns setof text
language sql stable
as $$
    select s.name from stepwell.services s where s.seen_at > now() - interval '1 day' order by s.name
$$;

-- Functions that steps of a bucket wait for and no live worker offers. One look-up in the index for each name.
create function stepwell.orphaned_functions(p_bucket int, p_limit int) returns setof text
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
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
        if v_name not like '%:%' and not exists (
            select 1 from stepwell.workers w
            where w.seen_at > now() - interval '30 seconds' and v_name = any (w.functions))
        then
            return next v_name;
        end if;
    end loop;
end $$;

-- Of some functions, those that a live worker offers.
create function stepwell.offered_functions(p_names text[]) returns setof text
language sql stable
as $$
    select n from unnest(p_names) n
    where exists (
        select 1 from stepwell.workers w
        where w.seen_at > now() - interval '30 seconds' and n = any (w.functions))
$$;

revoke execute on all functions in schema stepwell from public;
