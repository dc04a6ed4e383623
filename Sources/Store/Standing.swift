package import Expressions
package import Postgres
import StatesLanguage

/// Where a live branch of an execution stands, and why it doesn't move: read with the conditions under which a claim
/// takes a row, so that what is said here is what a worker sees.
package struct BranchStanding: Sendable {
    /// Why a branch stands where it stands.
    package enum Reason: Sendable, Hashable {
        /// It is the timer of the execution's `TimeoutSeconds`.
        case timesOut(at: Timestamp)
        /// It is not due yet.
        case sleeps(until: Timestamp)
        /// An attempt of `Retry`, the one of this number, is not due yet.
        case retries(number: Int, at: Timestamp)
        /// It is due, and no live worker offers the function; nil: no worker lives at all.
        case noWorker(function: String?)
        /// It is due, and all of these workers, which offer the function, have their hands full.
        case workersFull([String])
        /// It is due, and a transaction of another session has its row: claims pass over it.
        case locked(Session)
        /// It is due, and a worker takes it with its next claim.
        case ready(since: Timestamp)
        /// A worker has it: it calls the function, or (nil) takes the branch further.
        case leased(worker: String?, until: Timestamp, function: String?)
        /// The worker that had it let its lease run out: another one that lives takes it over.
        case leaseOver(worker: String?, since: Timestamp)
        /// It waits for an answer that names its task token.
        case waitsForAnswer
        /// It waits until somebody asks for a task of an activity; so many wait for one.
        case waitsForActivity(String, pollers: Int)
        /// The execution that it starts has not been started yet.
        case startsExecution
        /// It waits for the end of the execution that it has started.
        case waitsForExecution
        /// It waits for so many branches of its own.
        case joins(left: Int)
        /// Its map run goes on; nil: its items are being read.
        case mapRun(PGUUID, items: Int?)
    }

    package var id: Int64
    package var state: String
    /// The reason, for programs.
    package var status: String { reason.code }
    package var reason: Reason
    package var enteredAt: Timestamp?
    package var retryCount: Int
    /// When a Task that waits times out, and by when it must give a sign of life.
    package var deadline: Timestamp?
    package var heartbeatDue: Timestamp?
    /// A worker was lost with it: it runs alone.
    package var isSuspect: Bool
    package var lastEvent: Int
}

extension BranchStanding.Reason {
    fileprivate var code: String {
        switch self {
        case .timesOut: "timer"
        case .sleeps: "sleeping"
        case .retries: "retrying"
        case .noWorker: "no worker"
        case .workersFull: "workers full"
        case .locked: "locked"
        case .ready: "ready"
        case .leased: "leased"
        case .leaseOver: "lease over"
        case .waitsForAnswer: "waiting"
        case .waitsForActivity: "waiting for activity"
        case .startsExecution: "starting execution"
        case .waitsForExecution: "waiting for execution"
        case .joins: "joining"
        case .mapRun: "map run"
        }
    }
}

/// A session of the database that others wait for.
package struct Session: Sendable, Hashable {
    package var pid: Int
    /// What it calls itself.
    package var application: String
    /// When its transaction began.
    package var since: Timestamp
}

/// What the branches of an execution wait for, and what else is in their way.
package struct ExecutionStanding: Sendable {
    package var branches: [BranchStanding]
    /// A transaction that keeps the execution's row: what workers do for it can't be recorded.
    package var lockedBy: Session?
    /// A transaction so old that the dead rows of the queue can't be removed: claims pass over more and more of them.
    package var oldSnapshot: Session?
    /// How many workers live.
    package var liveWorkers: Int
}

extension Store {
    /// Branches of a running execution, the root first; a fork of very many shows the first of them.
    func branchStandings(bucket: Int32, execution: PGUUID) async throws(StoreError) -> [BranchStanding] {
        try await standings(bucket: bucket, execution: execution, looksForLocks: false).map(\.branch)
    }

