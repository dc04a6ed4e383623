-- What the HTTP server needs: access keys, and starts that share a commit.

create table stepwell.access_keys (
    id            text        primary key,
    name          text        not null,
    -- Encrypted with a key that is not in the database.
    sealed_secret bytea       not null,
    -- [{"actions": ["StartExecution", "Describe*"], "prefix": "Order"}]: all that the key may do.
    grants        json        not null,
    created_at    timestamptz not null default now(),
    revoked_at    timestamptz
);

-- Starts many executions in one transaction, one row per start, in the order given. The caller sorts them by name, so
-- that two such calls never wait for each other in a circle. What is wrong with one start fails them all.
create function stepwell.start_batch(
    p_state_machine text[], p_input json[], p_name text[], p_trace_header text[]
) returns table (o_outcome text, o_arn text, o_started_at timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_opened record;
begin
    for i in 1 .. cardinality(p_name) loop
        select * into v_opened
        from stepwell.open_execution(p_state_machine[i], p_input[i], p_name[i], null, null, null, null);
        if p_trace_header[i] is not null and v_opened.o_outcome = 'started' then
            update stepwell.executions e
            set trace_header = p_trace_header[i]
            where e.bucket = stepwell.bucket_of(
                    split_part(p_state_machine[i], ':', 1), p_name[i], (select s.buckets from stepwell.settings s))
              and e.id = v_opened.o_id;
        end if;
        o_outcome := v_opened.o_outcome;
        o_arn := v_opened.o_arn;
        o_started_at := v_opened.o_started_at;
        return next;
    end loop;
end $$;

-- Stops up to p_limit executions of a machine in one bucket, behind p_after. Null: there are no more.
create or replace function stepwell.stop_executions_of(p_bucket int, p_machine int, p_after uuid, p_limit int) returns uuid
language plpgsql as $$
declare
    v_machine text;
    v_execution record;
    v_last uuid;
begin
    select m.name into v_machine from stepwell.state_machines m where m.id = p_machine;
    for v_execution in
        select e.id, e.name, coalesce(v_machine || '/' || e.map_label, v_machine) as machine
        from stepwell.execution_heads h
        join stepwell.executions e on e.bucket = h.bucket and e.id = h.execution
        where h.bucket = p_bucket and e.machine = p_machine and (p_after is null or h.execution > p_after)
        order by h.execution
        limit p_limit
    loop
        perform stepwell.stop_execution(
            stepwell.execution_arn(v_execution.machine, v_execution.name), null, 'The state machine was deleted.');
        v_last := v_execution.id;
    end loop;
    return v_last;
end $$;

revoke execute on all functions in schema stepwell from public;
