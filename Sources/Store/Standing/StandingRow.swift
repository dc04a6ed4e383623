import Expressions
import Interpreter
import Postgres
import StatesLanguage

/// A row of `steps` with everything that says why it stands. What a claim or a sweep would make of it is asked of the
/// functions that those use (`stepwell.is_due`, `stepwell.lease_is_over`), and what workers claim is what they said
/// themselves.
struct StandingRow {
    /// Of one execution: its bucket, its id, and whether to look for locks.
    static let query = """
        with transactions as materialized (
            select l.transactionid, l.pid, a.application_name, a.xact_start
            from pg_locks l join pg_stat_activity a on a.pid = l.pid
            where $3 and l.locktype = 'transactionid' and l.granted
              and a.xact_start < now() - interval '1 second'
        )
        select s.id, s.revision, s.state, s.phase, s.status::text, s.function, s.next_function,
            stepwell.ready_since(s.function, s.run_at, s.entered_at),
            stepwell.is_due(s.status, s.run_at), s.lease_until, stepwell.lease_is_over(s.status, s.lease_until), w.name,
            s.retry_count, s.remaining, s.item_count - s.next_item, s.entered_at, s.deadline,
            case when s.heartbeat_event = s.scheduled_event then s.heartbeat_due end,
            s.suspect, s.losses + (s.status = 'l' and s.started)::int, s.last_event,
            o.offering, o.claiming, o.busy, o.obstacles, p.pollers, b.attempts, b.run_at,
            r.id, r.item_total, r.max_concurrency, t.pid, t.application_name, t.xact_start
        from stepwell.steps s
        left join stepwell.workers w on w.instance = s.worker
        left join stepwell.map_runs r
            on r.bucket = $1 and r.execution = $2 and r.step = s.id and r.status = 'RUNNING' and s.phase = 'mapping'
        left join transactions t on t.transactionid = s.xmax
        cross join lateral (
            select count(*) as offering, count(*) filter (where s.function = any (c.claims)) as claiming,
                array_agg(v.name order by v.name) as busy,
                array_agg(case when v.in_hand >= v.slots then 'full' when c.claims = '{}' then 'runsAlone'
                    else coalesce(v.withheld ->> s.function, 'functionLimit') end order by v.name) as obstacles
            from stepwell.workers v
            cross join lateral (
                select coalesce(v.claims, case when v.in_hand < v.slots then v.functions || '{""}' else '{}' end)
            ) c (claims)
            where stepwell.is_due(s.status, s.run_at) and stepwell.lives(v.seen_at)
              and (s.function = '' or rtrim(s.function, '#') = any (v.functions) or s.function = any (c.claims))
        ) o
        cross join lateral (
            select count(*) as pollers from stepwell.activity_pollers p
            where s.status = 'w' and 'activity:' || p.activity = s.function and p.expires_at > now()
        ) p
        left join lateral (
            select m.attempts, m.run_at
            from (select * from stepwell.outbox m where m.bucket = $1 order by m.run_at limit 1000) m
            where s.phase = 'starting' and m.kind = 'start' and m.attempts > 0
              and m.message ->> 'execution' = s.execution::text and m.message ->> 'step' = s.id::text
            limit 1
        ) b on true
        where s.bucket = $1 and s.execution = $2
        order by s.id
        limit 1000
        """

    let id: Int64
    let revision: Int32
    private let state: String
    private let phase: String
    private let status: String
    private let function: String
    private let nextFunction: String
    private let runAt: Timestamp
    private let isDue: Bool
    private let leaseUntil: Timestamp
    private let leaseIsOver: Bool
    private let worker: String?
    private let retryCount: Int
    private let remaining: Int
    private let notBegun: Int
    private let enteredAt: Timestamp?
    private let deadline: Timestamp?
    private let heartbeatDue: Timestamp?
    private let isSuspect: Bool
    private let losses: Int
    private let lastEvent: Int
    private let offering: Int
    private let claiming: Int
    private let busy: [BranchStanding.BusyWorker]
    private let pollers: Int
    private let startAttempts: Int
    private let nextStart: Timestamp?
    private let mapRun: BranchStanding.Reason?
    private let locker: Session?

