import Postgres

/// Reads what the server and this process have used so far.
struct Meter {
    /// What is known at once.
    struct Mark {
        var time: ContinuousClock.Instant
        var serverCPU: Double
        var ownCPU: Double
        var wal: Int64
    }

    /// What sessions report when they end, and in between at most once a second.
    struct Counters {
        var commits: Int64
        var updates: Int64
        var hotUpdates: Int64
        var syncs: Int64
        /// Pages of the database that were looked at.
        var buffers: Int64
    }

    let database: BenchDatabase

    func mark() async throws -> Mark {
        let row =
            try await database.sql(
                "select pg_backend_pid(), (pg_current_wal_insert_lsn() - '0/0')::int8"
            )
            .only()
        return Mark(
            time: .now,
            serverCPU: ProcessTimes.server(ofSession: Int32(clamping: try row.int(0))),
            ownCPU: ProcessTimes.own(),
            wal: try row.int64(1)
        )
    }

    func counters() async throws -> Counters {
        try await database.sql("select pg_stat_force_next_flush()")
        let row =
            try await database.sql(
                """
                select d.xact_commit, s.n_tup_upd, s.n_tup_hot_upd, w.wal_sync, d.blks_hit + d.blks_read
                from pg_stat_database d, pg_stat_user_tables s, pg_stat_wal w
                where d.datname = current_database() and s.schemaname = 'stepwell' and s.relname = 'steps'
                """
            )
            .only()
        return Counters(
            commits: try row.int64(0),
            updates: try row.int64(1),
            hotUpdates: try row.int64(2),
            syncs: try row.int64(3),
            buffers: try row.int64(4)
        )
    }
}
