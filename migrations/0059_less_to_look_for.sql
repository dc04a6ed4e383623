-- What a transition need not look for.
--
-- Where an execution ends, its row was looked for in an index, and so were other steps of it, although as a rule there are
-- none. Now a step says where its execution's row was put when it was started: a hint, for what is not there is looked for
-- by its key. And a worker says which executions can have other steps, which it knows from their definitions.

-- Where the execution's own row was put when it was started.
alter table stepwell.steps add column execution_row tid;

-- As before.
create or replace function stepwell.open_executions(
    p_bucket int, p_machine int, p_revision int, p_state text, p_function text, p_timeout_seconds int,
    p_started_at timestamptz, p_id uuid[], p_name text[], p_input json[]
) returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_count int;
    v_id uuid[] := p_id;
    v_input json[] := p_input;
    v_input_id uuid[];
    v_row tid[];
begin
    if exists (select 1 from unnest(p_input) as i (input) where octet_length(i.input::text) > 1024) then
        select array_agg(case when octet_length(i.input::text) <= 1024 then i.input end order by i.ord),
            array_agg(case when octet_length(i.input::text) > 1024 then
                encode(substr(sha256(convert_to(i.input::text, 'UTF8')), 1, 16), 'hex')::uuid end order by i.ord)
        into v_input, v_input_id
        from unnest(p_input) with ordinality as i (input, ord);
    end if;

    begin
        with started as (
            insert into stepwell.executions (bucket, id, machine, revision, name, input, input_id, started_at)
            select p_bucket, i.id, p_machine, p_revision, i.name, i.input, i.input_id, p_started_at
            from unnest(p_id, p_name, v_input, v_input_id) as i (id, name, input, input_id)
            returning ctid as row_id
        )
        select array_agg(s.row_id) into v_row from started s;
        v_count := cardinality(p_id);
    exception when unique_violation then
        insert into stepwell.executions (bucket, id, machine, revision, name, input, input_id, started_at)
        select p_bucket, i.id, p_machine, p_revision, i.name, i.input, i.input_id, p_started_at
        from unnest(p_id, p_name, v_input, v_input_id) as i (id, name, input, input_id)
        on conflict (bucket, machine, name) do nothing;
        get diagnostics v_count = row_count;
    end;
    if v_count < cardinality(p_id) then
        select array_agg(e.id order by i.ord) into v_id
        from unnest(p_id) with ordinality as i (id, ord)
        left join lateral (
            select e.id from stepwell.executions e where e.bucket = p_bucket and e.id = i.id limit 1
        ) e on true;
    end if;

    if v_input_id is not null then
        insert into stepwell.payloads (bucket, execution, id, value)
        select p_bucket, i.id, i.input_id, i.value
        from unnest(v_id, v_input_id, p_input) as i (id, input_id, value)
        where i.id is not null and i.input_id is not null;
    end if;
    insert into stepwell.steps
        (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state,
         input, input_id, execution_row)
    select p_bucket, i.id, 0, p_machine, p_revision, i.name, 'r', p_function, p_function, now(), 'fresh', p_state,
        i.input, i.input_id, i.row_id
    from unnest(v_id, p_name, v_input, v_input_id, v_row) as i (id, name, input, input_id, row_id)
    where i.id is not null;
    if p_timeout_seconds is not null then
        insert into stepwell.steps
            (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state)
        select p_bucket, i.id, 1, p_machine, p_revision, i.name, 'r', '', '',
            now() + make_interval(secs => p_timeout_seconds), 'fresh', ''
        from unnest(v_id, p_name) as i (id, name)
        where i.id is not null;
    end if;
    return v_id;
end $$;