    init(_ row: Row) throws(PostgresError) {
        func time(_ column: Int) throws(PostgresError) -> Timestamp? {
            try row.optionalTimestamp(.index(column)).map(Timestamp.init(microseconds:))
        }
        id = try row.int64(0)
        revision = Int32(clamping: try row.int(1))
        state = try row.text(2)
        phase = try row.text(3)
        status = try row.text(4)
        function = FairRule.function(ofQueue: try row.text(5))
        nextFunction = FairRule.function(ofQueue: try row.text(6))
        runAt = Timestamp(microseconds: try row.timestamp(7))
        isDue = try row.bool(8)
        leaseUntil = try time(9) ?? Timestamp(microseconds: 0)
        leaseIsOver = try row.isNull(10) ? false : row.bool(10)
        worker = try row.optionalText(11)
        retryCount = try row.int(12)
        remaining = try row.optionalInt(13) ?? 0
        notBegun = max(0, try row.optionalInt(14) ?? 0)
        enteredAt = try time(15)
        deadline = try time(16)
        heartbeatDue = try time(17)
        isSuspect = try row.bool(18)
        losses = try row.int(19)
        lastEvent = try row.int(20)
        offering = Int(try row.int64(21))
        claiming = Int(try row.int64(22))
        let names = try row.isNull(23) ? [] : try row.textArray(23)
        let obstacles = try row.isNull(24) ? [] : try row.textArray(24)
        busy = zip(names, obstacles)
            .map { BranchStanding.BusyWorker(name: $0, obstacle: .init(rawValue: $1) ?? .functionLimit) }
        pollers = Int(try row.int64(25))
        startAttempts = try row.optionalInt(26) ?? 0
        nextStart = try time(27)
        let (items, concurrency) = (try row.optionalInt(29), try row.optionalInt(30))
        mapRun = try row.optionalUUID(28).map { .mapRun($0, items: items, concurrency: concurrency) }
        locker = try row.isNull(31) ? nil : try Session(row, from: 31)
    }

    /// - Parameter revision: nil: this version can't read its definition.
    func branch(_ revision: Revision?) -> BranchStanding {
        BranchStanding(
            id: id,
            state: state,
            reason: reason(revision),
            enteredAt: enteredAt,
            retryCount: retryCount,
            deadline: deadline,
            heartbeatDue: heartbeatDue,
            isSuspect: isSuspect,
            losses: losses,
            lastEvent: lastEvent
        )
    }

    private func reason(_ revision: Revision?) -> BranchStanding.Reason {
        switch status {
        case "r" where id == 1: .timesOut(at: runAt)
        case "r": mapRun ?? (isDue ? due(revision) : notDue)
        case "l": mapRun ?? leased(revision)
        case "w": waiting(revision)
        default: .joins(left: remaining, notBegun: notBegun)
        }
    }

    private var notDue: BranchStanding.Reason {
        phase == "retrying" && retryCount > 0 ? .retries(number: retryCount, at: runAt) : .sleeps(until: runAt)
    }

    /// Why a row that is due has not been claimed.
    private func due(_ revision: Revision?) -> BranchStanding.Reason {
        guard offering > 0 else { return .noWorker(function: function.isEmpty ? nil : function) }
        guard revision != nil, StepLoader.knows(phase: phase) else { return .unknownPhase(phase) }
        if let locker { return .locked(locker) }
        return claiming > 0 ? .ready(since: runAt) : .workersBusy(busy)
    }

    private func leased(_ revision: Revision?) -> BranchStanding.Reason {
        if leaseIsOver { return .leaseOver(worker: worker, since: leaseUntil) }
        if id == 0, phase == "fresh", revision?.runsInMemory(from: state) == true {
            return .runsInMemory(worker: worker, until: leaseUntil)
        }
        return .leased(worker: worker, until: leaseUntil, function: nextFunction.isEmpty ? nil : nextFunction)
    }

    private func waiting(_ revision: Revision?) -> BranchStanding.Reason {
        if function.hasPrefix("activity:") {
            return .waitsForActivity(String(function.dropFirst("activity:".count)), pollers: pollers)
        }
        if phase == "starting" {
            return .startsExecution(attempts: startAttempts, again: startAttempts > 0 ? nextStart : nil)
        }
        if case .task(let task)? = revision?.machine.states[state]?.kind, task.resource.waitsForExecution {
            return .waitsForExecution
        }
        return .waitsForAnswer
    }
}
