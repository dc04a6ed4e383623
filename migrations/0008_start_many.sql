-- Starting many executions at once, for programs that have many: each costs a fraction of a start by itself.

-- The bucket of an execution; the same as before, as one expression that PostgreSQL can put in the caller's place.
create or replace function stepwell.bucket_of(machine text, execution text, buckets int) returns int
language sql immutable strict parallel safe as $$
    select ((('x' || encode(substr(sha256(convert_to(machine || E'\n' || execution, 'UTF8')), 1, 4), 'hex'))::bit(32)::bigint)
        % buckets)::int
$$;

-- A UUIDv7 for an execution that SQL starts; the same as before, as one expression.
create or replace function stepwell.new_execution_id() returns uuid
language sql volatile parallel safe as $$
    select (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
        || right(gen_random_uuid()::text, 21))::uuid
$$;

-- Makes the rows of new executions of one bucket. Answers the ids of those that were made; the others' names are taken.
create function stepwell.open_executions(
    p_bucket int,
    p_machine int,
    p_revision int,
    p_state text,
    p_function text,
    p_timeout_seconds int,
    p_started_at timestamptz,
    p_id uuid[],
    p_name text[],
    p_input json[]
) returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_count int;
    v_id uuid[] := p_id;
    v_input json[] := p_input;
    v_input_id uuid[];
begin
    if exists (select 1 from unnest(p_input) as i (input) where octet_length(i.input::text) > 1024) then
        select array_agg(case when octet_length(i.input::text) <= 1024 then i.input end order by i.ord),
            array_agg(case when octet_length(i.input::text) > 1024 then
                encode(substr(sha256(convert_to(i.input::text, 'UTF8')), 1, 16), 'hex')::uuid end order by i.ord)
        into v_input, v_input_id
        from unnest(p_input) with ordinality as i (input, ord);
    end if;

    insert into stepwell.executions (bucket, id, machine, revision, name, input, input_id, started_at)
    select p_bucket, i.id, p_machine, p_revision, i.name, i.input, i.input_id, p_started_at
    from unnest(p_id, p_name, v_input, v_input_id) as i (id, name, input, input_id)
    on conflict (bucket, machine, name) do nothing;
    get diagnostics v_count = row_count;
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
    insert into stepwell.execution_heads (bucket, execution, last_event)
    select p_bucket, i.id, 1 from unnest(v_id) as i (id) where i.id is not null;
    insert into stepwell.steps
        (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state,
         input, input_id)
    select p_bucket, i.id, 0, p_machine, p_revision, i.name, 'r', p_function, p_function, now(), 'fresh', p_state,
        i.input, i.input_id
    from unnest(v_id, p_name, v_input, v_input_id) as i (id, name, input, input_id)
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

-- Starts many executions of one state machine and answers their ARNs, in order: as start_execution does for each, but all
-- or none. Without names the executions get UUIDs.
create function stepwell.start_executions(
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

    select m.id as machine, r.id, r.entry_state, r.entry_function, r.timeout_seconds, s.buckets into v_revision
    from stepwell.settings s
    join stepwell.state_machines m on m.name = v_machine
    join stepwell.revisions r on r.id = m.revision;
    if not found then
        return query
        select stepwell.start_execution(state_machine, i.input, i.name) from unnest(inputs, v_names) as i (input, name);
        return;
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
    cross join (select stepwell.execution_arn(v_machine, '') as prefix offset 0) p
    order by n.ord;
end $$;

revoke execute on all functions in schema stepwell from public;
