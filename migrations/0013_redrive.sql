-- Redrive: an execution that failed, was aborted or timed out goes on from where it stands.

alter table stepwell.executions
    add column redrive_count int not null default 0,
    add column redriven_at timestamptz;

-- Lets an execution run again, its root branch in a state. `o_outcome`: 'redriven', with the number of redrives;
-- 'changed': it is not as it was (p_last_event) any more; else the reason against it.
create function stepwell.redrive(
    p_bucket int,
    p_execution uuid,
    p_last_event int,
    p_phase text,
    p_state text,
    p_function text,
    p_entered_event int,
    p_entered_at timestamptz,
    p_input json,
    p_input_id uuid,
    p_variables json,
    p_payload_id uuid[],
    p_payload json[]
) returns table (o_outcome text, o_count int, o_at timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_execution stepwell.executions;
    v_timeout int;
    v_limit int;
begin
    select * into v_execution from stepwell.executions e
    where e.bucket = p_bucket and e.id = p_execution
    for update;
    select s.history_events into v_limit from stepwell.settings s;
    o_outcome := case
        when v_execution.id is null then 'The execution does not exist'
        when v_execution.status in ('RUNNING', 'SUCCEEDED') then
            format('Execution is %s and cannot be redriven', v_execution.status)
        when v_execution.map_run is not null then 'Executions of a map run are redriven with it'
        when v_execution.stopped_at < now() - interval '14 days' then
            'Execution has exceeded the redrivable period of 14 days'
        when v_execution.started_at < now() - interval '1 year' then 'Execution is older than a year'
        when v_execution.last_event >= v_limit - 1 then 'Execution history event limit exceeded'
        when v_execution.last_event <> p_last_event then 'changed'
    end;
    if o_outcome is not null then
        return next;
        return;
    end if;

    insert into stepwell.payloads (bucket, execution, id, value)
    select p_bucket, p_execution, p.id, p.value from unnest(p_payload_id, p_payload) as p (id, value)
    on conflict do nothing;
    update stepwell.executions e
    set status = 'RUNNING', output = null, output_id = null, error = null, cause = null, stopped_at = null,
        last_event = null, redrive_count = e.redrive_count + 1, redriven_at = now()
    where e.bucket = p_bucket and e.id = p_execution
    returning e.redrive_count, e.redriven_at into o_count, o_at;
    insert into stepwell.execution_heads (bucket, execution, last_event)
    values (p_bucket, p_execution, p_last_event + 1);
    insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
    values (p_bucket, p_execution, p_last_event + 1, p_last_event + 1, now(), 0,
        json_build_object('p', '[]'::json, 'e', json_build_array(json_build_array('ExecutionRedriven', p_last_event, 0,
            json_build_object('redriveCount', o_count)))));
    -- More states than events are never entered: with this entry no attempt and no token is like an earlier one.
    insert into stepwell.steps
        (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state, entry,
         entered_event, entered_at, last_event, input, input_id, variables)
    values
        (p_bucket, p_execution, 0, v_execution.machine, v_execution.revision, v_execution.name, 'r', p_function,
         p_function, now(), p_phase, p_state, p_last_event + 1, p_entered_event, p_entered_at, p_last_event + 1, p_input,
         p_input_id, p_variables);
    select r.timeout_seconds into v_timeout from stepwell.revisions r where r.id = v_execution.revision;
    if v_timeout is not null then
        insert into stepwell.steps
            (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state)
        values
            (p_bucket, p_execution, 1, v_execution.machine, v_execution.revision, v_execution.name, 'r', '', '',
             now() + make_interval(secs => v_timeout), 'fresh', '');
    end if;
    perform pg_notify('stepwell_work', p_bucket::text);
    o_outcome := 'redriven';
    return next;
end $$;

revoke execute on all functions in schema stepwell from public;
