-- Redrive: an execution that failed, was aborted or timed out goes on from where it stands.
--
-- What there is to do is cheap and says nothing of where: the execution runs again, and its root step has the phase
-- 'redriven'. Whoever claims that reads from the history where every branch stood, and puts it there. So a client may
-- redrive in a transaction of its own, and the children of a map run are redriven by the page.

drop function stepwell.redrive(int, uuid, int, text, text, text, int, timestamptz, json, uuid, json, uuid[], json[]);

-- Whether a map run is being redriven: its children are still to be.
alter table stepwell.map_runs add column redriving boolean not null default false;

-- Why an execution can't be redriven, in AWS's words; null: it can.
create function stepwell.redrive_obstacle(p_execution stepwell.executions, p_history_events int) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case
        when strpos(p_execution.name, ':') > 0 then 'Express executions cannot be redriven'
        when p_execution.status in ('RUNNING', 'SUCCEEDED') then
            format('Execution is %s and cannot be redriven', p_execution.status)
        when p_execution.stopped_at < now() - interval '14 days' then
            'Execution has exceeded the redrivable period of 14 days'
        when p_execution.started_at < now() - interval '1 year' then 'Execution is older than a year'
        when p_execution.last_event >= p_history_events - 1 then 'Execution history event limit exceeded'
    end
$$;

