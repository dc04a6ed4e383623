-- An execution that ends while all branches of a fork have ended and nobody has joined them yet leaves nothing behind either:
-- there are no steps of branches then, and the results and items of the fork are.

create or replace function stepwell.finish_executions(
    p_bucket int, p_worker uuid, p_execution uuid[], p_head tid[], p_last_event int[], p_status text[], p_output json[],
    p_output_id uuid[], p_error text[], p_cause text[]
) returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
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
    select array_agg(s.row_id), bool_or(s.id > 1 or s.fork is not null), bool_or(s.phase = 'mapping'),
        array_agg(distinct s.worker) filter (where s.status = 'l' and s.worker is distinct from p_worker)
    into v_steps, v_forked, v_mapped, v_holders
    from unnest(p_execution) as i (execution)
    cross join lateral (
        select s.ctid as row_id, s.id, s.worker, s.status, s.phase, s.fork from stepwell.steps s
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

revoke execute on all functions in schema stepwell from public;
