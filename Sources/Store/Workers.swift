package import Expressions
import JSON
package import Postgres

/// A worker process as it introduces itself.
package struct WorkerRecord: Sendable, Hashable {
    package var host: String
    package var name: String
    /// Random per life of the process: a restart under the same name is another instance.
    package var instance: PGUUID
    package var pid: Int32
    package var version: String
    package var functions: [String]
    package var slots: Int
    /// Whether the process sleeps: only then are starts worth a notification.
    package var isIdle: Bool
    /// What it has done so far, as JSON: for those who watch.
    package var figures: String?
    /// How many steps it has in hand.
    package var inHand = 0
    /// What its claims ask for, `""` for work of any worker: nothing while it has no room.
    package var claims: [String]
    /// Functions that its claims leave out although it has room.
    package var withheld: [String: BranchStanding.BusyWorker.Obstacle] = [:]

    package init(
        host: String,
        name: String,
        instance: PGUUID,
        pid: Int32,
        version: String,
        functions: [String],
        slots: Int,
        isIdle: Bool = false
    ) {
        self.host = host
        self.name = name
        self.instance = instance
        self.pid = pid
        self.version = version
        self.functions = functions
        self.slots = slots
        self.isIdle = isIdle
        claims = [""] + functions
    }

    fileprivate var parameters: [PostgresValue] {
        [
            .text(host), .text(name), .uuid(instance), .int4(pid), .text(version), .textArray(functions),
            .int4(Int32(clamping: slots)), .bool(isIdle), .json(figures), .int4(Int32(clamping: inHand)),
            .textArray(claims), .json(withheldJSON),
        ]
    }

    private var withheldJSON: String {
        JSONValue.object(
            JSONObject(withheld.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value.rawValue)) })
        )
        .text
    }
}

/// A worker as others see it.
package struct WorkerStanding: Sendable {
    package var record: WorkerRecord
    package var startedAt: Timestamp
    package var seenAt: Timestamp
    /// Whether it has given a sign of life lately.
    package var lives: Bool
}

extension Store {
    /// All workers that have not taken their leave, by name.
    package func workers() async throws(StoreError) -> [WorkerStanding] {
        let rows = try await query(
            """
            select w.host, w.name, w.instance, w.pid, w.version, w.functions, w.slots, w.idle, w.in_hand, w.started_at,
                w.seen_at, stepwell.lives(w.seen_at)
            from stepwell.workers w
            order by w.name, w.host
            """
        )
        return try decode { () throws(PostgresError) in
            var workers: [WorkerStanding] = []
            for row in rows {
                var record = WorkerRecord(
                    host: try row.text(0),
                    name: try row.text(1),
                    instance: try row.uuid(2),
                    pid: Int32(clamping: try row.int(3)),
                    version: try row.text(4),
                    functions: try row.textArray(5),
                    slots: try row.int(6),
                    isIdle: try row.bool(7)
                )
                record.inHand = try row.int(8)
                workers.append(
                    WorkerStanding(
                        record: record,
                        startedAt: Timestamp(microseconds: try row.timestamp(9)),
                        seenAt: Timestamp(microseconds: try row.timestamp(10)),
                        lives: try row.bool(11)
                    )
                )
            }
            return workers
        }
    }

    /// The database's time.
    package func databaseTime() async throws(StoreError) -> Timestamp {
        let rows = try await query("select now()")
        return try decode { () throws(PostgresError) in Timestamp(microseconds: try rows.only().timestamp(0)) }
    }