-- Lets an execution run again. `o_obstacle`: why it can't.
create function stepwell.redrive(
    p_bucket int, p_execution uuid
) returns table (o_obstacle text, o_count int, o_at timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_execution stepwell.executions;
    v_revision stepwell.revisions;
    v_last int;
begin
    select * into v_execution from stepwell.executions e
    where e.bucket = p_bucket and e.id = p_execution
    for update;
    o_obstacle := coalesce(
        stepwell.redrive_obstacle(v_execution, (select s.history_events from stepwell.settings s)),
        case when v_execution.map_run is not null then 'Executions of a map run are redriven with it' end);
    if o_obstacle is not null then
        return next;
        return;
    end if;
    v_last := v_execution.last_event + 1;

    update stepwell.executions e
    set status = 'RUNNING', output = null, output_id = null, error = null, cause = null, stopped_at = null,
        last_event = null, redrive_count = e.redrive_count + 1, redriven_at = now()
    where e.bucket = p_bucket and e.id = p_execution
    returning e.redrive_count, e.redriven_at into o_count, o_at;
    insert into stepwell.execution_heads (bucket, execution, last_event) values (p_bucket, p_execution, v_last);
    insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
    values (p_bucket, p_execution, v_last, v_last, now(), 0,
        json_build_object('p', '[]'::json, 'e', json_build_array(json_build_array('ExecutionRedriven', v_last - 1, 0,
            json_build_object('redriveCount', o_count)))));
    select * into strict v_revision from stepwell.revisions r where r.id = v_execution.revision;
    -- More states than events are never entered: with this entry no attempt and no token is like an earlier one. And no
    -- fence is: whoever still holds a lease of the time before is refused.
    insert into stepwell.steps
        (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, fence, phase, state,
         entry, last_event, input, input_id)
    values
        (p_bucket, p_execution, 0, v_execution.machine, v_execution.revision, v_execution.name, 'r', '', '', now(),
         o_count::bigint << 32, 'redriven', v_revision.entry_state, v_last, v_last, v_execution.input,
         v_execution.input_id);
    if v_revision.timeout_seconds is not null then
        insert into stepwell.steps
            (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, fence, phase,
             state)
        values
            (p_bucket, p_execution, 1, v_execution.machine, v_execution.revision, v_execution.name, 'r', '', '',
             now() + make_interval(secs => v_revision.timeout_seconds), o_count::bigint << 32, 'fresh', '');
    end if;
    perform pg_notify('stepwell_work', p_bucket::text);
    return next;
end $$;

-- Lets an execution that failed, was aborted or timed out in the last 14 days go on from where it stands, given by its ARN
-- or as 'MACHINE:NAME', and answers since when it does.
create function stepwell.redrive_execution(execution text) returns timestamptz
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    v_execution stepwell.executions;
    v_redriven record;
begin
    select * into v_execution from stepwell.find_execution(execution);
    if not found then
        raise exception using errcode = 'SW005',
            message = format('ExecutionDoesNotExist: there is no execution %L', execution),
            hint = 'Name it by its ARN or as MACHINE:NAME.';
    end if;
    select * into v_redriven from stepwell.redrive(v_execution.bucket, v_execution.id);
    if v_redriven.o_obstacle is not null then
        raise exception using errcode = 'SW010', message = 'ExecutionNotRedrivable: ' || v_redriven.o_obstacle;
    end if;
    return v_redriven.o_at;
end $$;

-- Puts the branches of a redriven execution where they stood, its root (element 1 of p_id) among them: one element of
-- every array is one branch. Answers whether the root was the caller's to put.
create function stepwell.resume_branches(
    p_bucket int,
    p_execution uuid,
    p_fence bigint,
    p_id bigint[],
    p_parent bigint[],
    p_phase text[],
    p_state text[],
    p_function text[],
    p_entered_event int[],
    p_entered_at timestamptz[],
    p_input json[],
    p_input_id uuid[],
    p_task_input json[],
    p_task_input_id uuid[],
    p_variables json[],
    p_variables_id uuid[],
    -- Of those that have branches of their own.
    p_fork int[],
    p_item_count int[],
    p_remaining int[],
    p_next_item int[],
    p_child_state text[],
    p_child_function text[],
    -- What is stored for them: results of branches that are done, items in chunks.
    p_result_step bigint[],
    p_result json[],
    p_result_id uuid[],
    p_items_fork int[],
    p_items_first int[],
    p_items json[],
    p_payload_id uuid[],
    p_payload json[]
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_root stepwell.steps;
begin
    perform 1 from stepwell.execution_heads h where h.bucket = p_bucket and h.execution = p_execution for update;
    select * into v_root from stepwell.steps s
    where s.bucket = p_bucket and s.execution = p_execution and s.id = 0 and s.fence = p_fence and s.status = 'l'
    for update;
    if not found then
        return false;
    end if;
    insert into stepwell.payloads (bucket, execution, id, value)
    select p_bucket, p_execution, p.id, p.value from unnest(p_payload_id, p_payload) as p (id, value)
    on conflict do nothing;
    insert into stepwell.results (bucket, execution, id, output, output_id)
    select p_bucket, p_execution, r.step, r.output, r.output_id
    from unnest(p_result_step, p_result, p_result_id) as r (step, output, output_id);
    insert into stepwell.map_items (bucket, execution, fork, first_index, items)
    select p_bucket, p_execution, i.fork, i.first, i.items
    from unnest(p_items_fork, p_items_first, p_items) as i (fork, first, items);
    update stepwell.steps s
    set status = 'j', fence = s.fence + 1, applied = s.fence, worker = null, lease_until = null, wake_at = null,
        function = '', next_function = '', phase = p_phase[1], state = p_state[1], entered_event = p_entered_event[1],
        entered_at = p_entered_at[1], input = p_input[1], input_id = p_input_id[1], task_input = p_task_input[1],
        task_input_id = p_task_input_id[1], variables = p_variables[1], variables_id = p_variables_id[1],
        fork = p_fork[1], item_count = p_item_count[1], remaining = p_remaining[1], next_item = p_next_item[1],
        child_state = p_child_state[1], child_function = p_child_function[1]
    where s.bucket = p_bucket and s.execution = p_execution and s.id = 0;
    insert into stepwell.steps
        (bucket, execution, id, parent, machine, revision, name, status, function, next_function, run_at, fence, phase,
         state, entry, entered_event, entered_at, last_event, input, input_id, task_input, task_input_id, variables,
         variables_id, fork, item_count, remaining, next_item, child_state, child_function)
    select p_bucket, p_execution, b.id, b.parent, v_root.machine, v_root.revision, v_root.name,
        case when b.fork is null then 'r'::"char" else 'j' end, b.function, b.function, now(), v_root.fence,
        b.phase, b.state, v_root.entry, b.entered_event, b.entered_at, v_root.last_event, b.input, b.input_id, b.task_input,
        b.task_input_id, b.variables, b.variables_id, b.fork, b.item_count, b.remaining, b.next_item, b.child_state,
        b.child_function
    from unnest(p_id, p_parent, p_phase, p_state, p_function, p_entered_event, p_entered_at, p_input, p_input_id,
            p_task_input, p_task_input_id, p_variables, p_variables_id, p_fork, p_item_count, p_remaining, p_next_item,
            p_child_state, p_child_function)
        as b (id, parent, phase, state, function, entered_event, entered_at, input, input_id, task_input,
            task_input_id, variables, variables_id, fork, item_count, remaining, next_item, child_state,
            child_function)
    where b.id <> 0;
    return true;
end $$;

-- Lets a map run that failed or was aborted go on, when its Map is. Its children are redriven by its next look. Answers
-- how often it has been redriven; null: there is nothing to go on with; -1: what aborts its children is still on its way.
create function stepwell.reopen_map_run(
    p_bucket int, p_execution uuid, p_step bigint, p_fence bigint, p_run uuid
) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_count int;
begin
    if not stepwell.holds_step(p_bucket, p_execution, p_step, p_fence) then
        return null;
    end if;
    if exists (select 1 from stepwell.outbox o where o.bucket = p_bucket and o.id = p_run and o.kind = 'abort') then
        return -1;
    end if;
    update stepwell.map_runs r
    set status = 'RUNNING', redriving = true, redrive_count = r.redrive_count + 1, redriven_at = now(),
        stopped_at = null, error = null, cause = null, results_written = 0, step = p_step,
        -- Items that no child had were forgotten: they are read again.
        item_total = case when r.next_item < r.item_total then null else r.item_total end
    where r.bucket = p_bucket and r.id = p_run and r.status in ('FAILED', 'ABORTED');
    select r.redrive_count into v_count from stepwell.map_runs r
    where r.bucket = p_bucket and r.id = p_run and r.status = 'RUNNING';
    return v_count;
end $$;

-- Redrives a page of a run's children that did not succeed; those of express runs begin again. Answers where the next page
-- begins; null: that was the last.
create function stepwell.redrive_map_run_children(
    p_bucket int, p_run uuid, p_from int, p_limit int, p_express boolean, p_state text, p_function text
) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_ids uuid[];
    v_count int;
    v_last int;
    v_limit int := (select s.history_events from stepwell.settings s);
    v_child stepwell.executions;
begin
    update stepwell.map_run_shards s set closed = false where s.bucket = p_bucket and s.run = p_run;
    select array_agg(c.id) filter (where c.status in ('FAILED', 'TIMED_OUT', 'ABORTED')), count(*)::int, max(c.map_index)
    into v_ids, v_count, v_last
    from (
        select e.id, e.status, e.map_index from stepwell.executions e
        where e.bucket = p_bucket and e.map_run = p_run and e.map_index >= p_from
        order by e.map_index
        limit p_limit
    ) c;
    for v_child in
        select * from stepwell.executions e
        where e.bucket = p_bucket and e.id = any (v_ids)
          and (p_express or stepwell.redrive_obstacle(e, v_limit) is null)
        order by e.id
        for update
    loop
        update stepwell.map_run_shards s
        set failed = s.failed - (v_child.status = 'FAILED')::int,
            timed_out = s.timed_out - (v_child.status = 'TIMED_OUT')::int,
            aborted = s.aborted - (v_child.status = 'ABORTED')::int,
            items_failed = s.items_failed - case when v_child.status = 'FAILED' then v_child.map_items else 0 end,
            items_timed_out =
                s.items_timed_out - case when v_child.status = 'TIMED_OUT' then v_child.map_items else 0 end,
            items_aborted = s.items_aborted - case when v_child.status = 'ABORTED' then v_child.map_items else 0 end
        where s.bucket = p_bucket and s.run = p_run;
        if not p_express then
            v_child.last_event := v_child.last_event + 1;
            insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
            values (p_bucket, v_child.id, v_child.last_event, v_child.last_event, now(), 0,
                json_build_object('p', '[]'::json, 'e', json_build_array(json_build_array(
                    'ExecutionRedriven', v_child.last_event - 1, 0,
                    json_build_object('redriveCount', v_child.redrive_count + 1)))));
        end if;
        update stepwell.executions e
        set status = 'RUNNING', output = null, output_id = null, error = null, cause = null, stopped_at = null,
            last_event = null, redrive_count = e.redrive_count + 1, redriven_at = now()
        where e.bucket = p_bucket and e.id = v_child.id;
        insert into stepwell.execution_heads (bucket, execution, last_event)
        values (p_bucket, v_child.id, v_child.last_event);
        insert into stepwell.steps
            (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, fence, phase,
             state, entry, last_event, input, input_id)
        values
            (p_bucket, v_child.id, 0, v_child.machine, v_child.revision, v_child.name, 'r',
             case when p_express then p_function else '' end, case when p_express then p_function else '' end, now(),
             (v_child.redrive_count + 1)::bigint << 32, case when p_express then 'fresh' else 'redriven' end, p_state,
             case when p_express then 0 else v_child.last_event end,
             case when p_express then 0 else v_child.last_event end, v_child.input, v_child.input_id);
    end loop;
    return case when v_count = p_limit then v_last + 1 end;
end $$;

-- All children of a run that are to be redriven have been.
create function stepwell.end_redriving(p_bucket int, p_run uuid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
begin
    update stepwell.map_runs r set redriving = false where r.bucket = p_bucket and r.id = p_run;
end $$;

select stepwell.grant_rights();
