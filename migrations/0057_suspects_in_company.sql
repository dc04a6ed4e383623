-- Steps that a worker was lost with once run beside each other now; alone only after a second loss. An older worker runs
-- each of them alone, which is as safe and takes longer.

-- As before; the cause says how the step ran.
create or replace function stepwell.lose_lease(p_step stepwell.steps) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_losses int := p_step.losses + p_step.started::int;
    v_outcome text := p_step.outcome;
    v_error text := p_step.error;
    v_cause text := p_step.cause;
begin
    if v_outcome is null and p_step.deadline <= now() then
        v_outcome := 'timedOut';
    elsif v_outcome is null and v_losses >= 3 then
        v_outcome := 'failed';
        v_error := 'Runtime.ExitError';
        v_cause := json_build_object(
            'errorType', v_error,
            'errorMessage', format(
                'The worker process ended %s times while it ran function %s, all but the first time with nothing beside it.',
                v_losses, rtrim(p_step.next_function, '#')))::text;
    end if;
    update stepwell.steps s
    set status = 'r',
        run_at = case when v_outcome is null then stepwell.due_again(s.next_function, s.run_at, '0') else now() end,
        wake_at = null, lease_until = null, worker = null, fence = s.fence + 1,
        suspect = true, started = false, losses = v_losses,
        outcome = v_outcome, error = v_error, cause = v_cause,
        -- A branch that only has to hear of a failure is anybody's.
        function = case when v_outcome is not null and s.phase = 'invoking' then '' else s.next_function end
    where s.bucket = p_step.bucket and s.execution = p_step.execution and s.id = p_step.id;
end $$;
