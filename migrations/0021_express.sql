-- Express executions run in the memory of the worker that claims them: their start and their end are recorded, nothing
-- between.

-- Whether an execution must not be begun again when its worker is lost. Without it, the next worker begins from the start.
alter table stepwell.executions add column runs_once boolean not null default false;

-- The ARN of an execution. The own name of an express execution is the name that was asked for, a colon and a UUID.
create or replace function stepwell.execution_arn(machine text, execution text) returns text
language sql stable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select 'arn:aws:states:' || s.region || ':' || s.account
        || case when strpos(execution, ':') > 0 then ':express:' else ':execution:' end || machine || ':' || execution
    from stepwell.settings s
$$;

-- Every execution in one row, with where it stands now; its ARN as above.
create or replace view stepwell.execution_overview as
select
    m.name as state_machine,
    e.name,
    e.status,
    e.started_at,
    e.stopped_at,
    coalesce(e.stopped_at, now()) - e.started_at as duration,
    -- The states that its branches are in; a Parallel or Map stands for its children only while it has none.
    (select array_agg(distinct s.state order by s.state)
     from stepwell.steps s
     where s.bucket = e.bucket and s.execution = e.id and s.id <> 1 and s.status <> 'j') as current_states,
    case when e.input_id is null then e.input else (
        select p.value from stepwell.payloads p
        where p.bucket = e.bucket and p.execution = e.id and p.id = e.input_id) end as input,
    case when e.output_id is null then e.output else (
        select p.value from stepwell.payloads p
        where p.bucket = e.bucket and p.execution = e.id and p.id = e.output_id) end as output,
    e.error,
    e.cause,
    r.number as revision,
    (select 'arn:aws:states:' || s.region || ':' || s.account
        || case when strpos(e.name, ':') > 0 then ':express:' else ':execution:' end || coalesce(m.name || '/' || e.map_label, m.name) || ':' || e.name
     from stepwell.settings s) as arn
from stepwell.executions e
join stepwell.state_machines m on m.id = e.machine
join stepwell.revisions r on r.id = e.revision;

-- Finds an execution by its ARN, or by 'MACHINE:NAME', the machine's name with the label of a map run behind it where it
-- works for one. No row: there is none.
create or replace function stepwell.find_execution(p_execution text) returns setof stepwell.executions
language plpgsql stable rows 1
set search_path = pg_catalog, pg_temp
as $$
declare
    v_names text := regexp_replace(p_execution, '^arn:[^:]*:states:[^:]*:[^:]*:(execution|express):', '');
    v_machine text := split_part(v_names, ':', 1);
    v_name text := substr(v_names, char_length(v_machine) + 2);
begin
    if v_name = '' then
        return;
    end if;
    return query
    select e.*
    from stepwell.settings s
    join stepwell.state_machines m on m.name = split_part(v_machine, '/', 1)
    join stepwell.executions e
        on e.bucket = stepwell.bucket_of(v_machine, v_name, s.buckets) and e.machine = m.id and e.name = v_name
    where coalesce(m.name || '/' || e.map_label, m.name) = v_machine;
end $$;

drop function stepwell.open_execution(text, json, text, int, uuid, bigint, int);

