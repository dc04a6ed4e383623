-- Starts of express state machines: each is a new execution, whatever its name. The execution's own name is a UUID, and
-- the name that was asked for stands before it in its ARN: arn:…:express:MACHINE:NAME:UUID.

-- As before, and for express state machines.
create or replace function stepwell.start_batch(
    p_state_machine text[], p_input json[], p_name text[], p_trace_header text[]
) returns table (o_outcome text, o_arn text, o_started_at timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_machine text;
    v_name text;
    v_express boolean;
    v_opened record;
begin
    for i in 1 .. cardinality(p_name) loop
        v_machine := split_part(p_state_machine[i], ':', 1);
        select m.type = 'EXPRESS' into v_express from stepwell.state_machines m where m.name = v_machine;
        v_name := p_name[i];
        if v_express then
            perform stepwell.check_name('execution', p_name[i]);
            v_name := gen_random_uuid()::text;
        end if;
        select * into v_opened
        from stepwell.open_execution(p_state_machine[i], p_input[i], v_name, null, null, null, null);
        if p_trace_header[i] is not null and v_opened.o_outcome = 'started' then
            update stepwell.executions e
            set trace_header = p_trace_header[i]
            where e.bucket = stepwell.bucket_of(v_machine, v_name, (select s.buckets from stepwell.settings s))
              and e.id = v_opened.o_id;
        end if;
        o_outcome := v_opened.o_outcome;
        o_arn := case
            when v_express then
                replace(stepwell.state_machine_arn(v_machine), ':stateMachine:', ':express:')
                    || ':' || p_name[i] || ':' || v_name
            else v_opened.o_arn end;
        o_started_at := v_opened.o_started_at;
        return next;
    end loop;
end $$;

revoke execute on all functions in schema stepwell from public;
