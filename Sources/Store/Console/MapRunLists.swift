package import Expressions
package import Postgres

/// Where a page of map runs ends: the next one begins behind it.
package struct MapRunCursor: Sendable, Hashable, CustomStringConvertible {
    let startedAt: Timestamp
    let id: PGUUID

    init(_ run: MapRunDescription) { (startedAt, id) = (run.record.startedAt, run.id) }

    /// - Parameter text: as `description` has it; nil for any other.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", maxSplits: 1)
        guard parts.count == 2, let time = Int64(parts[0]), (0..<(1 << 53)).contains(time),
            let id = PGUUID(String(parts[1]))
        else { return nil }
        (startedAt, self.id) = (Timestamp(microseconds: time), id)
    }

    package var description: String { "\(startedAt.microseconds)-\(id)" }
}

/// A child of a map run that did not succeed.
package struct MapRunFailedChild: Sendable {
    package var id: PGUUID
    package var index: Int
    package var summary: ExecutionSummary
    package var error: String?
    /// The beginning of it.
    package var cause: String?
}

extension Store {
    /// Map runs of all executions, newest first, from behind `after` on.
    package func mapRuns(
        status: MapRunStatus?,
        ofStateMachine machine: String?,
        after: MapRunCursor?,
        limit: Int
    ) async throws(StoreError) -> Page<MapRunDescription, MapRunCursor> {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        """
                        \(Self.mapRunSource)
                        where r.bucket = $1 and ($2::text is null or r.status = $2) and ($3::text is null or m.name = $3)
                          and ($4::timestamptz is null or (r.started_at, r.id) < ($4, $5::uuid))
                        order by r.started_at desc, r.id desc
                        limit $6
                        """,
                        [
                            .int4(bucket), .text(status?.rawValue), .text(machine),
                            .timestamptz(microseconds: after?.startedAt.microseconds), .uuid(after?.id),
                            .int8(Int64(limit + 1)),
                        ]
                    )
                }
        )
        let runs = try decode { () throws(PostgresError) in
            var runs: [MapRunDescription] = []
            for row in answers.joined() { runs.append(try mapRunDescription(row)) }
            return runs.sorted { ($0.record.startedAt, $0.id) > ($1.record.startedAt, $1.id) }
        }
        return Page(runs, limit: limit, cursor: MapRunCursor.init)
    }

    /// How far the children of some runs are, in items.
    package func mapRunItemCounts(_ runs: [PGUUID]) async throws(StoreError) -> [PGUUID: MapRunCounts] {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        """
                        select items_started, items_succeeded, items_failed, items_timed_out, items_aborted,
                            items_pending, run
                        from stepwell.map_run_shards where bucket = $1 and run = any ($2)
                        """,
                        [.int4(bucket), .uuidArray(runs)]
                    )
                }
        )
        return try decode { () throws(PostgresError) in
            var counts: [PGUUID: MapRunCounts] = [:]
            for row in answers.joined() {
                counts[try row.uuid(6), default: MapRunCounts()] += try MapRunCounts(row, from: 0)
            }
            return counts
        }
    }

    /// The map run that an execution is a child of.
    ///
    /// - Parameter execution: an ARN or `MACHINE/LABEL:NAME`.
    package func mapRun(ofChild execution: String) async throws(StoreError) -> PGUUID? {
        let rows = try await query(
            Statement("select e.map_run from stepwell.find_execution($1) e", [.text(execution)])
        )
        return try decode { () throws(PostgresError) in try rows.first?.optionalUUID(0) }
    }

    /// Children of a run that did not succeed, in the order of their start: read from the index of failures, so that a few
    /// are found among very many that succeeded.
    ///
    /// - Parameters:
    ///   - startedAt: when the run did.
    ///   - after: the last one of the page before.
    package func failedChildren(
        ofMapRun run: PGUUID,
        startedAt: Timestamp,
        after: PGUUID?,
        limit: Int
    ) async throws(StoreError) -> Page<MapRunFailedChild, PGUUID> {
        // A child starts after its run, and its id says when.
        let first = after ?? .first(at: startedAt.adding(seconds: -1 as Int64))
        let kinds: [ExecutionStatus] = [.failed, .timedOut, .aborted]
        let answers = try await pipeline(
            (0..<settings.buckets)
                .flatMap { bucket in
                    kinds.map { kind in
                        Statement(
                            """
                            select coalesce(m.name || '/' || e.map_label, m.name), e.name, \(Self.childStatus),
                                e.started_at, e.stopped_at, e.version, e.alias, e.redrive_count, e.redriven_at,
                                e.id, e.map_index, e.error, left(e.cause, 500)
                            from stepwell.executions e
                            join stepwell.state_machines m on m.id = e.machine
                            left join stepwell.map_run_shards h on h.bucket = e.bucket and h.run = e.map_run
                            where e.bucket = $1 and e.failed_as = $2 and e.id > $3 and e.map_run = $4
                            order by e.id
                            limit $5
                            """,
                            [
                                .int4(bucket), .text(kind.rawValue), .uuid(first), .uuid(run),
                                .int8(Int64(limit + 1)),
                            ]
                        )
                    }
                }
        )
        let found = try decode { () throws(PostgresError) in
            var found: [MapRunFailedChild] = []
            for row in answers.joined() {
                found.append(
                    MapRunFailedChild(
                        id: try row.uuid(9),
                        index: try row.int(10),
                        summary: try summary(row),
                        error: try row.optionalText(11),
                        cause: try row.optionalText(12)
                    )
                )
            }
            return found.sorted { $0.id < $1.id }
        }
        return Page(found, limit: limit, cursor: \.id)
    }

    /// Children of a run that run, those that were started last first.
    package func runningChildren(ofMapRun run: PGUUID, limit: Int) async throws(StoreError) -> [MapRunChild] {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        """
                        select coalesce(m.name || '/' || e.map_label, m.name), e.name, e.status,
                            e.started_at, e.stopped_at, e.version, e.alias, e.redrive_count, e.redriven_at,
                            e.map_index, e.map_items
                        from stepwell.executions e
                        join stepwell.state_machines m on m.id = e.machine
                        where e.bucket = $1 and e.map_run = $2 and e.status = 'RUNNING'
                        order by e.map_index desc
                        limit $3
                        """,
                        [.int4(bucket), .uuid(run), .int8(Int64(limit))]
                    )
                }
        )
        let found = try decode { () throws(PostgresError) in
            var found: [MapRunChild] = []
            for row in answers.joined() {
                let items = try row.optionalInt(10) ?? 1
                found.append(MapRunChild(index: try row.int(9), itemCount: items, summary: try summary(row)))
            }
            return found
        }
        return Array(found.sorted { $0.index > $1.index }.prefix(limit))
    }
}
