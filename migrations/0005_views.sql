-- What people read.

-- Every execution in one row, with where it stands now.
create view stepwell.execution_overview as
select
    m.name as state_machine,
    e.name,
    e.status,
    e.started_at,
    e.stopped_at,
    coalesce(e.stopped_at, now()) - e.started_at as duration,
    -- The states that its branches are in; a Parallel or Map stands for its children only while it has none.
    (select array_agg(distinct s.state order by s.state)
     from stepwell.steps s
     where s.bucket = e.bucket and s.execution = e.id and s.id <> 1 and s.status <> 'j') as current_states,
    stepwell.payload(e.bucket, e.id, e.input, e.input_id) as input,
    stepwell.payload(e.bucket, e.id, e.output, e.output_id) as output,
    e.error,
    e.cause,
    r.number as revision,
    stepwell.execution_arn(m.name, e.name) as arn
from stepwell.executions e
join stepwell.state_machines m on m.id = e.machine
join stepwell.revisions r on r.id = e.revision;

-- Every live branch of every running execution: what it is in and what it waits for.
create view stepwell.step_overview as
select
    m.name as state_machine,
    s.name as execution,
    s.state,
    case
        when s.id = 1 then 'timer'
        when s.status = 'r' and s.run_at > now() and s.phase = 'retrying' then 'retrying'
        when s.status = 'r' and s.run_at > now() then 'sleeping'
        when s.status = 'r' and s.function <> '' and not exists (
            select 1 from stepwell.workers w
            where s.function = any (w.functions) and w.seen_at > now() - interval '30 seconds') then 'no worker'
        when s.status = 'r' then 'ready'
        when s.status = 'l' then 'leased'
        when s.status = 'w' then 'waiting'
        else 'joining'
    end as status,
    nullif(s.next_function, '') as function,
    case when s.status = 'r' and s.run_at > now() then s.run_at end as runs_at,
    s.lease_until,
    w.name as worker,
    s.retry_count,
    s.remaining as children_left,
    s.entered_at,
    s.bucket,
    s.execution as execution_id,
    s.id as step_id
from stepwell.steps s
join stepwell.state_machines m on m.id = s.machine
left join stepwell.workers w on w.instance = s.worker;

-- How much work there is, per function ('' = work that any worker does).
create view stepwell.queue_overview as
select
    s.function,
    count(*) filter (where s.status = 'r' and s.run_at <= now()) as ready,
    count(*) filter (where s.status = 'r' and s.run_at > now()) as sleeping,
    count(*) filter (where s.status = 'l') as leased,
    count(*) filter (where s.status = 'w') as waiting,
    min(s.run_at) filter (where s.status = 'r' and s.run_at <= now()) as oldest
from stepwell.steps s
where s.id <> 1
group by s.function;

-- The state machines and what they run.
create view stepwell.state_machine_overview as
select m.name, r.number as revision, m.created_at, m.updated_at, stepwell.state_machine_arn(m.name) as arn
from stepwell.state_machines m
join stepwell.revisions r on r.id = m.revision;

-- Nothing is open to everybody; rights are granted to roles.
revoke execute on all functions in schema stepwell from public;