    /// Why an execution doesn't move.
    ///
    /// - Parameters:
    ///   - execution: an ARN or `MACHINE:NAME`.
    ///   - snapshotAge: how old a transaction must be to be in the way.
    /// - Returns: no branches when the execution has ended.
    package func standing(
        of execution: String,
        snapshotAge: Duration = .seconds(60)
    ) async throws(StoreError) -> ExecutionStanding {
        let found = try await query(
            Statement("select e.bucket, e.id from stepwell.find_execution($1) e", [.text(execution)])
        )
        guard let row = found.first else { throw .executionDoesNotExist("there is no execution '\(execution)'") }
        let (bucket, id) = try decode { () throws(PostgresError) in (Int32(clamping: try row.int(0)), try row.uuid(1)) }
        let rows = try await standings(bucket: bucket, execution: id, looksForLocks: true)
        let answers = try await pipeline([
            Statement(
                """
                select l.pid, a.application_name, a.xact_start
                from stepwell.execution_heads h
                join pg_locks l on l.locktype = 'transactionid' and l.granted and l.transactionid = h.xmax
                join pg_stat_activity a on a.pid = l.pid
                where h.bucket = $1 and h.execution = $2 and a.xact_start < now() - interval '1 second'
                """,
                [.int4(bucket), .uuid(id)]
            ),
            Statement(
                """
                select a.pid, a.application_name, a.xact_start from pg_stat_activity a
                where a.backend_xmin is not null and a.datname = current_database() and a.pid <> pg_backend_pid()
                  and a.xact_start < now() - $1 * interval '1 microsecond'
                order by a.xact_start
                limit 1
                """,
                [.int8(snapshotAge.microseconds)]
            ),
            Statement("select count(*) from stepwell.workers w where w.seen_at > now() - interval '30 seconds'"),
        ])
        return try decode { () throws(PostgresError) in
            ExecutionStanding(
                branches: rows.map(\.branch),
                lockedBy: try answers[0].first.map { (row) throws(PostgresError) in try Session(row, from: 0) },
                oldSnapshot: try answers[1].first.map { (row) throws(PostgresError) in try Session(row, from: 0) },
                liveWorkers: Int(try answers[2].only().int64(0))
            )
        }
    }

    private func standings(
        bucket: Int32,
        execution: PGUUID,
        looksForLocks: Bool
    ) async throws(StoreError) -> [StandingRow] {
        let rows = try await query(
            Statement(
                """
                with transactions as materialized (
                    select l.transactionid, l.pid, a.application_name, a.xact_start
                    from pg_locks l join pg_stat_activity a on a.pid = l.pid
                    where $3 and l.locktype = 'transactionid' and l.granted
                      and a.xact_start < now() - interval '1 second'
                )
                select s.id, s.state, s.phase, s.status::text, s.function, s.next_function, s.run_at, s.run_at > now(),
                    s.lease_until, s.lease_until <= now(), w.name, s.retry_count, s.remaining, s.entered_at, s.deadline,
                    case when s.heartbeat_event = s.scheduled_event then s.heartbeat_due end, s.suspect,
                    s.last_event, o.live, o.with_room, o.names, r.id, p.pollers,
                    t.pid, t.application_name, t.xact_start, r.item_total, s.revision
                from stepwell.steps s
                left join stepwell.workers w on w.instance = s.worker
                left join stepwell.map_runs r
                    on r.bucket = $1 and r.execution = $2 and r.step = s.id and r.status = 'RUNNING'
                    and s.phase = 'mapping'
                left join transactions t on t.transactionid = s.xmax
                cross join lateral (
                    select count(*) as live, count(*) filter (where v.in_hand < v.slots) as with_room,
                        array_agg(v.name order by v.name) as names
                    from stepwell.workers v
                    where s.status = 'r' and v.seen_at > now() - interval '30 seconds'
                      and (s.function = '' or s.function = any (v.functions))
                ) o
                cross join lateral (
                    select count(*) as pollers from stepwell.activity_pollers p
                    where s.status = 'w' and 'activity:' || p.activity = s.function and p.expires_at > now()
                ) p
                where s.bucket = $1 and s.execution = $2
                order by s.id
                limit 1000
                """,
                [.int4(bucket), .uuid(execution), .bool(looksForLocks)]
            )
        )
        let ids = try decode { () throws(PostgresError) in
            var ids: Set<Int32> = []
            for row in rows { ids.insert(Int32(clamping: try row.int(27))) }
            return ids
        }
        let revisions = try await loadRevisions(ids)
        return try decode { () throws(PostgresError) in
            var found: [StandingRow] = []
            for row in rows { found.append(try StandingRow(row, revisions)) }
            return found
        }
    }
}

