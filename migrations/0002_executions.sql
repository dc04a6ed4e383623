-- Everything that grows. `bucket` stands first in every key, and every statement on the hot path names one bucket.

-- The bucket of an execution: from its names alone, so that a start by name is idempotent within one bucket and an ARN
-- says where to look. The first 32 bits of sha256(machine || newline || execution), modulo the number of buckets.
create function stepwell.bucket_of(machine text, execution text, buckets int) returns int
language sql immutable strict parallel safe as $$
    select (((get_byte(digest, 0)::bigint << 24) | (get_byte(digest, 1) << 16)
        | (get_byte(digest, 2) << 8) | get_byte(digest, 3)) % buckets)::int
    from (select sha256(convert_to(machine || E'\n' || execution, 'UTF8')) as digest) d
$$;

-- Chooses the number of buckets. Answers whether it is as wanted: once there are executions it can't change.
create function stepwell.set_buckets(p_buckets int) returns boolean
language plpgsql as $$
begin
    -- The lock waits for starts in flight, so that none goes into a bucket of the old count.
    lock table stepwell.executions in exclusive mode;
    update stepwell.settings s
    set buckets = p_buckets
    where not exists (select 1 from stepwell.executions);
    return exists (select 1 from stepwell.settings s where s.buckets = p_buckets);
end $$;

-- Written at the start and at the end of an execution.
create table stepwell.executions (
    bucket            int         not null,
    -- UUIDv7 of the start.
    id                uuid        not null,
    machine           int         not null,
    revision          int         not null,
    name              text        not null,
    status            text        not null default 'RUNNING'
                      check (status in ('RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED')),
    -- Small payloads are inline; large ones are rows of `payloads`, and the …_id says which. So in every table.
    input             json,
    input_id          uuid,
    output            json,
    output_id         uuid,
    error             text,
    cause             text,
    started_at        timestamptz not null,
    stopped_at        timestamptz,
    -- The number of events, known at the end; until then it is in execution_heads.
    last_event        int,
    -- The step that waits for this execution's end, if any.
    parent_bucket     int,
    parent_execution  uuid,
    parent_step       bigint,
    parent_event      int,
    primary key (bucket, id),
    unique (bucket, machine, name)
) with (fillfactor = 85);

-- One narrow row per running execution; it is deleted when the execution ends. Its lock orders all that happens to an
-- execution, and event ids are counted in it.
create table stepwell.execution_heads (
    bucket      int  not null,
    execution   uuid not null,
    last_event  int  not null,
    primary key (bucket, execution)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_cost_delay = 0);

