import Expressions
import Postgres

extension Store {
    /// Branches of a running execution, the root first; a fork of very many shows the first of them.
    func branchStandings(bucket: Int32, execution: PGUUID) async throws(StoreError) -> [BranchStanding] {
        try await standings(bucket: bucket, execution: execution, looksForLocks: false)
    }

    /// Sessions that have locked whole tables of the engine against writing. Read without those tables, which may be locked
    /// against reading as well.
    package func tableLocks() async throws(StoreError) -> [TableLock] {
        let rows = try await query(
            """
            select l.pid, a.application_name, a.xact_start, c.relname::text, l.mode
            from pg_locks l
            join pg_class c on c.oid = l.relation and c.relkind in ('r', 'p')
            join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'stepwell'
            join pg_stat_activity a on a.pid = l.pid
            where l.locktype = 'relation' and l.granted and a.datname = current_database()
              and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
              and c.relname in ('steps', 'executions', 'history', 'payloads', 'results', 'outbox')
            order by l.mode, c.relname
            limit 10
            """
        )
        return try decode { () throws(PostgresError) in
            var locks: [TableLock] = []
            for row in rows {
                locks.append(
                    TableLock(table: try row.text(3), mode: try row.text(4), session: try Session(row, from: 0))
                )
            }
            return locks
        }
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
        let branches = try await standings(bucket: bucket, execution: id, looksForLocks: true)
        let answers = try await pipeline([
            Statement(
                """
                select l.pid, a.application_name, a.xact_start
                from stepwell.steps s
                join pg_locks l on l.locktype = 'transactionid' and l.granted and l.transactionid = s.xmax
                join pg_stat_activity a on a.pid = l.pid
                where s.bucket = $1 and s.execution = $2 and s.id = 0 and a.xact_start < now() - interval '1 second'
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
            Statement("select count(*) from stepwell.workers w where stepwell.lives(w.seen_at)"),
        ])
        let isSaid = branches.contains { if case .locked = $0.reason { $0.id == 0 } else { false } }
        return try decode { () throws(PostgresError) in
            ExecutionStanding(
                branches: branches,
                lockedBy: isSaid
                    ? nil : try answers[0].first.map { (row) throws(PostgresError) in try Session(row, from: 0) },
                oldSnapshot: try answers[1].first.map { (row) throws(PostgresError) in try Session(row, from: 0) },
                liveWorkers: Int(try answers[2].only().int64(0))
            )
        }
    }

    private func standings(
        bucket: Int32,
        execution: PGUUID,
        looksForLocks: Bool
    ) async throws(StoreError) -> [BranchStanding] {
        let rows = try await query(
            Statement(StandingRow.query, [.int4(bucket), .uuid(execution), .bool(looksForLocks)])
        )
        let found = try decode { () throws(PostgresError) in
            var found: [StandingRow] = []
            for row in rows { found.append(try StandingRow(row)) }
            return found
        }
        let revisions = try await loadRevisions(Set(found.map(\.revision)))
        return found.map { $0.branch(revisions[$0.revision]) }
    }
}

extension Session {
    init(_ row: Row, from column: Int) throws(PostgresError) {
        self.init(
            pid: try row.int(.index(column)),
            application: try row.optionalText(.index(column + 1)) ?? "",
            since: Timestamp(microseconds: try row.timestamp(.index(column + 2)))
        )
    }
}
