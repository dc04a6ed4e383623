-- Functions that leave the planner one way only are planned once in a session. PostgreSQL would plan their statements anew
-- in every call, believing that it could do better for arrays that it has seen: with one decision at a time that was a third
-- of what a transition cost.
do $$
declare
    v_function regprocedure;
begin
    for v_function in
        select p.oid from pg_proc p
        where p.pronamespace = 'stepwell'::regnamespace and 'enable_seqscan=off' = any (p.proconfig)
        order by p.oid
    loop
        execute format('alter function %s set plan_cache_mode = force_generic_plan', v_function);
    end loop;
end $$;