-- Starts an execution, or finds the one that has its name, on behalf of all doors: SQL, the library, parent executions.
-- Every start of an express execution is a new one, whatever its name; where p_express_id is given, every other one.
-- `o_outcome`: 'started'; 'exists' (it runs, with the same input and for the same parent: the same answer as the first
-- time); 'conflict' (another input, or it has ended).
create function stepwell.open_execution(
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
    v_id uuid := stepwell.new_execution_id();
    -- The id's own time, so that both say the same.
    v_started_at timestamptz := to_timestamp(('x' || left(replace(v_id::text, '-', ''), 12))::bit(48)::bigint / 1000.0);
    v_large boolean := octet_length(p_input::text) > 1024;
    v_inline json := case when not v_large then p_input end;
    v_digest uuid;
    v_name text := p_name;
    v_bucket int;
    v_revision record;
    v_found stepwell.executions;
begin
    perform stepwell.check_name('execution', p_name);
    perform stepwell.check_payload(p_input);
    select m.id as machine, r.id, r.entry_state, r.entry_function, r.timeout_seconds, s.buckets, m.type,
        null::int as version, null::text as alias, m.deleting_at is not null as deleting
    into v_revision
    from stepwell.settings s
    join stepwell.state_machines m on m.name = v_machine
    join stepwell.revisions r on r.id = m.revision;
    -- No valid name has a colon: what stands behind it is a version or an alias.
    if not found and strpos(v_machine, ':') > 0 then
        select t.o_machine as machine, r.id, r.entry_state, r.entry_function, r.timeout_seconds, s.buckets, m.type,
            t.o_version as version, t.o_alias as alias, t.o_deleting as deleting
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
    o_arn := stepwell.execution_arn(v_machine, v_name);

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

-- Starts many executions of one state machine and answers their ARNs, in order: as start_execution does for each, but all
-- or none. Without names the executions get UUIDs.
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
    v_bucket record;
    v_started uuid[];
    v_buckets int[] := '{}';
begin
    if cardinality(v_names) <> cardinality(inputs) then
        raise exception using errcode = 'SW001',
            message = format('InvalidName: there are %s names for %s inputs', cardinality(names), cardinality(inputs)),
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
                (v_time || lpad(to_hex(i.ord & 4095), 3, '0') || right(gen_random_uuid()::text, 17))::uuid as id
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

drop function stepwell.start_batch(text[], json[], text[], text[]);

-- Starts executions, one element of every array each.
create function stepwell.start_batch(
    p_state_machine text[], p_input json[], p_name text[], p_trace_header text[], p_runs_once boolean[]
) returns table (o_outcome text, o_arn text, o_started_at timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_machine text;
    v_opened record;
begin
    for i in 1 .. cardinality(p_name) loop
        select * into v_opened
        from stepwell.open_execution(p_state_machine[i], p_input[i], p_name[i], null, null, null, null);
        if (p_trace_header[i] is not null or p_runs_once[i]) and v_opened.o_outcome = 'started' then
            v_machine := split_part(p_state_machine[i], ':', 1);
            update stepwell.executions e
            set trace_header = p_trace_header[i], runs_once = p_runs_once[i]
            where e.bucket = stepwell.bucket_of(
                    v_machine,
                    -- The ARN ends with the execution's own name.
                    regexp_replace(v_opened.o_arn, '^([^:]*:){7}', ''),
                    (select s.buckets from stepwell.settings s))
              and e.id = v_opened.o_id;
        end if;
        o_outcome := v_opened.o_outcome;
        o_arn := v_opened.o_arn;
        o_started_at := v_opened.o_started_at;
        return next;
    end loop;
end $$;

-- I4: event ids are 1, 2, 3 … without a gap, each follows an earlier one, and an execution that has ended has one event
-- that says so, the last. One that was redriven has one per life; an express one has nothing but its start, unless somebody
-- else ended it.
create or replace function stepwell.check_history(p_bucket int, p_from uuid) returns table (o_execution uuid, o_detail text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with stored as materialized (
        select h.execution, h.first_event, h.last_event, json_array_length(stepwell.readable(h.events) -> 'e') as events,
            lag(h.last_event, 1, 1) over (partition by h.execution order by h.first_event) as before
        from stepwell.history h
        where h.bucket = p_bucket and (p_from is null or h.execution >= p_from)
    ), events as materialized (
        select e.o_execution as execution, e.o_id as id, e.o_type as type, e.o_previous as previous,
            case e.o_type when 'ExecutionSucceeded' then 'SUCCEEDED' when 'ExecutionFailed' then 'FAILED'
                when 'ExecutionTimedOut' then 'TIMED_OUT' when 'ExecutionAborted' then 'ABORTED' end as ending,
            lead(e.o_type) over (partition by e.o_execution order by e.o_id) as next_type
        from stepwell.events_of(p_bucket, p_from) e
    ), known as materialized (
        select e.id, e.status, coalesce(e.last_event, h.last_event) as last_event, e.redrive_count,
            e.last_event is null as is_open,
            (strpos(e.name, ':') > 0 or e.map_run is not null) and e.last_event = 1 as is_express
        from stepwell.executions e
        left join stepwell.execution_heads h on h.bucket = p_bucket and h.execution = e.id
        where e.bucket = p_bucket and (p_from is null or e.id >= p_from)
    )
    select s.execution, format('event %s is missing', s.before + 1) from stored s where s.first_event > s.before + 1
    union all
    select s.execution, format('the row of events %s to %s holds %s', s.first_event, s.last_event, s.events)
    from stored s where s.events is distinct from s.last_event - s.first_event + 1
    union all
    select e.execution, format('event %s names event %s as the one before it', e.id, e.previous)
    from events e where e.previous is null or e.previous < 0 or e.previous >= e.id
    union all
    select k.id, format('it has %s events, and %s are recorded', k.last_event, coalesce(s.last_event, 1))
    from known k
    left join (select s.execution, max(s.last_event) as last_event from stored s group by s.execution) s
        on s.execution = k.id
    where k.last_event is distinct from coalesce(s.last_event, 1) and (k.status <> 'RUNNING' or k.last_event is not null)
    union all
    select e.execution, format('events follow event %s, which ends it', e.id)
    from events e where e.ending is not null and e.next_type <> 'ExecutionRedriven'
    union all
    select k.id, format('it is %s, and %s of its events say so at the end', k.status, coalesce(e.endings, 0))
    from known k
    left join (
        select e.execution, count(*) as endings from events e
        where e.ending is not null and e.next_type is null group by e.execution
    ) e on e.execution = k.id
    where coalesce(e.endings, 0) <> (k.status <> 'RUNNING')::int and not coalesce(k.is_express, false)
    union all
    select e.execution, format('event %s says that it is %s, its row that it is %s', e.id, e.ending, k.status)
    from events e join known k on k.id = e.execution
    where e.next_type is null and e.ending is not null and k.status <> 'RUNNING' and e.ending <> k.status
    union all
    select distinct s.execution, 'its history is there, and the execution is not'
    from stored s left join known k on k.id = s.execution where k.id is null;
end $$;

-- Deploys a definition as before. A new state machine gets p_type, and one of the other type is refused.
create function stepwell.deploy(
    p_name text,
    p_definition text,
    p_entry_state text,
    p_entry_function text,
    p_timeout_seconds int,
    p_role_arn text,
    p_type text
) returns table (o_outcome text, o_number int)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- One deployment at a time, as in the function that this one calls.
    lock table stepwell.state_machines in share row exclusive mode;
    if exists (select 1 from stepwell.state_machines m where m.name = p_name and m.type <> p_type) then
        raise exception using errcode = 'SW009',
            message = format('ValidationException: the state machine %L exists and its type is not %s', p_name, p_type),
            hint = 'The type of a state machine can''t be changed: choose another name.';
    end if;
    select d.o_outcome, d.o_number into o_outcome, o_number
    from stepwell.deploy(p_name, p_definition, p_entry_state, p_entry_function, p_timeout_seconds, p_role_arn) d;
    update stepwell.state_machines m set type = p_type where m.name = p_name and o_outcome = 'created';
    return next;
end $$;

select stepwell.grant_rights();
