-- Where branches were cut short because another one failed belongs to the history: the parent hears of it with the failure.

-- Ends a fork badly: every branch below the parent is gone, the parent hears of it. Answers who held leases on them.
create or replace function stepwell.fail_fork(
    p_bucket int, p_worker uuid, p_execution uuid, p_parent bigint, p_last_event int, p_error text, p_cause text
) returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_fork int;
    v_forks int[];
    v_next int[];
    v_holders uuid[] := '{}';
    v_deleted uuid[];
    v_mapped bigint[];
    v_failed bigint;
    v_level json[];
    v_aborted json[] := '{}';
    v_branches json;
    v_branches_id uuid;
begin
    select s.fork into v_fork from stepwell.steps s
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_parent;
    v_forks := array[v_fork];
    -- Whose last event it is has failed. A branch that failed before it had any is fresh, and is left out as such.
    select h.step into v_failed from stepwell.history h
    where h.bucket = p_bucket and h.execution = p_execution and h.first_event <= p_last_event
    order by h.first_event desc
    limit 1;
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
            returning s.fork, s.worker, s.status, s.phase, s.id, s.state
        )
        select array_agg(g.fork) filter (where g.fork is not null),
            array_agg(distinct g.worker) filter (where g.status = 'l' and g.worker <> p_worker),
            array_agg(g.id) filter (where g.phase = 'mapping'),
            array_agg(json_build_array(g.id & 4294967295, g.state, g.phase = 'entering') order by g.id)
                filter (where g.phase <> 'fresh' and g.id is distinct from v_failed)
        into v_next, v_deleted, v_mapped, v_level
        from gone g;
        if v_mapped is not null then
            perform stepwell.abandon_map_runs(p_bucket, array[p_execution], v_mapped);
        end if;
        perform stepwell.forget_fork(p_bucket, p_execution, f.fork) from unnest(v_forks) as f (fork);
        v_holders := v_holders || coalesce(v_deleted, '{}');
        v_aborted := v_aborted || coalesce(v_level, '{}');
        v_forks := v_next;
    end loop;

    v_branches := json_build_object(
        'i', case when v_failed >> 32 = v_fork then v_failed & 4294967295 end, 'a', to_json(v_aborted));
    if octet_length(v_branches::text) > 1000 then
        v_branches_id := gen_random_uuid();
        insert into stepwell.payloads (bucket, execution, id, value)
        values (p_bucket, p_execution, v_branches_id, v_branches);
        v_branches := null;
    end if;
    update stepwell.steps s
    set status = 'r', run_at = now(), function = '', fence = s.fence + 1, fork = null, remaining = null,
        item_count = null, next_item = null, last_event = p_last_event, outcome = 'branchFailed', error = p_error,
        cause = p_cause, outcome_value = v_branches, outcome_id = v_branches_id
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_parent;
    return v_holders;
end $$;

select stepwell.grant_rights();
