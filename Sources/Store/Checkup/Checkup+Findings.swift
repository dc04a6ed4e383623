import Postgres

extension Checkup {
    /// Whether the database has the schema that this program needs. Nothing else can be asked of one that has not.
    package func schema() async throws(StoreError) -> Finding {
        let applied: Int
        do throws(PostgresError) {
            applied = try await pool.query("select coalesce(max(number), 0)::int from stepwell.migrations").only()
                .int(0)
        } catch {
            switch error.sqlState {
            case .undefinedTable:
                return Finding(
                    .migrations,
                    .problem,
                    "the schema `\(configuration.schema)` is not there",
                    remedy: "run: stepwell migrate"
                )
            case .insufficientPrivilege:
                return Finding(
                    .migrations,
                    .problem,
                    "this role may not read the schema `\(configuration.schema)`",
                    remedy: "connect as a member of stepwell_reader or stepwell_engine"
                )
            default: throw StoreError(error)
            }
        }
        let needed = Settings.requiredMigration
        if applied < needed {
            return Finding(
                .migrations,
                .problem,
                "migrations \(applied + 1) to \(needed) of this version are not applied",
                remedy: "run: stepwell migrate"
            )
        }
        if applied > needed {
            return Finding(
                .migrations,
                .warning,
                "the database is at migration \(applied), this program knows \(needed)",
                remedy: "upgrade this program; workers of both versions may run meanwhile"
            )
        }
        return Finding(.migrations, .fine, "all \(applied) are applied")
    }

    /// Everything else. A subject in order has one finding that says so.
    ///
    /// - Parameter time: the local time in microseconds since 1970, asked for when the database answers.
    package func findings(time: @Sendable () -> Int64) async throws(StoreError) -> [Finding] {
        var findings: [Finding] = []
        func add(_ subject: Finding.Subject, _ found: [Finding], fine: String) {
            findings += found.isEmpty ? [Finding(subject, .fine, fine)] : found
        }
        add(.settings, try await settings(), fine: "the server keeps what it commits")
        add(.permissions, try await permissions(), fine: "nothing is open to everybody")
        add(.tables, try await tables(), fine: "no bloat, no broken index, no wraparound in sight")
        add(.snapshots, try await snapshots(), fine: "nobody holds an old snapshot")
        add(.partitions, try await partitions(), fine: "those of the coming weeks are there")
        findings.append(try await clock(time))
        add(.queue, try await queue(), fine: "what is due is being done")
        add(.connections, try await connections(), fine: "there are enough")
        return findings
    }

    // MARK: The server

    private func settings() async throws(StoreError) -> [Finding] {
        let rows = try await query(
            """
            select name::text, setting from pg_settings
            where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum', 'track_counts',
                'default_transaction_isolation', 'plan_cache_mode', 'idle_in_transaction_session_timeout',
                'server_version_num', 'server_encoding')
            """
        )
        let values = try decode { () throws(PostgresError) in
            var values: [String: String] = [:]
            for row in rows { values[try row.text(0)] = try row.text(1) }
            return values
        }
        var found: [Finding] = []
        func expect(_ name: String, _ good: (String) -> Bool, _ level: Finding.Level, _ why: String, _ remedy: String) {
            guard let value = values[name], !good(value) else { return }
            found.append(Finding(.settings, level, "\(name) = \(value): \(why)", remedy: remedy))
        }
        func alter(_ setting: String) -> String { "ALTER SYSTEM SET \(setting); SELECT pg_reload_conf()" }
        let loss = "a crash of the machine can lose or damage what was acknowledged"
        expect("fsync", { $0 == "on" }, .problem, loss, alter("fsync = on"))
        expect("full_page_writes", { $0 == "on" }, .problem, loss, alter("full_page_writes = on"))
        expect(
            "synchronous_commit",
            { $0 != "off" },
            .problem,
            "a crash loses what was acknowledged in the last moments",
            alter("synchronous_commit = on") + " (or for the role, with ALTER ROLE … SET)"
        )
        expect("autovacuum", { $0 == "on" }, .problem, "the queue's tables grow without end", alter("autovacuum = on"))
        expect(
            "track_counts",
            { $0 == "on" },
            .problem,
            "autovacuum does nothing without it",
            alter("track_counts = on")
        )
        expect(
            "default_transaction_isolation",
            { $0 == "read committed" },
            .problem,
            "the engine locks rows itself, and needs READ COMMITTED",
            "ALTER ROLE … SET default_transaction_isolation = 'read committed'"
        )
        expect(
            "plan_cache_mode",
            { $0 != "force_generic_plan" },
            .warning,
            "claims get plans that read whole buckets",
            "ALTER ROLE … SET plan_cache_mode = auto"
        )
        expect(
            "idle_in_transaction_session_timeout",
            { $0 != "0" },
            .warning,
            "a client that forgets its transaction holds locks and old rows for as long as it likes",
            alter("idle_in_transaction_session_timeout = '5min'")
        )
        expect(
            "server_encoding",
            { $0 == "UTF8" },
            .problem,
            "payloads are UTF-8",
            "create the database with ENCODING 'UTF8'"
        )
        expect(
            "server_version_num",
            { Int($0) ?? 0 >= 140_000 },
            .problem,
            "PostgreSQL 14 is the oldest that works",
            "upgrade the server"
        )
        return found
    }

    private func clock(_ time: @Sendable () -> Int64) async throws(StoreError) -> Finding {
        let before = time()
        let rows = try await query("select clock_timestamp()")
        let after = time()
        let database = try decode { () throws(PostgresError) in try rows.only().timestamp(0) }
        // Somewhere between the question and the answer the two clocks should have agreed.
        let skew = database < before ? before - database : max(0, database - after)
        let text = "\(Double(skew / 1000) / 1000) s"
        guard skew > 2_000_000 else { return Finding(.clock, .fine, "within \(text) of this machine's") }
        return Finding(
            .clock,
            .warning,
            "the database's clock is \(text) \(database < before ? "behind" : "ahead of") this machine's",
            remedy: "leases and timers go by the database's clock alone, so nothing breaks; synchronize both (NTP)"
        )
    }

    private func connections() async throws(StoreError) -> [Finding] {
        let rows = try await query(
            """
            select (select count(*) from pg_stat_activity where backend_type = 'client backend')::int,
                current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
                pg_notification_queue_usage()
            """
        )
        let (used, limit, notifications) = try decode { () throws(PostgresError) in
            let row = try rows.only()
            return (try row.int(0), try row.int(1), try row.double(2))
        }
        var found: [Finding] = []
        if used * 10 > limit * 8 {
            found.append(
                Finding(
                    .connections,
                    .warning,
                    "\(used) of \(limit) connections are in use",
                    remedy:
                        "raise max_connections, run fewer workers, or put PgBouncer in between"
                )
            )
        }
        if notifications > 0.1 {
            found.append(
                Finding(
                    .connections,
                    notifications > 0.5 ? .problem : .warning,
                    "the queue of notifications is \(Int(notifications * 100)) % full; full, it makes commits fail",
                    remedy: "end the session that listens and stays in a transaction: see pg_stat_activity"
                )
            )
        }
        return found
    }
}