-- The queue: one row per live branch of an execution, saying where that branch stands.
create table stepwell.steps (
    bucket           int         not null,
    execution        uuid        not null,
    -- 0: the root branch. 1: the timer of the execution's TimeoutSeconds. Else a child of a Parallel or Map:
    -- (id of the event that forked) << 32 | index, so that no two branches of an execution ever share an id.
    id               bigint      not null,
    -- The branch that forked this one.
    parent           bigint,
    machine          int         not null,
    revision         int         not null,
    name             text        not null,
    -- r ready (perhaps only from run_at on), l leased, w waiting for an answer, j joining its children.
    status           "char"      not null,
    -- Whose workers should claim it, '' = any. In an index, so it only changes at claim and release; what the branch
    -- needs after that stands in next_function.
    function         text        not null,
    next_function    text        not null,
    run_at           timestamptz not null,
    -- When somebody must look at a leased or waiting step. Never later than the lease's end, the Task's time-out or
    -- the next missing heartbeat; it may be earlier, then it is moved.
    wake_at          timestamptz,
    -- Raised by every claim, transition, release and rescue, never reset. Every write names the fence it read.
    fence            bigint      not null default 0,
    -- The fence that the last transition consumed: a transition sent again is told that it was applied.
    applied          bigint      not null default -1,
    worker           uuid,
    lease_until      timestamptz,
    -- A lease was lost: the step runs alone until it is done. `started`: its handler has begun as a suspect; `losses`:
    -- how often such a run ended with the process.
    suspect          boolean     not null default false,
    started          boolean     not null default false,
    losses           int         not null default 0,
    -- Where the branch stands; see Branch in the interpreter.
    phase            text        not null,
    state            text        not null,
    entered_at       timestamptz,
    entry            int         not null default 0,
    retry_count      int         not null default 0,
    retrier_uses     int[],
    deadline         timestamptz,
    heartbeat        int,
    -- Ids of events: the branch's last, the one that entered the state, the one that scheduled the Task.
    last_event       int         not null default 0,
    entered_event    int         not null default 0,
    scheduled_event  int         not null default 0,
    -- Children of a joining step: the fork's event, how many there are, how many are not finished, which comes next.
    fork             int,
    item_count       int,
    remaining        int,
    next_item        int,
    child_state      text,
    child_function   text,
    -- What happened while nobody held the step: succeeded, failed, submitted, timedOut, heartbeatMissed, joined,
    -- branchFailed.
    outcome          text,
    error            text,
    cause            text,
    outcome_value    json,
    outcome_id       uuid,
    -- Payloads. A fresh child has none: it reads its parent's task_input.
    input            json,
    input_id         uuid,
    task_input       json,
    task_input_id    uuid,
    variables        json,
    variables_id     uuid,
    primary key (bucket, execution, id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05, vacuum_truncate = off);

create index steps_ready on stepwell.steps (bucket, function, run_at) where status = 'r';
create index steps_wake on stepwell.steps (bucket, wake_at) where wake_at is not null;

-- The items of a Map, in chunks: stored once, a child holds its index.
create table stepwell.map_items (
    bucket       int    not null,
    execution    uuid   not null,
    fork         int    not null,
    first_index  int    not null,
    items        json   not null,
    primary key (bucket, execution, fork, first_index)
);

-- Outputs of finished children, under the child's step id, until the parent has read them.
create table stepwell.results (
    bucket     int    not null,
    execution  uuid   not null,
    id         bigint not null,
    output     json,
    output_id  uuid,
    primary key (bucket, execution, id)
);

-- Pieces of work that cross buckets: a child execution to start, a child's end to report. Delivered at least once to a
-- receiver that applies them once, then deleted.
create table stepwell.outbox (
    bucket     int         not null,
    id         uuid        not null,
    kind       text        not null check (kind in ('start', 'result')),
    message    json        not null,
    run_at     timestamptz not null default now(),
    attempts   int         not null default 0,
    primary key (bucket, id)
);

create index outbox_due on stepwell.outbox (bucket, run_at);

-- Values over about a kilobyte, once per execution: the id is the first half of the value's SHA-256.
create table stepwell.payloads (
    bucket     int   not null,
    execution  uuid  not null,
    id         uuid  not null,
    value      json  not null,
    primary key (bucket, execution, id)
) partition by range (execution);

alter table stepwell.payloads alter column value set compression lz4;

-- One row per transition, its events packed. Event 1, ExecutionStarted, is not stored: the row of `executions` has all
-- of it.
create table stepwell.history (
    bucket       int         not null,
    execution    uuid        not null,
    first_event  int         not null,
    last_event   int         not null check (last_event >= first_event),
    -- The time of the row's first event; the others carry their distance from it.
    at           timestamptz not null,
    step         bigint      not null,
    events       json        not null,
    primary key (bucket, execution, first_event)
) partition by range (execution);

alter table stepwell.history alter column events set compression lz4;

-- The smallest UUIDv7 of a point in time: the bound of a partition.
create function stepwell.uuid_at(moment timestamptz) returns uuid
language sql immutable strict parallel safe as $$
    select (lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- A UUIDv7 for an execution that SQL starts.
create function stepwell.new_execution_id() returns uuid
language sql volatile parallel safe as $$
    select (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
        || substr(random_hex, 14, 3) || substr(random_hex, 17, 16))::uuid
    from (select replace(gen_random_uuid()::text, '-', '') as random_hex) r
$$;

-- Makes sure that the partitions of this and the coming weeks exist. Cheap when they do; every process may call it.
create function stepwell.create_partitions() returns int
language plpgsql as $$
declare
    v_week timestamptz;
    v_suffix text;
    v_table text;
    v_created int := 0;
begin
    for i in 0 .. 4 loop
        v_week := (date_trunc('week', now() at time zone 'UTC') + make_interval(weeks => i)) at time zone 'UTC';
        v_suffix := to_char(v_week at time zone 'UTC', 'YYYYMMDD');
        foreach v_table in array array['payloads', 'history'] loop
            if to_regclass(format('stepwell.%I', v_table || '_' || v_suffix)) is null then
                perform pg_advisory_xact_lock(hashtext('stepwell.create_partitions'));
                if to_regclass(format('stepwell.%I', v_table || '_' || v_suffix)) is null then
                    execute format(
                        'create table stepwell.%I partition of stepwell.%I for values from (%L) to (%L)',
                        v_table || '_' || v_suffix, v_table,
                        stepwell.uuid_at(v_week), stepwell.uuid_at(v_week + interval '1 week'));
                    v_created := v_created + 1;
                end if;
            end if;
        end loop;
    end loop;
    return v_created;
end $$;

-- For executions that are kept when their partition is dropped, and for clocks that are weeks off.
create table stepwell.payloads_kept partition of stepwell.payloads default;
create table stepwell.history_kept partition of stepwell.history default;

select stepwell.create_partitions();
