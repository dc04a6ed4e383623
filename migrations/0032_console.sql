-- What the console needs: who has logged in, and what was done by whom.

create table stepwell.console_sessions (
    -- SHA-256 of the cookie: who reads this table can't log in with it.
    digest     bytea       primary key,
    -- The access key whose rights the session has.
    access_key text        not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);

-- One row per action of a person. There are few: they all stand in bucket 0.
create table stepwell.audit (
    bucket   int         not null,
    -- UUIDv7 of the moment.
    id       uuid        not null,
    at       timestamptz not null default now(),
    -- An access key, or null on a server that asks nobody.
    actor    text,
    -- An operation of the API, or LogIn, LogOut.
    action   text        not null,
    -- The ARN or the name of what it was done to.
    subject  text        not null,
    detail   json,
    -- Null: it was done. Else the error.
    refusal  text,
    primary key (bucket, id)
);

-- Records an action, and forgets a page of those that are older than 400 days.
create function stepwell.add_audit(
    p_bucket int, p_id uuid, p_actor text, p_action text, p_subject text, p_detail json, p_refusal text
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into stepwell.audit (bucket, id, actor, action, subject, detail, refusal)
    values (p_bucket, p_id, p_actor, p_action, p_subject, p_detail, p_refusal);
    delete from stepwell.audit a
    where a.bucket = p_bucket and a.id in (
        select b.id from stepwell.audit b
        where b.bucket = p_bucket and b.id < stepwell.uuid_at(now() - interval '400 days')
        order by b.id
        limit 100
    );
end $$;

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
