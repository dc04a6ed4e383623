-- Executions that failed are found among however many that did not.

-- How an execution ended, if not well. Success leaves it as it is, null, so that the index costs only what fails.
alter table stepwell.executions add column failed_as text
    generated always as (case when status in ('FAILED', 'TIMED_OUT', 'ABORTED') then status end) stored;

create index executions_failed on stepwell.executions (bucket, failed_as, id) where failed_as is not null;

-- As before. The row is looked up by values: joined with the settings, which have no statistics, a table of some ten
-- thousand executions was read as a whole.
create or replace function stepwell.find_execution(p_execution text) returns setof stepwell.executions
language plpgsql stable rows 1
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_names text := regexp_replace(p_execution, '^arn:[^:]*:states:[^:]*:[^:]*:(execution|express):', '');
    v_machine text := split_part(v_names, ':', 1);
    v_name text := substr(v_names, char_length(v_machine) + 2);
    v_machine_name text := split_part(v_machine, '/', 1);
    v_id int;
    v_bucket int;
begin
    if v_name = '' then
        return;
    end if;
    select m.id into v_id from stepwell.state_machines m where m.name = v_machine_name;
    select stepwell.bucket_of(v_machine, v_name, s.buckets) into v_bucket from stepwell.settings s;
    return query
    select e.* from stepwell.executions e
    where e.bucket = v_bucket and e.machine = v_id and e.name = v_name
      and coalesce(v_machine_name || '/' || e.map_label, v_machine_name) = v_machine;
end $$;

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
