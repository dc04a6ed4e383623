-- Redrives of map runs keep MaxConcurrency: children that did not succeed wait for their turn, and are PENDING_REDRIVE
-- until then. Their functions see the trace of the start, as do those of all children.

-- A redrive that goes on in a bucket. `redrive`: the last one, counted from 1. `redrive_from`: the index of the first child
-- that it has not looked at; null: it has looked at all. `pending`: how many of those did not succeed, in executions and in
-- items; they count as nothing else.
alter table stepwell.map_run_shards
    add column redrive       int    not null default 0,
    add column redrive_from  int,
    add column pending       bigint not null default 0,
    add column items_pending bigint not null default 0;

-- Children that were to be redriven and won't be count as what they are again.
create function stepwell.unmark_redrive(p_bucket int, p_run uuid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_from int;
begin
    select s.redrive_from into v_from from stepwell.map_run_shards s
    where s.bucket = p_bucket and s.run = p_run
    for no key update;
    if v_from is null then
        return;
    end if;
    update stepwell.map_run_shards s
    set redrive_from = null, pending = 0, items_pending = 0,
        failed = s.failed + c.failed, timed_out = s.timed_out + c.timed_out, aborted = s.aborted + c.aborted,
        items_failed = s.items_failed + c.items_failed, items_timed_out = s.items_timed_out + c.items_timed_out,
        items_aborted = s.items_aborted + c.items_aborted
    from stepwell.unsuccessful_children(p_bucket, p_run, v_from) c
    where s.bucket = p_bucket and s.run = p_run;
end $$;

-- How many children of a run from an index on did not succeed, in executions and in items.
create function stepwell.unsuccessful_children(
    p_bucket int, p_run uuid, p_from int,
    out failed bigint, out timed_out bigint, out aborted bigint,
    out items_failed bigint, out items_timed_out bigint, out items_aborted bigint
)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select count(*) filter (where e.status = 'FAILED'),
        count(*) filter (where e.status = 'TIMED_OUT'),
        count(*) filter (where e.status = 'ABORTED'),
        coalesce(sum(e.map_items) filter (where e.status = 'FAILED'), 0)::bigint,
        coalesce(sum(e.map_items) filter (where e.status = 'TIMED_OUT'), 0)::bigint,
        coalesce(sum(e.map_items) filter (where e.status = 'ABORTED'), 0)::bigint
    from stepwell.executions e
    where e.bucket = p_bucket and e.map_run = p_run and e.map_index >= p_from
      and e.status in ('FAILED', 'TIMED_OUT', 'ABORTED')
$$;

-- Begins a redrive of a run in a bucket, once: all its children that did not succeed are to be redriven.
create function stepwell.mark_redrive(p_bucket int, p_run uuid, p_redrive int) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
begin
    perform 1 from stepwell.map_run_shards s
    where s.bucket = p_bucket and s.run = p_run and s.redrive < p_redrive
    for no key update;
    if not found then
        return;
    end if;
    perform stepwell.unmark_redrive(p_bucket, p_run);
    update stepwell.map_run_shards s
    set closed = false, redrive = p_redrive, redrive_from = 0, pending = c.failed + c.timed_out + c.aborted,
        items_pending = c.items_failed + c.items_timed_out + c.items_aborted,
        failed = s.failed - c.failed, timed_out = s.timed_out - c.timed_out, aborted = s.aborted - c.aborted,
        items_failed = s.items_failed - c.items_failed, items_timed_out = s.items_timed_out - c.items_timed_out,
        items_aborted = s.items_aborted - c.items_aborted
    from stepwell.unsuccessful_children(p_bucket, p_run, 0) c
    where s.bucket = p_bucket and s.run = p_run;
end $$;

-- Redrives the next of those children, at most p_limit; those of express runs begin again, and those that can't be
-- redriven count as what they are. Answers how many run now.
create function stepwell.redrive_pending_children(
    p_bucket int, p_run uuid, p_limit int, p_express boolean, p_state text, p_function text, p_trace_header text
) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_shard stepwell.map_run_shards;
    v_ids uuid[];
    v_last int;
    v_limit int := (select s.history_events from stepwell.settings s);
    v_child stepwell.executions;
    v_count int := 0;
begin
    select * into v_shard from stepwell.map_run_shards s
    where s.bucket = p_bucket and s.run = p_run and s.redrive_from is not null
    for no key update;
    if not found then
        return 0;
    end if;
    select array_agg(c.id), max(c.map_index) into v_ids, v_last
    from (
        select e.id, e.map_index from stepwell.executions e
        where e.bucket = p_bucket and e.map_run = p_run and e.map_index >= v_shard.redrive_from
          and e.status in ('FAILED', 'TIMED_OUT', 'ABORTED')
        order by e.map_index
        limit p_limit
    ) c;
    v_shard.redrive_from := case when cardinality(v_ids) = p_limit then v_last + 1 end;
    for v_child in
        select * from stepwell.executions e
        where e.bucket = p_bucket and e.id = any (v_ids)
        order by e.id
        for update
    loop
        v_shard.pending := v_shard.pending - 1;
        v_shard.items_pending := v_shard.items_pending - v_child.map_items;
        if not p_express and stepwell.redrive_obstacle(v_child, v_limit) is not null then
            case v_child.status
                when 'FAILED' then
                    v_shard.failed := v_shard.failed + 1;
                    v_shard.items_failed := v_shard.items_failed + v_child.map_items;
                when 'TIMED_OUT' then
                    v_shard.timed_out := v_shard.timed_out + 1;
                    v_shard.items_timed_out := v_shard.items_timed_out + v_child.map_items;
                else
                    v_shard.aborted := v_shard.aborted + 1;
                    v_shard.items_aborted := v_shard.items_aborted + v_child.map_items;
            end case;
            continue;
        end if;
        v_count := v_count + 1;
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
             state, entry, last_event, input, input_id, trace_header)
        values
            (p_bucket, v_child.id, 0, v_child.machine, v_child.revision, v_child.name, 'r',
             case when p_express then p_function else '' end, case when p_express then p_function else '' end, now(),
             (v_child.redrive_count + 1)::bigint << 32, case when p_express then 'fresh' else 'redriven' end, p_state,
             case when p_express then 0 else v_child.last_event end,
             case when p_express then 0 else v_child.last_event end, v_child.input, v_child.input_id, p_trace_header);
    end loop;
    update stepwell.map_run_shards s
    set redrive_from = v_shard.redrive_from, pending = v_shard.pending, items_pending = v_shard.items_pending,
        failed = v_shard.failed, timed_out = v_shard.timed_out, aborted = v_shard.aborted,
        items_failed = v_shard.items_failed, items_timed_out = v_shard.items_timed_out,
        items_aborted = v_shard.items_aborted
    where s.bucket = p_bucket and s.run = p_run;
    return v_count;
