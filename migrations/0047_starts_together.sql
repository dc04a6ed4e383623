-- Starts that come together are made together: what a batch of them costs is no longer the sum of what each costs alone.

-- As before, but plain starts of one state machine and bucket are made by one statement for each table.
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
        select i.bucket, i.machine, i.machine_name, i.revision, i.entry_state, i.entry_function, i.timeout_seconds,
            array_agg(i.ord::int order by i.name) as places, array_agg(i.id order by i.name) as ids,
            array_agg(i.name order by i.name) as names, array_agg(i.input order by i.name) as inputs
        from (
            select i.name, i.input, i.ord, m.id as machine, m.name as machine_name, r.id as revision, r.entry_state,
                r.entry_function, r.timeout_seconds, stepwell.bucket_of(m.name, i.name, s.buckets) as bucket,
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
              and i.name ~ '^[A-Za-z0-9_.-]{1,80}$' and octet_length(i.input::text) <= 1024
              and strpos(i.input::text, '\u') = 0
        ) i
        group by i.bucket, i.machine, i.machine_name, i.revision, i.entry_state, i.entry_function, i.timeout_seconds
        having count(*) > 1
        -- In this order, so that batches with the same names can't wait for one another.
        order by i.bucket, i.machine
    loop
        v_ids := stepwell.open_executions(v_group.bucket, v_group.machine, v_group.revision, v_group.entry_state,
            v_group.entry_function, v_group.timeout_seconds, v_started_at, v_group.ids, v_group.names, v_group.inputs);
        for i in 1 .. cardinality(v_ids) loop
            -- A name that is taken is looked at below: it may be this very start, made before.
            if v_ids[i] is not null then
                v_arns[v_group.places[i]] := stepwell.execution_arn(v_group.machine_name, v_group.names[i]);
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
