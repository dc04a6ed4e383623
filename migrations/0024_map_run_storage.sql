-- Map runs whose items or results are in object storage, which not every worker has.

-- Leaves the step of a Map to a worker that offers a function. Answers whether it was the caller's.
create function stepwell.leave_map_run(
    p_bucket int, p_execution uuid, p_step bigint, p_fence bigint, p_function text
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
begin
    if not stepwell.holds_step(p_bucket, p_execution, p_step, p_fence) then
        return false;
    end if;
    update stepwell.steps s
    set status = 'r', function = p_function, next_function = p_function, run_at = now(), wake_at = null,
        lease_until = null, worker = null, fence = s.fence + 1, started = false
    where s.bucket = p_bucket and s.execution = p_execution and s.id = p_step;
    return true;
end $$;

revoke execute on all functions in schema stepwell from public;
