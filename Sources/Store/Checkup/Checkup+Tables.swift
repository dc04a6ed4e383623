import Postgres

extension Checkup {
    /// Rights that somebody has and should not, and those that this role lacks.
    func permissions() async throws(StoreError) -> [Finding] {
        let rows = try await query(
            """
            select coalesce((
                    select string_agg(p.proname, ', ' order by p.proname) from pg_proc p
                    where p.pronamespace = 'stepwell'::regnamespace and exists (
                        select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                        where a.grantee = 0 and a.privilege_type = 'EXECUTE')), ''),
                coalesce((
                    select string_agg(c.relname, ', ' order by c.relname) from pg_class c
                    where c.relnamespace = 'stepwell'::regnamespace and exists (
                        select from aclexplode(c.relacl) a where a.grantee = 0)), ''),
                coalesce((
                    select string_agg(p.proname, ', ' order by p.proname) from pg_proc p
                    where p.pronamespace = 'stepwell'::regnamespace and p.prosecdef
                      and not exists (select from unnest(p.proconfig) c where c like 'search_path=%')), ''),
                current_user::text,
                (select r.rolsuper from pg_roles r where r.rolname = current_user)
            """
        )
        let (functions, tables, unpinned, user, isSuperuser) = try decode { () throws(PostgresError) in
            let row = try rows.only()
            return (try row.text(0), try row.text(1), try row.text(2), try row.text(3), try row.bool(4))
        }
        var found: [Finding] = []
        if !functions.isEmpty {
            found.append(
                Finding(
                    .permissions,
                    .problem,
                    "everybody may call: \(functions)",
                    remedy: "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA \(configuration.schema) FROM PUBLIC"
                )
            )
        }
        if !tables.isEmpty {
            found.append(
                Finding(
                    .permissions,
                    .problem,
                    "everybody has rights on: \(tables)",
                    remedy: "REVOKE ALL ON ALL TABLES IN SCHEMA \(configuration.schema) FROM PUBLIC"
                )
            )
        }
        if !unpinned.isEmpty {
            found.append(
                Finding(
                    .permissions,
                    .problem,
                    "these run with their owner's rights and any search_path: \(unpinned)",
                    remedy: "ALTER FUNCTION … SET search_path = pg_catalog, pg_temp"
                )
            )
        }
        if isSuperuser {
            found.append(
                Finding(
                    .permissions,
                    .warning,
                    "\(user) is a superuser, and workers need no more than the role stepwell_engine",
                    remedy: "CREATE ROLE … LOGIN IN ROLE stepwell_engine, and connect as that"
                )
            )
        }
        return found
    }

    /// Dead rows, broken indexes, the distance to a wraparound.
    func tables() async throws(StoreError) -> [Finding] {
        let bloated = try await query(
            """
            select s.relname::text, s.n_dead_tup::int8, s.n_live_tup::int8 from pg_stat_user_tables s
            where s.schemaname = 'stepwell' and s.n_dead_tup > 20000 and s.n_dead_tup > 2 * s.n_live_tup
            order by s.n_dead_tup desc limit 5
            """
        )
        let broken = try await query(
            """
            select i.indexrelid::regclass::text from pg_index i
            join pg_class c on c.oid = i.indexrelid
            where c.relnamespace = 'stepwell'::regnamespace and not (i.indisvalid and i.indisready)
            """
        )
        let age = try await query(
            """
            select age(d.datfrozenxid)::int8, greatest(200000000, current_setting('autovacuum_freeze_max_age')::int8 * 3 / 2)
            from pg_database d where d.datname = current_database()
            """
        )
        return try decode { () throws(PostgresError) in
            var found: [Finding] = []
            for row in bloated {
                let table = try row.text(0)
                found.append(
                    Finding(
                        .tables,
                        .warning,
                        "\(table) has \(try row.int(1)) dead rows and \(try row.int(2)) live ones",
                        remedy:
                            "see `snapshots`: as long as one is held nothing can be removed; then VACUUM \(configuration.schema).\(table)"
                    )
                )
            }
            for row in broken {
                let index = try row.text(0)
                found.append(
                    Finding(.tables, .problem, "the index \(index) is not valid", remedy: "REINDEX INDEX \(index)")
                )
            }
            let row = try age.only()
            if try row.int(0) > row.int(1) {
                found.append(
                    Finding(
                        .tables,
                        try row.int(0) > 1_200_000_000 ? .problem : .warning,
                        "the oldest row is \(try row.int(0)) transactions old; at 2 billion the server stops",
                        remedy: "find what holds vacuum up (`snapshots`), then run: vacuumdb --freeze"
                    )
                )
            }
            return found
        }
    }

