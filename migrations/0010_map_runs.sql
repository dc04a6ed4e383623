-- Map runs: the child executions of a distributed Map.
--
-- The step of the Map (phase 'mapping') carries the run on: whoever claims it looks how far the children are, starts the
-- next ones and puts the step to rest. Children are executions like others, in buckets of their own; when one ends it
-- adds to a count in its own bucket, and the step adds those counts up. So nothing crosses buckets for each child, and
-- no row is written by all of them.

-- The run that an execution works for, its place in it, and how many items it works on. Null: an execution of its own.
alter table stepwell.executions
    add column map_run uuid,
    add column map_index int,
    add column map_items int,
    -- Stands in its ARN behind the machine's name.
    add column map_label text;

create index executions_map_run on stepwell.executions (bucket, map_run, map_index) where map_run is not null;

-- In the bucket of the execution that has the Map.
create table stepwell.map_runs (
    bucket            int         not null,
    -- The last part of the run's ARN.
    id                uuid        not null,
    execution         uuid        not null,
    step              bigint      not null,
    machine           int         not null,
    label             text        not null,
    status            text        not null default 'RUNNING'
                      check (status in ('RUNNING', 'SUCCEEDED', 'FAILED', 'ABORTED')),
    started_at        timestamptz not null default now(),
    stopped_at        timestamptz,
    -- Limits that may be changed while the run goes on; null: none is set.
    max_concurrency   int,
    tolerated_count   bigint,
    tolerated_percentage double precision,
    -- How many items there are; null: they are still being read.
    item_total        int,
    -- The first item that no child has, and how many children there are.
    next_item         int         not null default 0,
    next_child        int         not null default 0,
    -- What the last look saw, and how many milliseconds later the next was to be.
    progress          bigint      not null default -1,
    pause             int         not null default 0,
    -- Why the run failed.
    error             text,
    cause             text,
    -- Results that were exported.
    results_written   bigint      not null default 0,
    redrive_count     int         not null default 0,
    redriven_at       timestamptz,
    primary key (bucket, id)
) with (fillfactor = 50);

create index map_runs_of_execution on stepwell.map_runs (bucket, execution);

-- The items of a run, in chunks, from when they were read until the run has ended. All items of a chunk have one source;
-- `keys`: theirs, where they are members of an object.
create table stepwell.map_run_items (
    bucket       int  not null,
    run          uuid not null,
    first_index  int  not null,
    items        json not null,
    keys         json,
    source       text not null,
    primary key (bucket, run, first_index)
);

alter table stepwell.map_run_items alter column items set compression lz4;

