-- Updates of state machines that are only made if nobody else has made one meanwhile; and the map runs of an execution in
-- the order in which they began.

-- As before, but only if p_revision_id is the current revision ('INITIAL': the first one); null: whichever that is.
-- `o_outcome` may also be 'outdated': then o_current is the current one, and nothing was changed.
create function stepwell.update_state_machine(
    p_name text,
    p_revision_id text,
    p_definition text,
    p_entry_state text,
    p_entry_function text,
    p_timeout_seconds int,
    p_role_arn text,
    p_configuration json,
    p_publish boolean,
    p_version_description text
) returns table (o_outcome text, o_updated_at timestamptz, o_revision_id uuid, o_version int, o_current text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_revision_id is not null then
        -- Whoever else updates waits, and then compares with what this one has made.
        lock table stepwell.state_machines in share row exclusive mode;
        select coalesce(r.revision_id::text, 'INITIAL') into o_current
        from stepwell.state_machines m join stepwell.revisions r on r.id = m.revision
        where m.name = p_name and m.deleting_at is null;
        if o_current <> p_revision_id then
            o_outcome := 'outdated';
            return next;
            return;
        end if;
    end if;
    return query
    select u.o_outcome, u.o_updated_at, u.o_revision_id, u.o_version, null::text
    from stepwell.update_state_machine(
        p_name, p_definition, p_entry_state, p_entry_function, p_timeout_seconds, p_role_arn, p_configuration,
        p_publish, p_version_description) u;
end $$;

-- Ids of map runs say nothing of when they began.
create index map_runs_begun on stepwell.map_runs (bucket, execution, started_at, id);
drop index stepwell.map_runs_of_execution;

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
