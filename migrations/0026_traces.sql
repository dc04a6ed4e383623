-- Traces that executions belong to, and redrives that are asked for with a token.

-- The token with which the newest redrive was asked for.
alter table stepwell.executions add column redrive_token text;

-- Lets an execution run again. Asked for once more with the same token within a quarter of an hour, it is answered and
-- not done again.
create function stepwell.redrive(
    p_bucket int, p_execution uuid, p_token text
) returns table (o_obstacle text, o_count int, o_at timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- One at a time, so that two requests with one token are one redrive.
    perform 1 from stepwell.executions e where e.bucket = p_bucket and e.id = p_execution for update;
    select e.redrive_count, e.redriven_at into o_count, o_at
    from stepwell.executions e
    where e.bucket = p_bucket and e.id = p_execution and e.redrive_token = p_token
      and e.redriven_at > now() - interval '15 minutes';
    if not found then
        select r.o_obstacle, r.o_count, r.o_at into o_obstacle, o_count, o_at
        from stepwell.redrive(p_bucket, p_execution) r;
        if o_obstacle is null then
            update stepwell.executions e set redrive_token = p_token
            where e.bucket = p_bucket and e.id = p_execution and e.redrive_token is distinct from p_token;
            -- The new row of the root branch belongs to the same trace.
            update stepwell.steps s set trace_header = e.trace_header
            from stepwell.executions e
            where s.bucket = p_bucket and s.execution = p_execution and s.id = 0
              and e.bucket = p_bucket and e.id = p_execution and e.trace_header is not null;
        end if;
    end if;
    return next;
end $$;

-- What the start said about the trace that it belongs to; functions see it.
alter table stepwell.steps add column trace_header text;

-- As before, and the root branch knows its trace.
create or replace function stepwell.start_batch(
    p_state_machine text[], p_input json[], p_name text[], p_trace_header text[], p_runs_once boolean[]
) returns table (o_outcome text, o_arn text, o_started_at timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_bucket int;
    v_opened record;
begin
    for i in 1 .. cardinality(p_name) loop
        select * into v_opened
        from stepwell.open_execution(p_state_machine[i], p_input[i], p_name[i], null, null, null, null);
        if (p_trace_header[i] is not null or p_runs_once[i]) and v_opened.o_outcome = 'started' then
            -- The ARN ends with the execution's own name.
            v_bucket := stepwell.bucket_of(
                split_part(p_state_machine[i], ':', 1),
                regexp_replace(v_opened.o_arn, '^([^:]*:){7}', ''),
                (select s.buckets from stepwell.settings s));
            update stepwell.executions e
            set trace_header = p_trace_header[i], runs_once = p_runs_once[i]
            where e.bucket = v_bucket and e.id = v_opened.o_id;
            update stepwell.steps s
            set trace_header = p_trace_header[i]
            where s.bucket = v_bucket and s.execution = v_opened.o_id and s.id = 0;
        end if;
        o_outcome := v_opened.o_outcome;
        o_arn := v_opened.o_arn;
        o_started_at := v_opened.o_started_at;
        return next;
    end loop;
end $$;

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
