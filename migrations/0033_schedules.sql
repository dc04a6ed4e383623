-- Schedules: what is due at certain times is started once each, whoever looks. Few rows, which all nodes may hold.

create table stepwell.schedules (
    name            text        primary key check (name ~ '^[0-9a-zA-Z_.-]{1,64}$'),
    expression      text        not null,
    time_zone       text        not null,
    starts_at       timestamptz,
    ends_at         timestamptz,
    -- Where a rate without a start counts from.
    base            timestamptz not null,
    -- What is started: executions of a state machine (perhaps through a version or an alias), or calls of a function.
    state_machine   text,
    function        text,
    input           json        not null,
    enabled         boolean     not null,
    -- What becomes of a run that is due while the one before it goes on.
    overlap         text        not null
        check (overlap in ('allow-all', 'skip', 'buffer-one', 'buffer-all', 'terminate-other')),
    -- How late a run may be.
    catch_up        interval    not null check (catch_up >= interval '0'),
    deletes_itself  boolean     not null,
    description     text,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    -- Raised by every change, so that nobody goes on by what was read before it.
    generation      int         not null default 1,
    -- Null: nothing will be due any more, or it is paused.
    next_due        timestamptz,
    -- Runs that wait for the end of the one before.
    buffered        timestamptz[] not null default '{}',
    -- The newest execution that was started.
    last_arn        text,
    last_bucket     int,
    last_execution  uuid,
    check ((state_machine is null) <> (function is null))
) with (fillfactor = 50);

create index schedules_due on stepwell.schedules (next_due) where enabled;
create index schedules_buffered on stepwell.schedules (name) where enabled and buffered <> '{}';

-- What became of the newest due times of each schedule.
create table stepwell.schedule_runs (
    schedule    text        not null references stepwell.schedules (name) on delete cascade,
    due_at      timestamptz not null,
    at          timestamptz not null default now(),
    -- 'missed': it and what was due after it, up to the next run, were too late to be caught up on.
    outcome     text        not null check (outcome in ('started', 'buffered', 'skipped', 'missed', 'failed')),
    execution   text,
    detail      text,
    primary key (schedule, due_at)
);

create function stepwell.schedule_arn(name text) returns text
language sql stable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select 'arn:aws:scheduler:' || s.region || ':' || s.account || ':schedule/default/' || name
    from stepwell.settings s
$$;

-- Writes down what became of a due time, and forgets what is old.
create function stepwell.note_run(
    p_schedule text, p_due timestamptz, p_outcome text, p_execution text, p_detail text
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into stepwell.schedule_runs as r (schedule, due_at, outcome, execution, detail)
    values (p_schedule, p_due, p_outcome, p_execution, p_detail)
    on conflict (schedule, due_at) do update
    set at = now(), outcome = excluded.outcome, execution = excluded.execution, detail = excluded.detail;
    delete from stepwell.schedule_runs r
    where r.schedule = p_schedule and r.due_at <= (
        select k.due_at from stepwell.schedule_runs k
        where k.schedule = p_schedule
        order by k.due_at desc
        offset 100 limit 1);
end $$;

-- Whether the newest execution of a schedule goes on.
create function stepwell.schedule_runs_on(p_bucket int, p_execution uuid) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select 1 from stepwell.executions e
        where e.bucket = p_bucket and e.id = p_execution and e.status = 'RUNNING');
end $$;

-- Starts the execution of a due time. Its name says which, so that there is no second one. What is refused is written
-- down; what goes wrong in other ways is thrown, and done again later.
create function stepwell.start_scheduled(p_schedule stepwell.schedules, p_due timestamptz) returns stepwell.schedules
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text := p_schedule.name || '-' || to_char(p_due at time zone 'UTC', 'YYYYMMDD"T"HH24MISS');
    v_input text := p_schedule.input::text;
    v_opened record;
