import Expressions
package import Postgres

/// A map run as the API shows it.
package struct MapRunDescription: Sendable {
    package var id: PGUUID
    package var arn: String
    package var executionARN: String
    package var stateMachineARN: String
    package var record: MapRunRecord
}

/// A child execution of a map run.
package struct MapRunChild: Sendable {
    package var index: Int
    package var itemCount: Int
    package var summary: ExecutionSummary
}

extension Store {
    static let mapRunSource = """
        select \(MapRunRecord.columns), r.id, m.name, e.name
        from stepwell.map_runs r
        join stepwell.executions e on e.bucket = r.bucket and e.id = r.execution
        join stepwell.state_machines m on m.id = r.machine
        """

    /// The status of an execution `e`, with the row `h` of `map_run_shards` if it is a child: what is still to be redriven
    /// has ended, and yet not.
    static let childStatus = """
        case when e.map_index >= h.redrive_from and e.status in ('FAILED', 'TIMED_OUT', 'ABORTED')
            then 'PENDING_REDRIVE' else e.status end
        """

    /// One map run; nil: there is none.
    ///
    /// - Parameters:
    ///   - machine: its state machine, which its ARN names with the label.
    package func mapRun(_ id: PGUUID, ofStateMachine machine: String, label: String) async throws(StoreError)
        -> MapRunDescription?
    {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        "\(Self.mapRunSource) where r.bucket = $1 and r.id = $2 and m.name = $3 and r.label = $4",
                        [.int4(bucket), .uuid(id), .text(machine), .text(label)]
                    )
                }
        )
        guard let row = answers.joined().first else { return nil }
        return try decode { () throws(PostgresError) in try mapRunDescription(row) }
    }

    /// The map runs of an execution, newest first, from behind `after` on.
    package func mapRuns(
        ofExecution execution: String,
        after: MapRunCursor?,
        limit: Int
    ) async throws(StoreError) -> Page<MapRunDescription, MapRunCursor> {
        let rows = try await query(
            Statement(
                """
                \(Self.mapRunSource)
                where (r.bucket, r.execution) in (select f.bucket, f.id from stepwell.find_execution($1) f)
                  and ($2::timestamptz is null or (r.started_at, r.id) < ($2, $3::uuid))
                order by r.started_at desc, r.id desc
                limit $4
                """,
                [
                    .text(execution), .timestamptz(microseconds: after?.startedAt.microseconds), .uuid(after?.id),
                    .int8(Int64(limit + 1)),
                ]
            )
        )
        let runs = try decode { () throws(PostgresError) in
            var runs: [MapRunDescription] = []
            for row in rows { runs.append(try mapRunDescription(row)) }
            return runs
        }
        return Page(runs, limit: limit, cursor: MapRunCursor.init)
    }

    /// Changes the limits of a run that goes on; nil keeps one. The run sees them when it next looks at its children.
    ///
    /// - Returns: whether the run still goes on; nil: there is no such run.
    package func updateMapRun(
        _ id: PGUUID,
        maxConcurrency: Int?,
        toleratedFailureCount: Int?,
        toleratedFailurePercentage: Double?
    ) async throws(StoreError) -> Bool? {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        """
                        update stepwell.map_runs r
                        set max_concurrency = case when r.status = 'RUNNING' and $3::int is not null
                                then nullif($3, 0) else r.max_concurrency end,
                            tolerated_count = case when r.status = 'RUNNING'
                                then coalesce($4, r.tolerated_count) else r.tolerated_count end,
                            tolerated_percentage = case when r.status = 'RUNNING'
                                then coalesce($5, r.tolerated_percentage) else r.tolerated_percentage end
                        where r.bucket = $1 and r.id = $2
                        returning r.status = 'RUNNING'
                        """,
                        [
                            .int4(bucket), .uuid(id), .int4(maxConcurrency.map { Int32(clamping: $0) }),
                            .int(toleratedFailureCount), .float8(toleratedFailurePercentage),
                        ]
                    )
                }
        )
        guard let row = answers.joined().first else { return nil }
        return try decode { () throws(PostgresError) in try row.bool(0) }
    }

    /// The child executions of a run, in the order of their start, from behind `after` on.
    package func mapRunExecutions(
        _ id: PGUUID,
        status: ExecutionStatus?,
        isRedriven: Bool? = nil,
        after: Int?,
        limit: Int
    ) async throws(StoreError) -> Page<MapRunChild, Int> {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        """
                        select coalesce(m.name || '/' || e.map_label, m.name), e.name, \(Self.childStatus),
                            e.started_at, e.stopped_at, e.version, e.alias, e.redrive_count, e.redriven_at,
                            e.map_index, e.map_items
                        from stepwell.executions e
                        join stepwell.state_machines m on m.id = e.machine
                        left join stepwell.map_run_shards h on h.bucket = e.bucket and h.run = e.map_run
                        where e.bucket = $1 and e.map_run = $2
                          and ($3::text is null or \(Self.childStatus) = $3)
                          and ($4::int8 is null or e.map_index > $4)
                          and ($6::bool is null or (e.redrive_count > 0) = $6)
                        order by e.map_index
                        limit $5
                        """,
                        [
                            .int4(bucket), .uuid(id), .text(status?.rawValue), .int(after), .int8(Int64(limit + 1)),
                            .bool(isRedriven),
                        ]
                    )
                }
        )
        let found = try decode { () throws(PostgresError) in
            var found: [MapRunChild] = []
            for row in answers.joined() {
                let itemCount = try row.optionalInt(10) ?? 1
                found.append(MapRunChild(index: try row.int(9), itemCount: itemCount, summary: try summary(row)))
            }
            return found
        }
        return Page(found.sorted { $0.index < $1.index }, limit: limit, cursor: \.index)
    }

    func mapRunDescription(_ row: Row) throws(PostgresError) -> MapRunDescription {
        let record = try MapRunRecord(row)
        let (id, machine) = (try row.uuid(16), try row.text(17))
        return MapRunDescription(
            id: id,
            arn: settings.mapRunARN(machine: machine, label: record.label, id: id),
            executionARN: settings.executionARN(machine: machine, execution: try row.text(18)),
            stateMachineARN: settings.stateMachineARN(machine),
            record: record
        )
    }
}
