package import Expressions
package import Interpreter
package import Postgres

extension Store {
    /// Begins a run, or finds the one that was begun before.
    ///
    /// - Returns: nil: the step is not this process's any more.
    package func openMapRun(
        _ run: HeldMapRun,
        _ request: MapRun,
        label: String,
        machine: Int32
    ) async throws(StoreError) -> MapRunRecord? {
        let rows = try await query(
            Statement(
                "select \(MapRunRecord.columns) from stepwell.open_map_run($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) r",
                run.parameters + [
                    .int4(machine), .text(label), .int4(request.maxConcurrency.map { Int32(clamping: $0) }),
                    .int8(request.toleratedFailureCount.map { Int64($0) }),
                    .float8(request.toleratedFailurePercentage),
                ]
            )
        )
        guard let row = rows.first else { return nil }
        return try decode { () throws(PostgresError) in try MapRunRecord(row) }
    }

    /// Whether a run may begin. With AWS's limits only so many go on at once, and the others wait for their turn, in the
    /// order in which they were started.
    package func mayBegin(_ run: HeldMapRun, startedAt: Timestamp) async throws(StoreError) -> Bool {
        guard let most = settings.openMapRuns else { return true }
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        """
                        select count(*)::int from (
                            select from stepwell.map_runs r
                            where r.bucket = $1 and r.status = 'RUNNING' and (r.started_at, r.id) < ($2, $3)
                            limit $4) r
                        """,
                        [
                            .int4(bucket), .timestamptz(microseconds: startedAt.microseconds), .uuid(run.id),
                            .int4(Int32(clamping: most)),
                        ]
                    )
                }
        )
        return try decode { () throws(PostgresError) in
            var before = 0
            for rows in answers { before += try rows.only().int(0) }
            return before < most
        }
    }

    /// How far the children are: the sum of what each bucket has counted.
    package func mapRunCounts(_ id: PGUUID) async throws(StoreError) -> (executions: MapRunCounts, items: MapRunCounts)
    {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        """
                        select started, succeeded, failed, timed_out, aborted, pending, items_started, items_succeeded,
                            items_failed, items_timed_out, items_aborted, items_pending
                        from stepwell.map_run_shards where bucket = $1 and run = $2
                        """,
                        [.int4(bucket), .uuid(id)]
                    )
                }
        )
        return try decode { () throws(PostgresError) in
            var (executions, items) = (MapRunCounts(), MapRunCounts())
            for rows in answers {
                for row in rows {
                    executions += try MapRunCounts(row, from: 0)
                    items += try MapRunCounts(row, from: 6)
                }
            }
            return (executions, items)
        }
    }

    /// Records what has been started while the step stays in hand.
    ///
    /// - Returns: whether the step is this process's.
    package func moveMapRun(_ run: HeldMapRun, nextItem: Int, nextChild: Int) async throws(StoreError) -> Bool {
        let rows = try await query(
            Statement(
                "select stepwell.move_map_run($1, $2, $3, $4, $5, $6, $7)",
                run.parameters + [.int4(Int32(clamping: nextItem)), .int4(Int32(clamping: nextChild))]
            )
        )
        return try decode { () throws(PostgresError) in try rows.only().bool(0) }
    }

    /// Gives the step back until the next look: the less happens, the later.
    ///
    /// - Parameter progress: what a look has seen, as a number that changes with everything that happens.
    /// - Returns: when that will be; nil: the step was not this process's any more.
    package func restMapRun(
        _ run: HeldMapRun,
        nextItem: Int,
        nextChild: Int,
        progress: Int
    ) async throws(StoreError) -> Timestamp? {
        let rows = try await query(
            Statement(
                "select stepwell.rest_map_run($1, $2, $3, $4, $5, $6, $7, $8)",
                run.parameters + [
                    .int4(Int32(clamping: nextItem)), .int4(Int32(clamping: nextChild)), .int8(Int64(progress)),
                ]
            )
        )
        return try decode { () throws(PostgresError) in
            try rows.only().optionalTimestamp(0).map(Timestamp.init(microseconds:))
        }
    }

    /// Leaves the step to a worker that offers what the run needs next.
    package func leaveMapRun(_ run: HeldMapRun, to offer: String) async throws(StoreError) {
        _ = try await query(
            Statement("select stepwell.leave_map_run($1, $2, $3, $4, $5)", run.lease.parameters + [.text(offer)])
        )
    }

    /// Ends a run.
    ///
    /// - Returns: whether the step is this process's.
    package func closeMapRun(
        _ run: HeldMapRun,
        _ status: MapRunStatus,
        failure: MapRunFailure?,
        resultsWritten: Int
    ) async throws(StoreError) -> Bool {
        let rows = try await query(
            Statement(
                "select stepwell.close_map_run($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                run.parameters + [
                    .text(status.rawValue), .text(failure?.error), .text(failure?.cause), .int8(Int64(resultsWritten)),
                ]
            )
        )
        return try decode { () throws(PostgresError) in try rows.only().bool(0) }
    }
}