    /// Enters a worker. The caller holds the lock on its name on this host.
    ///
    /// - Returns: the instance that had the name before, if any: it is dead, and its leases may be taken over with
    ///   ``releaseWorker(_:)``.
    package func register(_ worker: WorkerRecord) async throws(StoreError) -> PGUUID? {
        let answers = try await pipeline([
            Statement(
                "select instance from stepwell.workers where host = $1 and name = $2",
                [.text(worker.host), .text(worker.name)]
            ),
            Statement(
                """
                insert into stepwell.workers
                    (host, name, instance, pid, version, functions, slots, idle, figures, in_hand, claims, withheld)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                on conflict (host, name) do update
                set instance = excluded.instance, pid = excluded.pid, version = excluded.version,
                    functions = excluded.functions, slots = excluded.slots, idle = excluded.idle,
                    in_hand = excluded.in_hand, claims = excluded.claims, withheld = excluded.withheld,
                    started_at = excluded.started_at, seen_at = excluded.seen_at, figures = excluded.figures
                """,
                worker.parameters
            ),
        ])
        let previous = try decode { () throws(PostgresError) in try answers.first?.first?.uuid(0) }
        return previous == worker.instance ? nil : previous
    }

    /// Says that a worker lives, and what it is doing.
    package func heartbeat(_ worker: WorkerRecord) async throws(StoreError) {
        _ = try await query(
            Statement(
                """
                insert into stepwell.workers
                    (host, name, instance, pid, version, functions, slots, idle, figures, in_hand, claims, withheld)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                on conflict (host, name) do update
                set seen_at = excluded.seen_at, idle = excluded.idle, functions = excluded.functions,
                    figures = excluded.figures, in_hand = excluded.in_hand, claims = excluded.claims,
                    withheld = excluded.withheld
                where stepwell.workers.instance = excluded.instance
                """,
                worker.parameters
            )
        )
    }

    /// Takes a worker that ends out of the list.
    package func unregister(_ worker: WorkerRecord) async throws(StoreError) {
        _ = try await query(
            Statement("delete from stepwell.workers where instance = $1", [.uuid(worker.instance)])
        )
    }

    /// Makes the steps that a dead instance held ready at once.
    ///
    /// - Returns: how many there were.
    package func releaseWorker(_ instance: PGUUID) async throws(StoreError) -> Int {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map {
                    Statement("select stepwell.release_worker($1, $2)", [.int4($0), .uuid(instance)])
                }
        )
        return try decode { () throws(PostgresError) in
            var count = 0
            for rows in answers { count += try rows.only().int(0) }
            return count
        }
    }

    /// Makes sure that the partitions of the coming weeks exist.
    package func createPartitions() async throws(StoreError) {
        _ = try await query("select stepwell.create_partitions()")
    }

    /// Lets executions time out that have run for a year, where the limits are AWS's.
    package func timeOutOldExecutions() async throws(StoreError) {
        guard settings.isStrict else { return }
        let page = 500
        for bucket in 0..<settings.buckets {
            var count = page
            while count == page {
                let rows = try await query(
                    Statement(
                        "select stepwell.time_out_old_executions($1, $2)",
                        [.int4(bucket), .int4(Int32(page))]
                    )
                )
                count = try decode { () throws(PostgresError) in try rows.only().int(0) }
            }
        }
    }

    /// Hints workers that sleep, if any but the caller does, that there is work in some buckets. A lost hint costs a poll
    /// interval, nothing else.
    package func notifyWork(buckets: [Int32], from worker: PGUUID) async {
        guard !buckets.isEmpty else { return }
        _ = try? await query(
            Statement(
                """
                select pg_notify('stepwell_work', b::text) from unnest($1::int[]) as b
                where exists (select from stepwell.workers w where w.idle and w.instance <> $2)
                """,
                [.int4Array(buckets), .uuid(worker)]
            )
        )
    }

    /// Hints worker instances that some of their leases are gone.
    package func notifyWorkers(_ instances: [PGUUID]) async {
        guard !instances.isEmpty else { return }
        _ = try? await query(
            Statement(
                """
                select pg_notify('stepwell_worker_' || replace(w::text, '-', ''), '') from unnest($1::uuid[]) as w
                """,
                [.uuidArray(instances)]
            )
        )
    }
}