begin
    if strpos(v_input, '<aws.scheduler.') > 0 then
        v_input := replace(v_input, '<aws.scheduler.scheduled-time>',
            to_char(p_due at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
        v_input := replace(v_input, '<aws.scheduler.execution-id>', v_name);
        v_input := replace(v_input, '<aws.scheduler.attempt-number>', '1');
        v_input := replace(v_input, '<aws.scheduler.schedule-arn>', stepwell.schedule_arn(p_schedule.name));
    end if;
    select * into v_opened
    from stepwell.open_execution(coalesce(p_schedule.state_machine, 'event ' || p_schedule.function), v_input::json,
        v_name, null, null, null, null);
    if v_opened.o_outcome = 'conflict' then
        raise exception using errcode = 'SW004', message = 'ExecutionAlreadyExists: ' || v_opened.o_arn;
    end if;
    p_schedule.last_arn := v_opened.o_arn;
    p_schedule.last_execution := v_opened.o_id;
    -- The ARN ends with the names of machine and execution.
    p_schedule.last_bucket := stepwell.bucket_of(
        (string_to_array(v_opened.o_arn, ':'))[7], regexp_replace(v_opened.o_arn, '^([^:]*:){7}', ''),
        (select s.buckets from stepwell.settings s));
    perform stepwell.note_run(p_schedule.name, p_due, 'started', v_opened.o_arn, null);
    return p_schedule;
exception when sqlstate 'SW001' or sqlstate 'SW002' or sqlstate 'SW003' or sqlstate 'SW004' or sqlstate 'SW101' then
    perform stepwell.note_run(p_schedule.name, p_due, 'failed', null, sqlerrm);
    return p_schedule;
end $$;

-- Runs what of a schedule is due, and says what will be due next, in one transaction: whoever comes with the same finds
-- the schedule moved on. Answers whether it was this call.
--
-- p_missed: the first due time that is too late. p_problem: why the schedule can't go on at all.
create function stepwell.run_schedule(
    p_name text, p_generation int, p_next_due timestamptz, p_due timestamptz[], p_missed timestamptz,
    p_following timestamptz, p_problem text
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    -- As Temporal's schedules have it.
    v_most_buffered constant int := 1000;
    v_schedule stepwell.schedules;
    v_due timestamptz;
    v_busy boolean;
begin
    select * into v_schedule from stepwell.schedules s
    where s.name = p_name and s.generation = p_generation and s.next_due = p_next_due and s.enabled
      and s.next_due <= now()
    for update skip locked;
    if not found or p_due[cardinality(p_due)] > now() then
        return false;
    end if;
    if p_problem is not null then
        perform stepwell.note_run(p_name, p_next_due, 'failed', null, p_problem);
    end if;
    if p_missed is not null then
        perform stepwell.note_run(p_name, p_missed, 'missed', null, null);
    end if;
    foreach v_due in array p_due loop
        v_busy := v_schedule.overlap <> 'allow-all' and (
            v_schedule.buffered <> '{}'
            or stepwell.schedule_runs_on(v_schedule.last_bucket, v_schedule.last_execution));
        if v_busy and v_schedule.overlap = 'terminate-other' then
            perform stepwell.stop_execution(v_schedule.last_arn, 'Schedule.Terminated',
                'the schedule ' || p_name || ' began its next run');
            v_busy := false;
        end if;
        if not v_busy then
            v_schedule := stepwell.start_scheduled(v_schedule, v_due);
        elsif v_schedule.overlap = 'skip'
            or cardinality(v_schedule.buffered)
                >= (case v_schedule.overlap when 'buffer-one' then 1 else v_most_buffered end)
        then
            perform stepwell.note_run(p_name, v_due, 'skipped', null, 'the run before it went on');
        else
            v_schedule.buffered := v_schedule.buffered || v_due;
            perform stepwell.note_run(p_name, v_due, 'buffered', null, null);
        end if;
    end loop;
    if p_following is null and v_schedule.deletes_itself and v_schedule.buffered = '{}' and p_problem is null then
        delete from stepwell.schedules s where s.name = p_name;
    else
        update stepwell.schedules s
        set next_due = p_following, buffered = v_schedule.buffered, last_arn = v_schedule.last_arn,
            last_bucket = v_schedule.last_bucket, last_execution = v_schedule.last_execution
        where s.name = p_name;
    end if;
    return true;
end $$;

-- Starts runs that have waited for the end of the one before. Answers how many.
create function stepwell.run_buffered(p_limit int) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_schedule stepwell.schedules;
    v_due timestamptz;
    v_count int := 0;
begin
    for v_schedule in
        select * from stepwell.schedules s
        where s.enabled and s.buffered <> '{}'
          and not stepwell.schedule_runs_on(s.last_bucket, s.last_execution)
        order by s.name
        limit p_limit
        for update skip locked
    loop
        -- The row is as new as its lock; whether its execution runs is asked again, because that question is not.
        continue when v_schedule.buffered = '{}'
            or stepwell.schedule_runs_on(v_schedule.last_bucket, v_schedule.last_execution);
        v_due := v_schedule.buffered[1];
        v_schedule.buffered := v_schedule.buffered[2:];
        v_schedule := stepwell.start_scheduled(v_schedule, v_due);
        v_count := v_count + 1;
        if v_schedule.next_due is null and v_schedule.deletes_itself and v_schedule.buffered = '{}' then
            delete from stepwell.schedules s where s.name = v_schedule.name;
        else
            update stepwell.schedules s
            set buffered = v_schedule.buffered, last_arn = v_schedule.last_arn, last_bucket = v_schedule.last_bucket,
                last_execution = v_schedule.last_execution
            where s.name = v_schedule.name;
        end if;
    end loop;
    return v_count;
end $$;

-- What schedules can start: an error for what is not there.
create function stepwell.check_schedule_target(p_state_machine text, p_input json) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_machine text := regexp_replace(p_state_machine, '^arn:[^:]*:states:[^:]*:[^:]*:stateMachine:', '');
begin
    perform stepwell.check_payload(p_input);
    if exists (select 1 from stepwell.state_machines m where m.name = v_machine and m.deleting_at is null)
        or exists (select 1 from stepwell.route(v_machine) r where not r.o_deleting)
    then
        return;
    end if;
    raise exception using errcode = 'SW003',
        message = format('StateMachineDoesNotExist: there is no state machine named %L', p_state_machine),
        hint = 'Deploy it first: stepwell deploy FILE.asl.json';
end $$;

revoke execute on all functions in schema stepwell from public;

select stepwell.grant_rights();
