-- For the HTTP endpoint: limits of access keys, and many who wait for tasks of activities at one server.

-- How many requests a second the key may send to each server; null: as many as the server allows every key.
alter table stepwell.access_keys add column rate_limit int check (rate_limit > 0);

-- Of some activities, those that have a task in a bucket.
create function stepwell.activities_with_tasks(p_bucket int, p_activities text[]) returns setof text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select a.name from unnest(p_activities) as a (name) where stepwell.has_activity_task(p_bucket, a.name);
end $$;

-- Hands the longest waiting tasks of an activity in a bucket to those who ask, in their order, in one transaction. Fewer
-- rows than workers: there are no more.
create function stepwell.get_activity_tasks(
    p_bucket int, p_activity text, p_worker_names text[]
) returns table (o_execution uuid, o_step bigint, o_entry int, o_attempt int, o_input json)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    for i in 1 .. cardinality(p_worker_names) loop
        return query
        select t.* from stepwell.get_activity_task(p_bucket, p_activity, p_worker_names[i]) t;
        exit when not found;
    end loop;
end $$;

revoke execute on all functions in schema stepwell from public;