/// A row of the query above, in the order of its columns.
private struct StandingRow {
    let branch: BranchStanding

    init(_ row: Row, _ revisions: [Int32: Revision]) throws(PostgresError) {
        let state = try row.text(1)
        var reason = try Self.reason(row)
        let revision = revisions[Int32(clamping: try row.int(27))]
        if reason == .waitsForAnswer, case .task(let task)? = revision?.machine.states[state]?.kind,
            task.resource.waitsForExecution
        {
            reason = .waitsForExecution
        }
        branch = BranchStanding(
            id: try row.int64(0),
            state: state,
            reason: reason,
            enteredAt: try row.optionalTimestamp(13).map(Timestamp.init(microseconds:)),
            retryCount: try row.int(11),
            deadline: try row.optionalTimestamp(14).map(Timestamp.init(microseconds:)),
            heartbeatDue: try row.optionalTimestamp(15).map(Timestamp.init(microseconds:)),
            isSuspect: try row.bool(16),
            lastEvent: try row.int(17)
        )
    }

    private static func reason(_ row: Row) throws(PostgresError) -> BranchStanding.Reason {
        let phase = try row.text(2)
        let runAt = Timestamp(microseconds: try row.timestamp(6))
        switch try row.text(3) {
        case "r":
            if try row.int64(0) == 1 { return .timesOut(at: runAt) }
            if let run = try mapRun(row) { return run }
            if try row.bool(7) {
                let retries = try row.int(11)
                return phase == "retrying" && retries > 0
                    ? .retries(number: retries, at: runAt) : .sleeps(until: runAt)
            }
            return try due(row, since: runAt)
        case "l":
            if let run = try mapRun(row) { return run }
            let until = Timestamp(microseconds: try row.optionalTimestamp(8) ?? 0)
            let worker = try row.optionalText(10)
            if try row.bool(9) { return .leaseOver(worker: worker, since: until) }
            let function = try row.text(5)
            return .leased(worker: worker, until: until, function: function.isEmpty ? nil : function)
        case "w":
            let function = try row.text(4)
            if function.hasPrefix("activity:") {
                let name = String(function.dropFirst("activity:".count))
                return .waitsForActivity(name, pollers: Int(try row.int64(22)))
            }
            return phase == "starting" ? .startsExecution : .waitsForAnswer
        default: return .joins(left: try row.optionalInt(12) ?? 0)
        }
    }

    private static func mapRun(_ row: Row) throws(PostgresError) -> BranchStanding.Reason? {
        guard let run = try row.optionalUUID(21) else { return nil }
        return .mapRun(run, items: try row.optionalInt(26))
    }

    /// Why a row that is due has not been claimed.
    private static func due(_ row: Row, since: Timestamp) throws(PostgresError) -> BranchStanding.Reason {
        let function = try row.text(4)
        guard try row.int64(18) > 0 else { return .noWorker(function: function.isEmpty ? nil : function) }
        if try !row.isNull(23) { return .locked(try Session(row, from: 23)) }
        if try row.int64(19) == 0 { return .workersFull(try row.textArray(20)) }
        return .ready(since: since)
    }
}

extension Session {
    fileprivate init(_ row: Row, from column: Int) throws(PostgresError) {
        self.init(
            pid: try row.int(.index(column)),
            application: try row.optionalText(.index(column + 1)) ?? "",
            since: Timestamp(microseconds: try row.timestamp(.index(column + 2)))
        )
    }
}