-- How far the children of a run are, one row per bucket of children. `closed`: no more may be started.
create table stepwell.map_run_shards (
    bucket           int     not null,
    run              uuid    not null,
    closed           boolean not null default false,
    started          bigint  not null default 0,
    succeeded        bigint  not null default 0,
    failed           bigint  not null default 0,
    timed_out        bigint  not null default 0,
    aborted          bigint  not null default 0,
    -- The same, counted in items.
    items_started    bigint  not null default 0,
    items_succeeded  bigint  not null default 0,
    items_failed     bigint  not null default 0,
    items_timed_out  bigint  not null default 0,
    items_aborted    bigint  not null default 0,
    primary key (bucket, run)
) with (fillfactor = 25, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

alter table stepwell.outbox drop constraint outbox_kind_check;
alter table stepwell.outbox add constraint outbox_kind_check check (kind in ('start', 'result', 'abort'));

-- Whether the caller holds the step of a Map. Its row stays locked.
create function stepwell.holds_step(p_bucket int, p_execution uuid, p_step bigint, p_fence bigint) returns boolean
language plpgsql
set enable_seqscan = off
as $$
begin
    perform 1 from stepwell.steps s
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_step and s.fence = p_fence and s.status = 'l'
    for update;
    return found;
end $$;

-- Begins a run, or finds the one that was begun before. Items of a reading that was cut short are dropped: it begins
-- again. No row: the step is not the caller's.
create function stepwell.open_map_run(
    p_bucket int, p_execution uuid, p_step bigint, p_fence bigint, p_run uuid, p_machine int, p_label text,
    p_max_concurrency int, p_tolerated_count bigint, p_tolerated_percentage double precision
) returns setof stepwell.map_runs
language plpgsql
set enable_seqscan = off
as $$
begin
    if not stepwell.holds_step(p_bucket, p_execution, p_step, p_fence) then
        return;
    end if;
    insert into stepwell.map_runs
        (bucket, id, execution, step, machine, label, max_concurrency, tolerated_count, tolerated_percentage)
    values (p_bucket, p_run, p_execution, p_step, p_machine, p_label, p_max_concurrency, p_tolerated_count,
        p_tolerated_percentage)
    on conflict do nothing;
    if not found then
        delete from stepwell.map_run_items i
        using stepwell.map_runs r
        where r.bucket = p_bucket and r.id = p_run and r.item_total is null and i.bucket = p_bucket and i.run = p_run;
    end if;
    return query select * from stepwell.map_runs r where r.bucket = p_bucket and r.id = p_run;
end $$;

-- Stores items that were read. p_total ends the reading. Answers whether the step is the caller's.
create function stepwell.add_map_run_items(
    p_bucket int, p_execution uuid, p_step bigint, p_fence bigint, p_run uuid,
    p_first int[], p_items json[], p_keys json[], p_source text[], p_total int
) returns boolean
language plpgsql
set enable_seqscan = off
as $$
begin
    if not stepwell.holds_step(p_bucket, p_execution, p_step, p_fence) then
        return false;
    end if;
    -- A call that is sent again after a lost answer finds its rows.
    insert into stepwell.map_run_items (bucket, run, first_index, items, keys, source)
    select p_bucket, p_run, i.first, i.items, i.keys, i.source
    from unnest(p_first, p_items, p_keys, p_source) as i (first, items, keys, source)
    on conflict do nothing;
    update stepwell.map_runs r set item_total = p_total
    where r.bucket = p_bucket and r.id = p_run and p_total is not null;
    return true;
end $$;

-- Starts children in one bucket. Those that were started before, by a page that was cut short, are left alone. Answers
-- how many are new; null: the run takes no more.
create function stepwell.start_map_run_children(
    p_bucket int, p_run uuid, p_machine int, p_revision int, p_label text, p_state text, p_function text,
    p_id uuid[], p_name text[], p_index int[], p_items int[], p_input json[], p_input_id uuid[], p_payload json[]
) returns int
language plpgsql
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_new uuid[];
    v_items bigint;
begin
    insert into stepwell.map_run_shards (bucket, run) values (p_bucket, p_run) on conflict do nothing;
    perform 1 from stepwell.map_run_shards s
    where s.bucket = p_bucket and s.run = p_run and not s.closed
    for no key update;
    if not found then
        return null;
    end if;
    with new as (
        insert into stepwell.executions
            (bucket, id, machine, revision, name, input, input_id, started_at, map_run, map_index, map_items, map_label)
        select p_bucket, c.id, p_machine, p_revision, c.name, c.input, c.input_id,
            to_timestamp(('x' || left(replace(c.id::text, '-', ''), 12))::bit(48)::bigint / 1000.0),
            p_run, c.index, c.items, p_label
        from unnest(p_id, p_name, p_index, p_items, p_input, p_input_id)
            as c (id, name, index, items, input, input_id)
        on conflict (bucket, machine, name) do nothing
        returning id, map_items
    )
    select array_agg(n.id), sum(n.map_items) into v_new, v_items from new n;
    if v_new is null then
        return 0;
    end if;
    insert into stepwell.payloads (bucket, execution, id, value)
    select p_bucket, c.id, c.input_id, c.payload
    from unnest(p_id, p_input_id, p_payload) as c (id, input_id, payload)
    where c.payload is not null and c.id = any (v_new);
    insert into stepwell.execution_heads (bucket, execution, last_event)
    select p_bucket, n.id, 1 from unnest(v_new) as n (id);
    insert into stepwell.steps
        (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, phase, state,
         input, input_id)
    select p_bucket, c.id, 0, p_machine, p_revision, c.name, 'r', p_function, p_function, now(), 'fresh', p_state,
        c.input, c.input_id
    from unnest(p_id, p_name, p_input, p_input_id) as c (id, name, input, input_id)
    where cardinality(v_new) = cardinality(p_id) or c.id = any (v_new);
    update stepwell.map_run_shards s
    set started = s.started + cardinality(v_new), items_started = s.items_started + v_items
    where s.bucket = p_bucket and s.run = p_run;
    return cardinality(v_new);
end $$;

-- Adds children that have ended to the counts of their runs.
create function stepwell.count_map_run_children(p_bucket int, p_execution uuid[]) returns void
language plpgsql
-- Its caller finds rows by their addresses alone.
set enable_indexscan = on
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    perform 1 from stepwell.map_run_shards s
    where s.bucket = p_bucket and s.run in (
        select e.map_run from stepwell.executions e where e.bucket = p_bucket and e.id = any (p_execution))
    order by s.run
    for no key update;
    update stepwell.map_run_shards s
    set succeeded = s.succeeded + c.succeeded, failed = s.failed + c.failed, timed_out = s.timed_out + c.timed_out,
        aborted = s.aborted + c.aborted,
        items_succeeded = s.items_succeeded + c.items_succeeded, items_failed = s.items_failed + c.items_failed,
        items_timed_out = s.items_timed_out + c.items_timed_out, items_aborted = s.items_aborted + c.items_aborted
    from (
        select e.map_run,
            count(*) filter (where e.status = 'SUCCEEDED') as succeeded,
            count(*) filter (where e.status = 'FAILED') as failed,
            count(*) filter (where e.status = 'TIMED_OUT') as timed_out,
            count(*) filter (where e.status = 'ABORTED') as aborted,
            coalesce(sum(e.map_items) filter (where e.status = 'SUCCEEDED'), 0) as items_succeeded,
            coalesce(sum(e.map_items) filter (where e.status = 'FAILED'), 0) as items_failed,
            coalesce(sum(e.map_items) filter (where e.status = 'TIMED_OUT'), 0) as items_timed_out,
            coalesce(sum(e.map_items) filter (where e.status = 'ABORTED'), 0) as items_aborted
        from stepwell.executions e
        where e.bucket = p_bucket and e.id = any (p_execution) and e.map_run is not null
        group by e.map_run
    ) c
    where s.bucket = p_bucket and s.run = c.map_run;
end $$;

-- Puts the step of a Map to rest until the next look: soon while something happens, later and later while nothing does,
-- at most a second. Answers when that will be; null: the step is not the caller's.
create function stepwell.rest_map_run(
    p_bucket int, p_execution uuid, p_step bigint, p_fence bigint, p_run uuid, p_next_item int, p_next_child int,
    p_progress bigint
) returns timestamptz
language plpgsql
set enable_seqscan = off
as $$
declare
    v_at timestamptz;
begin
    if not stepwell.holds_step(p_bucket, p_execution, p_step, p_fence) then
        return null;
    end if;
    update stepwell.map_runs r
    set next_item = p_next_item, next_child = p_next_child, progress = p_progress,
        pause = case when r.progress <> p_progress then 10 else least(greatest(r.pause, 10) * 2, 1000) end
    where r.bucket = p_bucket and r.id = p_run
    returning now() + r.pause * interval '1 millisecond' into v_at;
    update stepwell.steps s
    set status = 'r', function = '', next_function = '', run_at = v_at, wake_at = null, lease_until = null,
        worker = null, fence = s.fence + 1, started = false
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_step;
    return v_at;
end $$;

-- Records what a look has started, while the step stays in hand. Answers whether it is the caller's.
create function stepwell.move_map_run(
    p_bucket int, p_execution uuid, p_step bigint, p_fence bigint, p_run uuid, p_next_item int, p_next_child int
) returns boolean
language plpgsql
set enable_seqscan = off
as $$
begin
    if not stepwell.holds_step(p_bucket, p_execution, p_step, p_fence) then
        return false;
    end if;
    update stepwell.map_runs r
    set next_item = p_next_item, next_child = p_next_child
    where r.bucket = p_bucket and r.id = p_run;
    return true;
end $$;

-- A hint that children have ended: the next look may come now.
create function stepwell.wake_map_run(p_bucket int, p_run uuid) returns boolean
language plpgsql
set enable_seqscan = off
as $$
begin
    update stepwell.steps s
    set run_at = now()
    from stepwell.map_runs r
    where r.bucket = p_bucket and r.id = p_run and s.bucket = p_bucket and s.execution = r.execution
      and s.id = r.step and s.phase = 'mapping' and s.status = 'r' and s.run_at > now();
    return found;
end $$;

-- Ends a run; what follows for its Map is the next transition of its step. Answers whether the step is the caller's.
create function stepwell.close_map_run(
    p_bucket int, p_execution uuid, p_step bigint, p_fence bigint, p_run uuid, p_status text, p_error text,
    p_cause text, p_results_written bigint
) returns boolean
language plpgsql
set enable_seqscan = off
as $$
begin
    if not stepwell.holds_step(p_bucket, p_execution, p_step, p_fence) then
        return false;
    end if;
    update stepwell.map_runs r
    set status = p_status, error = p_error, cause = p_cause, stopped_at = now(), results_written = p_results_written
    where r.bucket = p_bucket and r.id = p_run and r.status = 'RUNNING';
    return true;
end $$;

-- Drops a page of a run's items. Answers how many rows.
create function stepwell.forget_map_run_items(p_bucket int, p_run uuid, p_limit int) returns int
language plpgsql
set enable_seqscan = off
as $$
declare
    v_count int;
begin
    delete from stepwell.map_run_items i
    where i.bucket = p_bucket and i.run = p_run and i.first_index = any (array(
        select d.first_index from stepwell.map_run_items d
        where d.bucket = p_bucket and d.run = p_run
        order by d.first_index limit p_limit));
    get diagnostics v_count = row_count;
    return v_count;
end $$;

-- From now on no children of a run are started in this bucket.
create function stepwell.close_map_run_shard(p_bucket int, p_run uuid) returns void
language plpgsql
set enable_seqscan = off
as $$
begin
    insert into stepwell.map_run_shards as s (bucket, run, closed) values (p_bucket, p_run, true)
    on conflict (bucket, run) do update set closed = true where not s.closed;
end $$;

-- Aborts those of a page of children that still run. Answers where the next page begins (null: that was the last), and
-- who held leases on their steps.
create function stepwell.abort_map_run_children(
    p_bucket int, p_run uuid, p_from int, p_limit int
) returns table (o_next int, o_holders uuid[])
language plpgsql
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_ids uuid[];
    v_count int;
    v_last int;
begin
    select array_agg(c.id) filter (where c.status = 'RUNNING'), count(*)::int, max(c.map_index)
    into v_ids, v_count, v_last
    from (
        select e.id, e.status, e.map_index from stepwell.executions e
        where e.bucket = p_bucket and e.map_run = p_run and e.map_index >= p_from
        order by e.map_index
        limit p_limit
    ) c;
    if v_ids is not null then
        perform 1 from stepwell.execution_heads h
        where h.bucket = p_bucket and h.execution = any (v_ids)
        order by h.execution
        for update;
        with ended as (
            update stepwell.execution_heads h
            set last_event = h.last_event + 1
            where h.bucket = p_bucket and h.execution = any (v_ids)
            returning h.execution, h.last_event
        ), recorded as (
            insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
            select p_bucket, e.execution, e.last_event, e.last_event, now(), 0, '{"p":[],"e":[["ExecutionAborted",0,0,{}]]}'
            from ended e
            returning execution
        )
        select array_agg(r.execution) into v_ids from recorded r;
    end if;
    if v_ids is not null then
        o_holders := stepwell.end_executions(p_bucket, null, v_ids,
            array(select 'ABORTED' from unnest(v_ids)), array(select null::json from unnest(v_ids)),
            array(select null::uuid from unnest(v_ids)), array(select null::text from unnest(v_ids)),
            array(select null::text from unnest(v_ids)));
    end if;
    o_next := case when v_count = p_limit then v_last + 1 end;
    o_holders := coalesce(o_holders, '{}');
    return next;
end $$;

-- Executions, or steps of one, are gone: their map runs are over, and the children are to be aborted.
create function stepwell.abandon_map_runs(p_bucket int, p_execution uuid[], p_step bigint[]) returns void
language plpgsql
set enable_seqscan = off
as $$
begin
    with gone as (
        update stepwell.map_runs r
        set status = 'ABORTED', stopped_at = now()
        where r.bucket = p_bucket and r.execution = any (p_execution) and r.status = 'RUNNING'
          and (p_step is null or r.step = any (p_step))
        returning r.id
    )
    insert into stepwell.outbox (bucket, id, kind, message)
    select p_bucket, g.id, 'abort', json_build_object('run', g.id) from gone g
    on conflict do nothing;
end $$;

create or replace function stepwell.fail_fork(
    p_bucket int, p_worker uuid, p_execution uuid, p_parent bigint, p_last_event int, p_error text, p_cause text
) returns uuid[]
language plpgsql
set enable_seqscan = off
as $$
declare
    v_fork int;
    v_forks int[];
    v_next int[];
    v_holders uuid[] := '{}';
    v_deleted uuid[];
    v_mapped bigint[];
begin
    select s.fork into v_fork from stepwell.steps s
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_parent;
    v_forks := array[v_fork];
    -- Level by level: the children of a fork are a range of ids, and those that have forked lead to the next level.
    while cardinality(v_forks) > 0 loop
        perform 1 from stepwell.steps s, unnest(v_forks) as f (fork)
        where s.bucket = p_bucket and s.execution = p_execution
          and s.id >= f.fork::bigint << 32 and s.id < (f.fork::bigint + 1) << 32
        order by s.id
        for update of s;
        with gone as (
            delete from stepwell.steps s
            using unnest(v_forks) as f (fork)
            where s.bucket = p_bucket and s.execution = p_execution
              and s.id >= f.fork::bigint << 32 and s.id < (f.fork::bigint + 1) << 32
            returning s.fork, s.worker, s.status, s.phase, s.id
        )
        select array_agg(g.fork) filter (where g.fork is not null),
            array_agg(distinct g.worker) filter (where g.status = 'l' and g.worker <> p_worker),
            array_agg(g.id) filter (where g.phase = 'mapping')
        into v_next, v_deleted, v_mapped
        from gone g;
        if v_mapped is not null then
            perform stepwell.abandon_map_runs(p_bucket, array[p_execution], v_mapped);
        end if;
        perform stepwell.forget_fork(p_bucket, p_execution, f.fork) from unnest(v_forks) as f (fork);
        v_holders := v_holders || coalesce(v_deleted, '{}');
        v_forks := v_next;
    end loop;

    update stepwell.steps s
    set status = 'r', run_at = now(), function = '', fence = s.fence + 1, fork = null, remaining = null,
        item_count = null, next_item = null, last_event = p_last_event, outcome = 'branchFailed', error = p_error,
        cause = p_cause
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_parent;
    return v_holders;
end $$;

create or replace function stepwell.write_ends(
    p_bucket int,
    p_head tid[],
    p_steps tid[],
    p_row tid[],
    p_last_event int[],
    p_status text[],
    p_output json[],
    p_output_id uuid[],
    p_error text[],
    p_cause text[]
) returns boolean
language plpgsql
set enable_seqscan = off
set enable_indexscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_has_parents boolean;
    v_children uuid[];
begin
    delete from stepwell.steps s where s.bucket = p_bucket and s.ctid = any (p_steps);
    with ended as (
        update stepwell.executions e
        set status = i.status, output = i.output, output_id = i.output_id, error = i.error, cause = i.cause,
            stopped_at = now(), last_event = i.last_event
        from unnest(p_row, p_last_event, p_status, p_output, p_output_id, p_error, p_cause)
            as i (row_id, last_event, status, output, output_id, error, cause)
        where e.bucket = p_bucket and e.ctid = i.row_id
        returning e.parent_execution, e.map_run, e.id
    )
    select bool_or(e.parent_execution is not null), array_agg(e.id) filter (where e.map_run is not null)
    into v_has_parents, v_children
    from ended e;
    delete from stepwell.execution_heads h where h.bucket = p_bucket and h.ctid = any (p_head);
    if v_children is not null then
        perform stepwell.count_map_run_children(p_bucket, v_children);
    end if;
    return coalesce(v_has_parents, false);
end $$;

create or replace function stepwell.finish_executions(
    p_bucket int, p_worker uuid, p_execution uuid[], p_head tid[], p_last_event int[], p_status text[], p_output json[],
    p_output_id uuid[], p_error text[], p_cause text[]
) returns uuid[]
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_steps tid[];
    v_rows tid[];
    v_holders uuid[];
    v_forked boolean;
    v_mapped boolean;
begin
    select array_agg(s.row_id), bool_or(s.id > 1), bool_or(s.phase = 'mapping'),
        array_agg(distinct s.worker) filter (where s.status = 'l' and s.worker is distinct from p_worker)
    into v_steps, v_forked, v_mapped, v_holders
    from unnest(p_execution) as i (execution)
    cross join lateral (
        select s.ctid as row_id, s.id, s.worker, s.status, s.phase from stepwell.steps s
        where s.bucket = p_bucket and s.execution = i.execution
        order by s.id
        limit 2147483647
        for update
    ) s;
    select array_agg(e.row_id order by i.ord) into v_rows
    from unnest(p_execution) with ordinality as i (execution, ord)
    left join lateral (
        select e.ctid as row_id from stepwell.executions e
        where e.bucket = p_bucket and e.id = i.execution
        limit 1
    ) e on true;
    if v_forked then
        delete from stepwell.results r where r.bucket = p_bucket and r.execution = any (p_execution);
        delete from stepwell.map_items m where m.bucket = p_bucket and m.execution = any (p_execution);
    end if;
    if stepwell.write_ends(p_bucket, p_head, v_steps, v_rows, p_last_event, p_status, p_output, p_output_id, p_error,
        p_cause)
    then
        insert into stepwell.outbox (bucket, id, kind, message)
        select p_bucket, e.id, 'result', json_build_object('bucket', e.parent_bucket, 'execution', e.parent_execution,
            'step', e.parent_step, 'event', e.parent_event)
        from stepwell.executions e
        where e.bucket = p_bucket and e.id = any (p_execution) and e.parent_execution is not null
        on conflict do nothing;
    end if;
    if v_mapped then
        perform stepwell.abandon_map_runs(p_bucket, p_execution, null);
    end if;
    return coalesce(v_holders, '{}');
end $$;

-- Finds an execution by its ARN, or by 'MACHINE:NAME', the machine's name with the label of a map run behind it where it
-- works for one. No row: there is none.
create or replace function stepwell.find_execution(p_execution text) returns setof stepwell.executions
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_names text[] := string_to_array(
        regexp_replace(p_execution, '^arn:[^:]*:states:[^:]*:[^:]*:execution:', ''), ':');
begin
    if cardinality(v_names) <> 2 then
        return;
    end if;
    return query
    select e.*
    from stepwell.settings s
    join stepwell.state_machines m on m.name = split_part(v_names[1], '/', 1)
    join stepwell.executions e
        on e.bucket = stepwell.bucket_of(v_names[1], v_names[2], s.buckets) and e.machine = m.id and e.name = v_names[2]
    where coalesce(m.name || '/' || e.map_label, m.name) = v_names[1];
end $$;

-- Every execution in one row, with where it stands now.
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
    stepwell.payload(e.bucket, e.id, e.input, e.input_id) as input,
    stepwell.payload(e.bucket, e.id, e.output, e.output_id) as output,
    e.error,
    e.cause,
    r.number as revision,
    stepwell.execution_arn(coalesce(m.name || '/' || e.map_label, m.name), e.name) as arn
from stepwell.executions e
join stepwell.state_machines m on m.id = e.machine
join stepwell.revisions r on r.id = e.revision;
