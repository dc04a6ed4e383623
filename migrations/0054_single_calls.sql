-- Calls that are about one execution alone, as most are while there is little to do: what they wait for is not rows, but
-- plans that start and arrays that are taken apart.

-- What `advance_roots` does, for a single decision: without arrays.
--
-- p_first: the number of the first of the decision's p_event_count events. p_action: what `advance` takes, or 'e' where
-- the execution ends; then the branch's position is not looked at. p_payload_id, p_payload: payloads
-- that need rows of their own.
create function stepwell.advance_root(
    p_bucket int,
    p_lease interval,
    p_execution uuid,
    p_first int,
    p_event_count int,
    p_events json,
    p_at timestamptz,
    p_fence bigint,
    p_action "char",
    p_phase text,
    p_state text,
    p_function text,
    p_run_at timestamptz,
    p_wake_at timestamptz,
    p_entered_at timestamptz,
    p_entry int,
    p_retry_count int,
    p_retrier_uses text,
    p_deadline timestamptz,
    p_heartbeat int,
    p_last_event int,
    p_entered_event int,
    p_scheduled_event int,
    p_input json,
    p_input_id uuid,
    p_task_input json,
    p_task_input_id uuid,
    p_variables json,
    p_variables_id uuid,
    p_status text,
    p_output json,
    p_output_id uuid,
    p_error text,
    p_cause text,
    p_payload_id uuid[],
    p_payload json[]
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    -- How many other steps the execution has.
    v_timers int;
    v_timers_deleted int;
    v_has_parent boolean;
    v_is_child boolean;
begin
    if p_action <> 'e' then
        update stepwell.execution_heads h
        set last_event = p_first + p_event_count - 1
        where h.bucket = p_bucket and h.execution = p_execution and h.last_event = p_first - 1;
        if not found then
            raise serialization_failure;
        end if;
        update stepwell.steps s
        set fence = s.fence + 1,
            applied = s.fence,
            status = case p_action when 'k' then 'l'::"char" when 'r' then 'r' else 'w' end,
            function = case p_action when 'k' then s.function else p_function end,
            run_at = case p_action when 'r' then p_run_at else s.run_at end,
            wake_at = case p_action when 'k' then s.wake_at when 'w' then p_wake_at end,
            lease_until = case p_action when 'k' then now() + p_lease end,
            next_function = p_function,
            suspect = false,
            started = false,
            losses = 0,
            phase = p_phase,
            state = p_state,
            entered_at = p_entered_at,
            entry = p_entry,
            retry_count = p_retry_count,
            retrier_uses = p_retrier_uses::int[],
            deadline = p_deadline,
            heartbeat = p_heartbeat,
            last_event = p_last_event,
            entered_event = p_entered_event,
            scheduled_event = p_scheduled_event,
            outcome = null,
            error = null,
            cause = null,
            outcome_value = null,
            outcome_id = null,
            input = p_input,
            input_id = p_input_id,
            task_input = p_task_input,
            task_input_id = p_task_input_id,
            variables = p_variables,
            variables_id = p_variables_id
        where s.bucket = p_bucket and s.execution = p_execution and s.id = 0
          and s.fence = p_fence and s.status = 'l' and s.fork is null;
        if not found then
            raise serialization_failure;
        end if;
    else
        delete from stepwell.execution_heads h
        where h.bucket = p_bucket and h.execution = p_execution and h.last_event = p_first - 1;
        if not found then
            raise serialization_failure;
        end if;
        delete from stepwell.steps s
        where s.bucket = p_bucket and s.execution = p_execution and s.id = 0
          and s.fence = p_fence and s.status = 'l' and s.fork is null and s.phase <> 'mapping'
        returning (
            select count(*) from stepwell.steps o
            where o.bucket = p_bucket and o.execution = p_execution and o.id > 0
        ) into v_timers;
        if not found then
            raise serialization_failure;
        end if;
        if v_timers > 0 then
            -- The execution's time limit, which nobody waits for any more.
            delete from stepwell.steps s
            where s.bucket = p_bucket and s.execution = p_execution and s.id = 1 and s.status <> 'l';
            get diagnostics v_timers_deleted = row_count;
            if v_timers_deleted < v_timers then
                raise serialization_failure;
            end if;
        end if;
        update stepwell.executions e
        set status = p_status,
            output = p_output,
            output_id = p_output_id,
            error = p_error,
            cause = p_cause,
            stopped_at = now(),
            last_event = p_first + p_event_count - 1
        where e.bucket = p_bucket and e.id = p_execution
        returning e.parent_execution is not null, e.map_run is not null into v_has_parent, v_is_child;
        if not found then
            raise serialization_failure;
        end if;
        if v_is_child then
            perform stepwell.count_map_run_children(p_bucket, array[p_execution]);
        end if;
        if v_has_parent then
            insert into stepwell.outbox (bucket, id, kind, message)
            select p_bucket, e.id, 'result', json_build_object('bucket', e.parent_bucket, 'execution', e.parent_execution,
                'step', e.parent_step, 'event', e.parent_event)
            from stepwell.executions e
            where e.bucket = p_bucket and e.id = p_execution
            on conflict do nothing;
        end if;
    end if;
    if cardinality(p_payload_id) > 0 then
        insert into stepwell.payloads (bucket, execution, id, value)
        select p_bucket, p_execution, p.id, p.value
        from unnest(p_payload_id, p_payload) as p (id, value)
        on conflict do nothing;
    end if;
    insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
    values (p_bucket, p_execution, p_first, p_first + p_event_count - 1, p_at, 0, p_events);
    return true;
exception when serialization_failure then
    return false;
end $$;

-- As before. The pattern that names are held against counts no characters: that took a tenth of a start. And what the
-- settings say is read once.
create or replace function stepwell.open_execution(
    p_state_machine text,
    p_input json,
    p_name text,
    p_parent_bucket int,
    p_parent_execution uuid,
    p_parent_step bigint,
    p_parent_event int,
    p_express_id uuid default null
) returns table (o_outcome text, o_arn text, o_id uuid, o_started_at timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_machine text := regexp_replace(p_state_machine, '^arn:[^:]*:states:[^:]*:[^:]*:stateMachine:', '');
    v_milliseconds bigint := date_part('epoch', clock_timestamp()) * 1000;
    v_id uuid := lpad(to_hex(v_milliseconds), 12, '0') || '7' || right(gen_random_uuid()::text, 21);
    -- The id's own time, so that both say the same.
    v_started_at timestamptz := to_timestamp(v_milliseconds / 1000.0);
    v_large boolean := octet_length(p_input::text) > 1024;
    v_inline json := case when not v_large then p_input end;
    v_digest uuid;
    v_name text := p_name;
    v_bucket int;
    v_revision record;
    v_found stepwell.executions;
begin
    -- What is plainly right needs no closer look.
    if p_name is null or p_name ~ '[^A-Za-z0-9_.-]' or octet_length(p_name) not between 1 and 80 then
        perform stepwell.check_name('execution', p_name);
    end if;
    if p_input is null or v_large or strpos(p_input::text, '\u') > 0 then
        perform stepwell.check_payload(p_input);
    end if;
    select m.id as machine, r.id, r.entry_state, r.entry_function, r.timeout_seconds, s.buckets, s.region, s.account,
        m.type, null::int as version, null::text as alias, m.deleting_at is not null as deleting
    into v_revision
    from stepwell.settings s
    join stepwell.state_machines m on m.name = v_machine
    join stepwell.revisions r on r.id = m.revision;
    -- No valid name has a colon: what stands behind it is a version or an alias.
    if not found and strpos(v_machine, ':') > 0 then
        select t.o_machine as machine, r.id, r.entry_state, r.entry_function, r.timeout_seconds, s.buckets, s.region,
            s.account, m.type, t.o_version as version, t.o_alias as alias, t.o_deleting as deleting
        into v_revision
        from stepwell.settings s
        cross join stepwell.route(v_machine) t
        join stepwell.state_machines m on m.id = t.o_machine
        join stepwell.revisions r on r.id = t.o_revision;
        v_machine := split_part(v_machine, ':', 1);
    end if;
    if v_revision.machine is null then
        raise exception using errcode = 'SW003',
            message = format('StateMachineDoesNotExist: there is no state machine named %L', p_state_machine),
            hint = 'Deploy it first: stepwell deploy FILE.asl.json';
    elsif v_revision.deleting then
        raise exception using errcode = 'SW101',
            message = format('StateMachineDeleting: the state machine %L is being deleted', v_machine);
    end if;
    if v_revision.type = 'EXPRESS' then
        v_name := p_name || ':' || coalesce(p_express_id, gen_random_uuid());
    end if;
    v_bucket := stepwell.bucket_of(v_machine, v_name, v_revision.buckets);
    if v_large then
        v_digest := encode(substr(sha256(convert_to(p_input::text, 'UTF8')), 1, 16), 'hex')::uuid;
    end if;
    o_arn := 'arn:aws:states:' || v_revision.region || ':' || v_revision.account
        || case when v_revision.type = 'EXPRESS' then ':express:' else ':execution:' end || v_machine || ':' || v_name;

    insert into stepwell.executions
        (bucket, id, machine, revision, name, input, input_id, started_at, version, alias,
         parent_bucket, parent_execution, parent_step, parent_event)
    values
        (v_bucket, v_id, v_revision.machine, v_revision.id, v_name, v_inline, v_digest, v_started_at,
         v_revision.version, v_revision.alias, p_parent_bucket, p_parent_execution, p_parent_step, p_parent_event)
    on conflict (bucket, machine, name) do nothing;
    if not found then
        select e.* into strict v_found
        from stepwell.executions e
        where e.bucket = v_bucket and e.machine = v_revision.machine and e.name = v_name;
        o_outcome := case
            -- The same start asks again: whatever has become of the child, this is its child.
            when v_revision.type = 'EXPRESS' then 'exists'
            when v_found.parent_execution = p_parent_execution and v_found.parent_step = p_parent_step
                and v_found.parent_event = p_parent_event then 'exists'
            when v_found.status = 'RUNNING' and v_found.parent_execution is null and p_parent_execution is null
                and v_found.input_id is not distinct from v_digest
                and v_found.input::text is not distinct from v_inline::text then 'exists'
            else 'conflict' end;
        o_id := v_found.id;
        o_started_at := v_found.started_at;
        return next;
        return;
    end if;

    if v_large then
        insert into stepwell.payloads (bucket, execution, id, value) values (v_bucket, v_id, v_digest, p_input);
    end if;
    insert into stepwell.execution_heads (bucket, execution, last_event) values (v_bucket, v_id, 1);
    insert into stepwell.steps
        (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state,
         input, input_id)
    values
        (v_bucket, v_id, 0, v_revision.machine, v_revision.id, v_name, 'r', v_revision.entry_function,
         v_revision.entry_function, now(), 'fresh', v_revision.entry_state, v_inline, v_digest);
    if v_revision.timeout_seconds is not null then
        insert into stepwell.steps
            (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state)
        values
            (v_bucket, v_id, 1, v_revision.machine, v_revision.id, v_name, 'r', '', '',
             now() + make_interval(secs => v_revision.timeout_seconds), 'fresh', '');
    end if;
    -- A notification costs the commit a lock that all commits share: it is sent only where somebody sleeps.
    if exists (
        select 1 from stepwell.workers w
        where w.idle and w.seen_at > now() - interval '30 seconds'
          and (v_revision.entry_function = '' or v_revision.entry_function = any (w.functions)))
    then
        perform pg_notify('stepwell_work', v_bucket::text);
    end if;
    o_outcome := 'started';
    o_id := v_id;
    o_started_at := v_started_at;
    return next;
end $$;

-- As before, but for the pattern and the ARNs' beginning.
create or replace function stepwell.start_batch(
    p_state_machine text[], p_input json[], p_name text[], p_trace_header text[], p_runs_once boolean[]
) returns table (o_outcome text, o_arn text, o_started_at timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_milliseconds bigint := extract(epoch from clock_timestamp()) * 1000;
    v_time text := lpad(to_hex(v_milliseconds), 12, '0') || '7';
    v_started_at timestamptz := to_timestamp(v_milliseconds / 1000.0);
    v_group record;
    v_ids uuid[];
    -- The ARNs of those that were started together.
    v_arns text[] := array_fill(null::text, array[cardinality(p_name)]);
    v_buckets int[] := '{}';
    v_functions text[] := '{}';
    v_bucket int;
    v_opened record;
begin
    for v_group in
        select i.bucket, i.prefix, i.machine, i.revision, i.entry_state, i.entry_function, i.timeout_seconds,
            array_agg(i.ord::int order by i.name) as places, array_agg(i.id order by i.name) as ids,
            array_agg(i.name order by i.name) as names, array_agg(i.input order by i.name) as inputs
        from (
            select i.name, i.input, i.ord, m.id as machine, r.id as revision, r.entry_state,
                r.entry_function, r.timeout_seconds, stepwell.bucket_of(m.name, i.name, s.buckets) as bucket,
                'arn:aws:states:' || s.region || ':' || s.account || ':execution:' || m.name || ':' as prefix,
                -- Those of one call follow each other in the index.
                (v_time || lpad(to_hex(i.ord & 4095), 3, '0') || right(gen_random_uuid()::text, 17))::uuid as id
            from unnest(p_state_machine, p_input, p_name, p_trace_header, p_runs_once) with ordinality
                as i (machine, input, name, trace_header, runs_once, ord)
            join stepwell.state_machines m
                on m.name = regexp_replace(i.machine, '^arn:[^:]*:states:[^:]*:[^:]*:stateMachine:', '')
            join stepwell.revisions r on r.id = m.revision
            cross join stepwell.settings s
            -- The others, and what is not plainly right, go one by one.
            where m.type = 'STANDARD' and m.deleting_at is null and i.trace_header is null and not i.runs_once
              and i.name !~ '[^A-Za-z0-9_.-]' and octet_length(i.name) between 1 and 80
              and octet_length(i.input::text) <= 1024 and strpos(i.input::text, '\u') = 0
        ) i
        group by i.bucket, i.prefix, i.machine, i.revision, i.entry_state, i.entry_function, i.timeout_seconds
        having count(*) > 1
        -- In this order, so that batches with the same names can't wait for one another.
        order by i.bucket, i.machine
    loop
        v_ids := stepwell.open_executions(v_group.bucket, v_group.machine, v_group.revision, v_group.entry_state,
            v_group.entry_function, v_group.timeout_seconds, v_started_at, v_group.ids, v_group.names, v_group.inputs);
        for i in 1 .. cardinality(v_ids) loop
            -- A name that is taken is looked at below: it may be this very start, made before.
            if v_ids[i] is not null then
                v_arns[v_group.places[i]] := v_group.prefix || v_group.names[i];
            end if;
        end loop;
        v_buckets := v_buckets || v_group.bucket;
        v_functions := v_functions || v_group.entry_function;
    end loop;
    perform pg_notify('stepwell_work', b.bucket::text)
    from (
        select distinct b.bucket from unnest(v_buckets, v_functions) as b (bucket, function)
        where exists (
            select 1 from stepwell.workers w
            where w.idle and w.seen_at > now() - interval '30 seconds'
              and (b.function = '' or b.function = any (w.functions)))
    ) b;

    for i in 1 .. cardinality(p_name) loop
        o_outcome := 'started';
        o_arn := v_arns[i];
        o_started_at := v_started_at;
        if o_arn is null then
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
        end if;
        return next;
    end loop;
end $$;

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