    /// Whoever keeps dead rows from being removed.
    func snapshots() async throws(StoreError) -> [Finding] {
        let rows = try await query(
            """
            select format('pid %s (%s%s) has had a snapshot for %s s', a.pid, a.usename,
                    coalesce(', ' || nullif(a.application_name, ''), ''), extract(epoch from now() - a.xact_start)::int),
                format('SELECT pg_terminate_backend(%s)', a.pid)
            from pg_stat_activity a
            where a.backend_xmin is not null and a.xact_start < now() - interval '60 seconds' and a.pid <> pg_backend_pid()
              and a.backend_type = 'client backend'
            union all
            select format('the prepared transaction %L is %s s old', p.gid, extract(epoch from now() - p.prepared)::int),
                format('ROLLBACK PREPARED %L', p.gid)
            from pg_prepared_xacts p where p.prepared < now() - interval '60 seconds'
            union all
            select format('the replication slot %L is not in use and holds old rows or WAL', r.slot_name),
                format('SELECT pg_drop_replication_slot(%L)', r.slot_name)
            from pg_replication_slots r where not r.active and (r.xmin is not null or r.catalog_xmin is not null
                or r.restart_lsn is not null)
            limit 10
            """
        )
        return try decode { () throws(PostgresError) in
            var found: [Finding] = []
            for row in rows { found.append(Finding(.snapshots, .warning, try row.text(0), remedy: try row.text(1))) }
            return found
        }
    }

    func partitions() async throws(StoreError) -> [Finding] {
        let rows = try await query(
            """
            select w.parent || '_' || to_char(w.week, 'YYYYMMDD') from (
                select t.parent, date_trunc('week', now() at time zone 'UTC') + make_interval(weeks => i.i) as week
                from unnest(array['payloads', 'history']) as t (parent) cross join generate_series(0, 2) as i (i)
            ) w
            where to_regclass(format('stepwell.%I', w.parent || '_' || to_char(w.week, 'YYYYMMDD'))) is null
            """
        )
        let missing = try decode { () throws(PostgresError) in
            var missing: [String] = []
            for row in rows { missing.append(try row.text(0)) }
            return missing
        }
        guard !missing.isEmpty else { return [] }
        return [
            Finding(
                .partitions,
                .warning,
                "not there yet: \(missing.joined(separator: ", ")); their rows would go to the partitions for strays",
                remedy: "workers make them once an hour; now: SELECT \(configuration.schema).create_partitions()"
            )
        ]
    }

    /// What is due and stands still.
    func queue() async throws(StoreError) -> [Finding] {
        let rows = try await query(
            """
            select (select count(*) from stepwell.workers w where w.seen_at > now() - interval '30 seconds')::int,
                (select count(*) from stepwell.steps s where s.status = 'l' and s.lease_until < now() - interval '30 seconds')::int,
                (select count(*) from stepwell.outbox o where o.run_at < now() - interval '60 seconds')::int,
                coalesce((select string_agg(q.function, ', ' order by q.function) from (
                    select distinct rtrim(s.function, '#') as function from stepwell.steps s
                    where s.wake_at is null and s.status = 'r' and s.function <> ''
                      and stepwell.ready_since(s.function, s.run_at, s.entered_at) < now() - interval '60 seconds'
                      and not exists (select from stepwell.workers w
                        where w.seen_at > now() - interval '30 seconds' and rtrim(s.function, '#') = any (w.functions))
                    limit 20) q), ''),
                coalesce((select
                        extract(epoch from now() - min(stepwell.ready_since(s.function, s.run_at, s.entered_at)))::int
                    from stepwell.steps s
                    where s.wake_at is null and s.status = 'r' and (s.function = '' or exists (select from stepwell.workers w
                        where w.seen_at > now() - interval '30 seconds' and rtrim(s.function, '#') = any (w.functions)))), 0)
            """
        )
        return try decode { () throws(PostgresError) in
            let row = try rows.only()
            let (workers, lost, messages) = (try row.int(0), try row.int(1), try row.int(2))
            let (orphans, age) = (try row.text(3), try row.int(4))
            var found: [Finding] = []
            func warn(_ message: String, _ remedy: String) {
                found.append(Finding(.queue, .warning, message, remedy: remedy))
            }
            if workers == 0, age > 60 { warn("work is due, and no worker is alive", "start one: stepwell worker") }
            if !orphans.isEmpty { warn("no live worker offers: \(orphans)", "start a worker that has these functions") }
            if workers > 0, age > 60 {
                warn("the oldest step has been ready for \(age) s", "start more workers, or see what keeps these busy")
            }
            if lost > 0 { warn("\(lost) leases ended, and nobody has taken the steps over", "see that workers run") }
            if messages > 0 {
                warn("\(messages) messages between buckets are more than a minute late", "look at the workers' logs")
            }
            return found
        }
    }
}
