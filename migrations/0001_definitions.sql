-- Settings, state machines and workers: small tables that every process caches or reads rarely.

create table stepwell.settings (
    only_row          boolean primary key default true check (only_row),
    -- How many buckets the growing tables are cut into. Fixed once the first execution exists.
    buckets           int  not null default 8 check (buckets between 1 and 1024),
    -- What stands in the ARNs.
    region            text not null default 'us-east-1' check (region ~ '^[a-z0-9-]{1,32}$'),
    account           text not null default '000000000000' check (account ~ '^[0-9]{12}$'),
    -- The largest input, output or result, in UTF-8 bytes.
    payload_bytes     int  not null default 16777216 check (payload_bytes between 1024 and 268435456),
    -- The most events one execution may have.
    history_events    int  not null default 5000000 check (history_events between 100 and 100000000)
);

insert into stepwell.settings default values;

create table stepwell.state_machines (
    id          int         primary key,
    name        text        not null unique check (char_length(name) between 1 and 80),
    type        text        not null default 'STANDARD' check (type in ('STANDARD', 'EXPRESS')),
    role_arn    text,
    -- The revision that new executions run.
    revision    int         not null,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now()
);

-- Every definition that was ever deployed. A running execution keeps the one it started with.
create table stepwell.revisions (
    id              int         primary key,
    machine         int         not null references stepwell.state_machines (id) deferrable initially deferred,
    -- 1, 2, 3 … per state machine.
    number          int         not null,
    -- The text as it was deployed, spacing included.
    definition      text        not null,
    -- StartAt, and the function that state calls ('' = none: any worker can enter it). Computed at deployment, so that
    -- a start by SQL reaches the right workers.
    entry_state     text        not null,
    entry_function  text        not null,
    -- TimeoutSeconds of the whole execution.
    timeout_seconds int,
    created_at      timestamptz not null default now(),
    unique (machine, number)
);

-- One row per worker name and host. A process that starts under a name takes the row over; `instance` tells lives apart.
create table stepwell.workers (
    host        text        not null,
    name        text        not null,
    instance    uuid        not null unique,
    pid         int         not null,
    version     text        not null,
    functions   text[]      not null,
    slots       int         not null,
    -- Whether the process has nothing to do and sleeps: only then is a start worth a notification.
    idle        boolean     not null default false,
    started_at  timestamptz not null default now(),
    seen_at     timestamptz not null default now(),
    primary key (host, name)
) with (fillfactor = 50);

-- Deploys a definition that the caller has validated. Says what happened: 'created', 'updated' or 'unchanged'.
create function stepwell.deploy(
    p_name text,
    p_definition text,
    p_entry_state text,
    p_entry_function text,
    p_timeout_seconds int,
    p_role_arn text
) returns table (o_outcome text, o_machine int, o_revision int, o_number int)
language plpgsql as $$
declare
    v_machine stepwell.state_machines;
    v_current stepwell.revisions;
begin
    -- One deployment at a time: ids are counted, not drawn from a sequence.
    lock table stepwell.state_machines in share row exclusive mode;
    select * into v_machine from stepwell.state_machines m where m.name = p_name;
    if found then
        select * into strict v_current from stepwell.revisions r where r.id = v_machine.revision;
        if v_current.definition = p_definition then
            update stepwell.state_machines m
            set role_arn = coalesce(p_role_arn, m.role_arn)
            where m.id = v_machine.id and p_role_arn is not null and m.role_arn is distinct from p_role_arn;
            return query select 'unchanged'::text, v_machine.id, v_current.id, v_current.number;
            return;
        end if;
        o_outcome := 'updated';
        o_machine := v_machine.id;
        select max(r.number) + 1 into o_number from stepwell.revisions r where r.machine = v_machine.id;
    else
        o_outcome := 'created';
        select coalesce(max(m.id), 0) + 1 into o_machine from stepwell.state_machines m;
        o_number := 1;
    end if;
    select coalesce(max(r.id), 0) + 1 into o_revision from stepwell.revisions r;
    if o_outcome = 'created' then
        insert into stepwell.state_machines (id, name, role_arn, revision)
        values (o_machine, p_name, p_role_arn, o_revision);
    else
        update stepwell.state_machines m
        set revision = o_revision, role_arn = coalesce(p_role_arn, m.role_arn), updated_at = now()
        where m.id = o_machine;
    end if;
    insert into stepwell.revisions
        (id, machine, number, definition, entry_state, entry_function, timeout_seconds)
    values
        (o_revision, o_machine, o_number, p_definition, p_entry_state, p_entry_function, p_timeout_seconds);
    return next;
end $$;