-- As before.
create or replace function stepwell.open_execution(
    p_state_machine text, p_input json, p_name text, p_parent_bucket int, p_parent_execution uuid,
    p_parent_step bigint, p_parent_event int, p_express_id uuid default null
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
    v_row tid;
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
    on conflict (bucket, machine, name) do nothing
    returning ctid into v_row;
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
    insert into stepwell.steps
        (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state,
         input, input_id, execution_row)
    values
        (v_bucket, v_id, 0, v_revision.machine, v_revision.id, v_name, 'r', v_revision.entry_function,
         v_revision.entry_function, now(), 'fresh', v_revision.entry_state, v_inline, v_digest, v_row);
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

-- As before. The ids of one call share their random part: between them, the place in the call makes the difference.
create or replace function stepwell.start_executions(
    state_machine text,
    inputs json[],
    names text[] default null
) returns setof text
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_machine text := regexp_replace(state_machine, '^arn:[^:]*:states:[^:]*:[^:]*:stateMachine:', '');
    v_names text[] := coalesce(names, array(select gen_random_uuid()::text from unnest(inputs)));
    v_revision record;
    v_milliseconds bigint := extract(epoch from clock_timestamp()) * 1000;
    v_time text := lpad(to_hex(v_milliseconds), 12, '0') || '7';
    -- The rest of an id: one for each 4096, for to make so many random numbers takes longer than to make the ids of them.
    v_rest text[] := array(
        select right(gen_random_uuid()::text, 17) from generate_series(0, cardinality(inputs) >> 12));
    v_bucket record;
    v_started uuid[];
    v_buckets int[] := '{}';
begin
    if cardinality(v_names) <> coalesce(cardinality(inputs), 0) then
        raise exception using errcode = 'SW001',
            message = format('InvalidName: there are %s names for %s inputs', cardinality(names),
                coalesce(cardinality(inputs), 0)),
            hint = 'Pass a name for every input, or no names.';
    end if;
    -- What is plainly right needs no closer look.
    perform stepwell.check_name('execution', n.name) from unnest(v_names) as n (name)
    where n.name ~ '[^A-Za-z0-9_.-]' or octet_length(n.name) not between 1 and 80 or n.name is null;
    perform stepwell.check_payload(i.input) from unnest(inputs) as i (input)
    where i.input is null or octet_length(i.input::text) > 1024 or strpos(i.input::text, '\u') > 0;

    select m.id as machine, r.id, r.entry_state, r.entry_function, r.timeout_seconds, s.buckets, m.type into v_revision
    from stepwell.settings s
    join stepwell.state_machines m on m.name = v_machine and m.deleting_at is null
    join stepwell.revisions r on r.id = m.revision;
    -- Through a version or an alias, or to be refused: one by one.
    if not found then
        return query
        select stepwell.start_execution(state_machine, i.input, i.name) from unnest(inputs, v_names) as i (input, name);
        return;
    end if;

    if v_revision.type = 'EXPRESS' then
        v_names := array(
            select n.name || ':' || gen_random_uuid() from unnest(v_names) with ordinality as n (name, ord) order by n.ord);
    end if;

    for v_bucket in
        select i.bucket, array_agg(i.id) as ids, array_agg(i.name) as names, array_agg(i.input) as inputs
        from (
            select i.name, i.input, stepwell.bucket_of(v_machine, i.name, v_revision.buckets) as bucket,
                -- Those of one call follow each other in the index.
                (v_time || lpad(to_hex(i.ord & 4095), 3, '0') || v_rest[(i.ord >> 12)::int + 1])::uuid as id
            from unnest(v_names, inputs) with ordinality as i (name, input, ord)
        ) i
        group by i.bucket
        order by i.bucket
    loop
        v_started := stepwell.open_executions(v_bucket.bucket, v_revision.machine, v_revision.id, v_revision.entry_state,
            v_revision.entry_function, v_revision.timeout_seconds, to_timestamp(v_milliseconds / 1000.0), v_bucket.ids,
            v_bucket.names, v_bucket.inputs);
        v_buckets := v_buckets || v_bucket.bucket;
        if array_position(v_started, null) is not null then
            -- A name that is taken may be this very start, made before.
            perform stepwell.start_execution(state_machine, i.input, i.name)
            from unnest(v_started, v_bucket.names, v_bucket.inputs) as i (id, name, input)
            where i.id is null;
        end if;
    end loop;

    if exists (
        select 1 from stepwell.workers w
        where w.idle and w.seen_at > now() - interval '30 seconds'
          and (v_revision.entry_function = '' or v_revision.entry_function = any (w.functions)))
    then
        perform pg_notify('stepwell_work', b.bucket::text) from unnest(v_buckets) as b (bucket);
    end if;
    return query
    select p.prefix || n.name
    from unnest(v_names) with ordinality as n (name, ord)
    cross join (
        select left(stepwell.execution_arn(v_machine, v_names[1]), -char_length(v_names[1])) as prefix offset 0) p
    order by n.ord;
end $$;

-- Where executions are that have not ended; null: not there.
create function stepwell.execution_rows(p_bucket int, p_execution uuid[]) returns tid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_indexscan = on
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
begin
    return array(
        select e.row_id
        from unnest(p_execution) with ordinality as i (execution, n)
        left join lateral (
            select e.ctid as row_id from stepwell.executions e
            where e.bucket = p_bucket and e.id = i.execution and e.status = 'RUNNING'
            limit 1
        ) e on true
        order by i.n);
end $$;

-- What `advance_roots` did, with less to look for.
--
-- Decisions that move a branch on come first, those that end an execution after them, both in the order of the executions:
-- what is only about those (p_action to p_variables_id, p_status to p_execution_row) has no elements for the others.
-- p_execution_row: where the executions that end are believed to be; may be null or wrong. p_looked_through: those that end
-- and may have other steps.
--
-- Answers whether all was done; otherwise nothing was, for something needs a closer look.
create function stepwell.advance_many(
    p_bucket int, p_lease interval, p_execution uuid[], p_fence bigint[], p_first int[], p_event_count int[],
    p_events json[], p_at timestamptz[], p_action "char"[], p_phase text[], p_state text[], p_function text[],
    p_run_at timestamptz[], p_wake_at timestamptz[], p_entered_at timestamptz[], p_entry int[], p_retry_count int[],
    p_retrier_uses text[], p_deadline timestamptz[], p_heartbeat int[], p_last_event int[], p_entered_event int[],
    p_scheduled_event int[], p_input json[], p_input_id uuid[], p_task_input json[], p_task_input_id uuid[],
    p_variables json[], p_variables_id uuid[], p_status text[], p_output json[], p_output_id uuid[], p_error text[],
    p_cause text[], p_execution_row tid[], p_looked_through uuid[], p_payload_execution uuid[], p_payload_id uuid[],
    p_payload json[]
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_indexscan = on
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_setting text;
    -- So many move on, and so many end.
    v_moves int := cardinality(p_action);
    v_ends int := cardinality(p_execution) - cardinality(p_action);
    v_count int;
    -- Where rows are.
    v_row tid[];
    v_updated int := 0;
    -- Whether executions have been looked for by their keys.
    v_looked boolean := false;
    v_others int;
    v_has_parents boolean := false;
    v_children uuid[];
begin
    -- Rows are found one by one and written by their addresses: no plan depends on statistics. What was read is checked
    -- where it is written. Elements are fetched by their places: to make rows of many arrays costs more than all the rest.
    if v_moves > 0 then
        select array_agg(s.row_id) into v_row
        from unnest(p_execution[1:v_moves]) as i (execution)
        cross join lateral (
            select s.ctid as row_id from stepwell.steps s
            where s.bucket = p_bucket and s.execution = i.execution and s.id = 0
            limit 1
        ) s;
        v_setting := set_config('enable_indexscan', 'off', true);
        update stepwell.steps s
        set fence = s.fence + 1,
            applied = s.fence,
            events = p_first[i.n::int] + p_event_count[i.n::int] - 1,
            status = case p_action[i.n::int] when 'k' then 'l'::"char" when 'r' then 'r' else 'w' end,
            function = case p_action[i.n::int] when 'k' then s.function else p_function[i.n::int] end,
            run_at = case p_action[i.n::int] when 'r' then p_run_at[i.n::int] else s.run_at end,
            wake_at = case p_action[i.n::int]
                when 'k' then s.wake_at when 'w' then coalesce(p_wake_at[i.n::int], 'infinity') end,
            lease_until = case p_action[i.n::int] when 'k' then now() + p_lease end,
            next_function = p_function[i.n::int],
            suspect = false,
            started = false,
            losses = 0,
            phase = p_phase[i.n::int],
            state = p_state[i.n::int],
            entered_at = p_entered_at[i.n::int],
            entry = p_entry[i.n::int],
            retry_count = p_retry_count[i.n::int],
            retrier_uses = p_retrier_uses[i.n::int]::int[],
            deadline = p_deadline[i.n::int],
            heartbeat = p_heartbeat[i.n::int],
            last_event = p_last_event[i.n::int],
            entered_event = p_entered_event[i.n::int],
            scheduled_event = p_scheduled_event[i.n::int],
            outcome = null,
            error = null,
            cause = null,
            outcome_value = null,
            outcome_id = null,
            input = p_input[i.n::int],
            input_id = p_input_id[i.n::int],
            task_input = p_task_input[i.n::int],
            task_input_id = p_task_input_id[i.n::int],
            variables = p_variables[i.n::int],
            variables_id = p_variables_id[i.n::int]
        from unnest(v_row) with ordinality as i (row_id, n)
        where s.bucket = p_bucket and s.ctid = i.row_id and s.execution = p_execution[i.n::int] and s.id = 0
          and s.events = p_first[i.n::int] - 1
          and s.fence = p_fence[i.n::int] and s.status = 'l' and s.fork is null;
        get diagnostics v_count = row_count;
        if v_count < v_moves then
            raise serialization_failure;
        end if;
        v_setting := set_config('enable_indexscan', 'on', true);
    end if;

    if v_ends > 0 then
        select array_agg(s.row_id) into v_row
        from unnest(p_execution[v_moves + 1:]) as i (execution)
        cross join lateral (
            select s.ctid as row_id from stepwell.steps s
            where s.bucket = p_bucket and s.execution = i.execution and s.id = 0
            limit 1
        ) s;
        v_setting := set_config('enable_indexscan', 'off', true);
        delete from stepwell.steps s
        using unnest(v_row) with ordinality as i (row_id, n)
        where s.bucket = p_bucket and s.ctid = i.row_id and s.execution = p_execution[v_moves + i.n::int] and s.id = 0
          and s.events = p_first[v_moves + i.n::int] - 1
          and s.fence = p_fence[v_moves + i.n::int] and s.status = 'l' and s.fork is null and s.phase <> 'mapping';
        get diagnostics v_count = row_count;
        if v_count < v_ends then
            raise serialization_failure;
        end if;
        v_row := p_execution_row;
        loop
            with written as (
                update stepwell.executions e
                set status = p_status[i.n::int],
                    output = p_output[i.n::int],
                    output_id = p_output_id[i.n::int],
                    error = p_error[i.n::int],
                    cause = p_cause[i.n::int],
                    stopped_at = now(),
                    last_event = p_first[v_moves + i.n::int] + p_event_count[v_moves + i.n::int] - 1
                from unnest(v_row) with ordinality as i (row_id, n)
                where e.bucket = p_bucket and e.ctid = i.row_id and e.id = p_execution[v_moves + i.n::int]
                  and e.status = 'RUNNING'
                returning e.id, e.parent_execution, e.map_run
            )
            select count(*), v_has_parents or coalesce(bool_or(w.parent_execution is not null), false),
                v_children || array_agg(w.id) filter (where w.map_run is not null)
            into v_count, v_has_parents, v_children
            from written w;
            v_updated := v_updated + v_count;
            exit when v_updated = v_ends;
            if v_looked then
                raise serialization_failure;
            end if;
            v_row := stepwell.execution_rows(p_bucket, p_execution[v_moves + 1:]);
            v_looked := true;
        end loop;

        v_setting := set_config('enable_indexscan', 'on', true);
        if cardinality(p_looked_through) > 0 then
            select count(*) into v_others
            from unnest(p_looked_through) as i (execution)
            cross join lateral (
                select from stepwell.steps s
                where s.bucket = p_bucket and s.execution = i.execution and s.id > 0
            ) s;
            if v_others > 0 then
                -- The execution's time limit, which nobody waits for any more.
                delete from stepwell.steps s
                where s.bucket = p_bucket and s.execution = any (p_looked_through) and s.id = 1 and s.status <> 'l';
                get diagnostics v_count = row_count;
                if v_count < v_others then
                    raise serialization_failure;
                end if;
            end if;
        end if;
        if v_children is not null then
            perform stepwell.count_map_run_children(p_bucket, v_children);
        end if;
        if v_has_parents then
            insert into stepwell.outbox (bucket, id, kind, message)
            select p_bucket, e.id, 'result', json_build_object('bucket', e.parent_bucket, 'execution', e.parent_execution,
                'step', e.parent_step, 'event', e.parent_event)
            from stepwell.executions e
            where e.bucket = p_bucket and e.id = any (p_execution[v_moves + 1:]) and e.parent_execution is not null
            on conflict do nothing;
        end if;
    end if;

    if cardinality(p_payload_id) > 0 then
        insert into stepwell.payloads (bucket, execution, id, value)
        select p_bucket, p.execution, p.id, p.value
        from unnest(p_payload_execution, p_payload_id, p_payload) as p (execution, id, value)
        on conflict do nothing;
    end if;
    insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
    select p_bucket, i.execution, p_first[i.n::int], p_first[i.n::int] + p_event_count[i.n::int] - 1, p_at[i.n::int], 0,
        p_events[i.n::int]
    from unnest(p_execution) with ordinality as i (execution, n);
    return true;
exception when serialization_failure then
    return false;
end $$;

-- What `advance_root` did, with less to look for: what `advance_many` does, for a single decision and without arrays.
--
-- p_action: what `advance` takes, or 'e' where the execution ends; then the branch's position is not looked at.
create function stepwell.advance_one(
    p_bucket int, p_lease interval, p_execution uuid, p_fence bigint, p_first int, p_event_count int,
    p_events json, p_at timestamptz, p_action "char", p_phase text, p_state text, p_function text, p_run_at timestamptz,
    p_wake_at timestamptz, p_entered_at timestamptz, p_entry int, p_retry_count int, p_retrier_uses text,
    p_deadline timestamptz, p_heartbeat int, p_last_event int, p_entered_event int, p_scheduled_event int,
    p_input json, p_input_id uuid, p_task_input json, p_task_input_id uuid, p_variables json, p_variables_id uuid,
    p_status text, p_output json, p_output_id uuid, p_error text, p_cause text, p_execution_row tid,
    p_looked_through boolean, p_payload_id uuid[], p_payload json[]
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_execution_row tid := p_execution_row;
    -- Where the execution was not.
    v_missed tid;
    v_others int;
    v_count int;
    v_has_parent boolean;
    v_is_child boolean;
begin
    if p_action <> 'e' then
        update stepwell.steps s
        set fence = s.fence + 1,
            applied = s.fence,
            events = p_first + p_event_count - 1,
            status = case p_action when 'k' then 'l'::"char" when 'r' then 'r' else 'w' end,
            function = case p_action when 'k' then s.function else p_function end,
            run_at = case p_action when 'r' then p_run_at else s.run_at end,
            wake_at = case p_action when 'k' then s.wake_at when 'w' then coalesce(p_wake_at, 'infinity') end,
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
          and s.events = p_first - 1 and s.fence = p_fence and s.status = 'l' and s.fork is null;
    else
        delete from stepwell.steps s
        where s.bucket = p_bucket and s.execution = p_execution and s.id = 0
          and s.events = p_first - 1 and s.fence = p_fence and s.status = 'l' and s.fork is null
          and s.phase <> 'mapping';
    end if;
    if not found then
        raise serialization_failure;
    end if;

    if p_action = 'e' then
        if p_looked_through then
            select count(*) into v_others from stepwell.steps s
            where s.bucket = p_bucket and s.execution = p_execution and s.id > 0;
            if v_others > 0 then
                -- The execution's time limit, which nobody waits for any more.
                delete from stepwell.steps s
                where s.bucket = p_bucket and s.execution = p_execution and s.id = 1 and s.status <> 'l';
                get diagnostics v_count = row_count;
                if v_count < v_others then
                    raise serialization_failure;
                end if;
            end if;
        end if;
        loop
            update stepwell.executions e
            set status = p_status,
                output = p_output,
                output_id = p_output_id,
                error = p_error,
                cause = p_cause,
                stopped_at = now(),
                last_event = p_first + p_event_count - 1
            where e.bucket = p_bucket and e.ctid = v_execution_row and e.id = p_execution and e.status = 'RUNNING'
            returning e.parent_execution is not null, e.map_run is not null into v_has_parent, v_is_child;
            exit when found;
            v_missed := v_execution_row;
            select e.ctid into v_execution_row from stepwell.executions e
            where e.bucket = p_bucket and e.id = p_execution and e.status = 'RUNNING';
            if v_execution_row is null or v_execution_row = v_missed then
                raise serialization_failure;
            end if;
        end loop;
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

-- For workers of earlier versions, who know neither.
create or replace function stepwell.advance_roots(
    p_bucket int, p_lease interval, p_execution uuid[], p_first int[], p_event_count int[], p_events json[],
    p_at timestamptz[], p_move uuid[], p_move_from int[], p_move_to int[], p_move_fence bigint[], p_action "char"[],
    p_phase text[], p_state text[], p_function text[], p_run_at timestamptz[], p_wake_at timestamptz[],
    p_entered_at timestamptz[], p_entry int[], p_retry_count int[], p_retrier_uses text[], p_deadline timestamptz[],
    p_heartbeat int[], p_last_event int[], p_entered_event int[], p_scheduled_event int[], p_input json[],
    p_input_id uuid[], p_task_input json[], p_task_input_id uuid[], p_variables json[], p_variables_id uuid[],
    p_end uuid[], p_end_from int[], p_end_to int[], p_end_fence bigint[], p_status text[], p_output json[],
    p_output_id uuid[], p_error text[], p_cause text[], p_payload_execution uuid[], p_payload_id uuid[],
    p_payload json[]
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_first int[];
    v_event_count int[];
    v_events json[];
    v_at timestamptz[];
begin
    select array_agg(e.first order by o.n), array_agg(e.event_count order by o.n), array_agg(e.events order by o.n),
        array_agg(e.at order by o.n)
    into v_first, v_event_count, v_events, v_at
    from unnest(p_execution, p_first, p_event_count, p_events, p_at) as e (execution, first, event_count, events, at)
    join unnest(p_move || p_end) with ordinality as o (execution, n) on o.execution = e.execution;
    return stepwell.advance_many(p_bucket, p_lease, p_move || p_end, p_move_fence || p_end_fence, v_first,
        v_event_count, v_events, v_at, p_action, p_phase, p_state, p_function, p_run_at, p_wake_at, p_entered_at, p_entry,
        p_retry_count, p_retrier_uses, p_deadline, p_heartbeat, p_last_event, p_entered_event, p_scheduled_event, p_input,
        p_input_id, p_task_input, p_task_input_id, p_variables, p_variables_id, p_status, p_output, p_output_id, p_error,
        p_cause, '{}', p_end, p_payload_execution, p_payload_id, p_payload);
end $$;

-- Likewise.
create or replace function stepwell.advance_root(
    p_bucket int, p_lease interval, p_execution uuid, p_first int, p_event_count int, p_events json, p_at timestamptz,
    p_fence bigint, p_action "char", p_phase text, p_state text, p_function text, p_run_at timestamptz,
    p_wake_at timestamptz, p_entered_at timestamptz, p_entry int, p_retry_count int, p_retrier_uses text,
    p_deadline timestamptz, p_heartbeat int, p_last_event int, p_entered_event int, p_scheduled_event int,
    p_input json, p_input_id uuid, p_task_input json, p_task_input_id uuid, p_variables json, p_variables_id uuid,
    p_status text, p_output json, p_output_id uuid, p_error text, p_cause text, p_payload_id uuid[], p_payload json[]
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return stepwell.advance_one(p_bucket, p_lease, p_execution, p_fence, p_first, p_event_count, p_events, p_at,
        p_action, p_phase, p_state, p_function, p_run_at, p_wake_at, p_entered_at, p_entry, p_retry_count, p_retrier_uses,
        p_deadline, p_heartbeat, p_last_event, p_entered_event, p_scheduled_event, p_input, p_input_id, p_task_input,
        p_task_input_id, p_variables, p_variables_id, p_status, p_output, p_output_id, p_error, p_cause, null, true,
        p_payload_id, p_payload);
end $$;

select stepwell.grant_rights();