end $$;

-- What workers of the version before call, page by page, to redrive all at once.
create or replace function stepwell.redrive_map_run_children(
    p_bucket int, p_run uuid, p_from int, p_limit int, p_express boolean, p_state text, p_function text
) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_from = 0 then
        perform stepwell.mark_redrive(p_bucket, p_run, s.redrive + 1)
        from stepwell.map_run_shards s
        where s.bucket = p_bucket and s.run = p_run and s.redrive_from is null;
    end if;
    perform stepwell.redrive_pending_children(p_bucket, p_run, p_limit, p_express, p_state, p_function, null);
    return (
        select s.redrive_from from stepwell.map_run_shards s where s.bucket = p_bucket and s.run = p_run);
end $$;

-- As before, and what was to be redriven won't be.
create or replace function stepwell.close_map_run_shard(p_bucket int, p_run uuid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
begin
    insert into stepwell.map_run_shards as s (bucket, run, closed) values (p_bucket, p_run, true)
    on conflict (bucket, run) do update set closed = true where not s.closed;
    perform stepwell.unmark_redrive(p_bucket, p_run);
end $$;

-- Starts children as before, which belong to a trace.
create function stepwell.start_map_run_children(
    p_bucket int, p_run uuid, p_machine int, p_revision int, p_label text, p_state text, p_function text,
    p_id uuid[], p_name text[], p_index int[], p_items int[], p_input json[], p_input_id uuid[], p_payload json[],
    p_trace_header text
) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_count int := stepwell.start_map_run_children(p_bucket, p_run, p_machine, p_revision, p_label, p_state, p_function,
        p_id, p_name, p_index, p_items, p_input, p_input_id, p_payload);
begin
    if v_count > 0 then
        update stepwell.executions e set trace_header = p_trace_header
        where e.bucket = p_bucket and e.id = any (p_id);
        update stepwell.steps s set trace_header = p_trace_header
        where s.bucket = p_bucket and s.execution = any (p_id) and s.id = 0;
    end if;
    return v_count;
end $$;

-- Where the limits are AWS's, executions that have run for a year time out: they get the timer that others have for
-- their TimeoutSeconds, and it is due. Answers how many.
create function stepwell.time_out_old_executions(p_bucket int, p_limit int) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_count int;
begin
    if not (select s.strict_aws from stepwell.settings s) then
        return 0;
    end if;
    with old as (
        -- Ids begin with the time of the start. Whoever has the head in hand is moving the execution, or ending it.
        select h.execution from stepwell.execution_heads h
        where h.bucket = p_bucket
          and h.execution < stepwell.uuid_at(now() - interval '1 year')
          and not exists (
              select from stepwell.steps s
              where s.bucket = p_bucket and s.execution = h.execution and s.id = 1 and s.run_at <= now())
        order by h.execution
        limit p_limit
        for update of h skip locked
    )
    insert into stepwell.steps as s
        (bucket, execution, id, machine, revision, name, status, function, next_function, run_at, fence, phase, state)
    select p_bucket, e.id, 1, e.machine, e.revision, e.name, 'r', '', '', now(), e.redrive_count::bigint << 32, 'fresh', ''
    from old o
    join stepwell.executions e on e.bucket = p_bucket and e.id = o.execution
    on conflict (bucket, execution, id) do update set run_at = now() where s.status = 'r';
    get diagnostics v_count = row_count;
    return v_count;
end $$;

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
