import Expressions
import JSON
package import Postgres

/// Where a page of executions ends: the next one begins behind it.
package struct ExecutionCursor: Sendable, Hashable {
    package var startedBefore: PGUUID

    package init(startedBefore: PGUUID) { self.startedBefore = startedBefore }
}

extension Store {
    /// One execution with input, output and where each of its branches stands.
    ///
    /// - Parameter execution: an ARN or `MACHINE:NAME`.
    package func describe(_ execution: String) async throws(StoreError) -> ExecutionDescription {
        let rows = try await query(
            Statement(
                """
                select coalesce(m.name || '/' || e.map_label, m.name), e.name, \(Self.childStatus),
                    e.started_at, e.stopped_at, e.version, e.alias, e.redrive_count, e.redriven_at, r.number,
                    e.error, e.cause, stepwell.payload(e.bucket, e.id, e.input, e.input_id),
                    stepwell.payload(e.bucket, e.id, e.output, e.output_id), e.bucket, e.id, e.trace_header,
                    stepwell.redrive_obstacle(e, (select s.history_events from stepwell.settings s)),
                    e.map_run is not null, now()
                from stepwell.find_execution($1) e
                join stepwell.state_machines m on m.id = e.machine
                join stepwell.revisions r on r.id = e.revision
                left join stepwell.map_run_shards h on h.bucket = e.bucket and h.run = e.map_run
                """,
                [.text(execution)]
            )
        )
        guard let row = rows.first else { throw .executionDoesNotExist("there is no execution '\(execution)'") }
        var description = try decode { () throws(PostgresError) in
            ExecutionDescription(
                summary: try summary(row),
                revision: try row.int(9),
                input: JSONDocument(trusted: try row.text(12)),
                output: try row.optionalText(13).map(JSONDocument.init(trusted:)),
                error: try row.optionalText(10),
                cause: try row.optionalText(11),
                traceHeader: try row.optionalText(16),
                redriveStatus: RedriveStatus(obstacle: try row.optionalText(17), isChild: try row.bool(18)),
                steps: [],
                observedAt: Timestamp(microseconds: try row.timestamp(19))
            )
        }
        if description.summary.status == .running {
            let (bucket, id) = try decode { () throws(PostgresError) in (try row.int(14), try row.uuid(15)) }
            description.steps = try await branchStandings(bucket: Int32(clamping: bucket), execution: id)
        }
        return description
    }

    /// Executions, newest first.
    ///
    /// - Parameters:
    ///   - limit: the most to answer, 1 to 1,000.
    ///   - after: where the page before ended.
    package func executions(
        _ filter: ExecutionFilter,
        limit: Int = 100,
        after: ExecutionCursor? = nil
    ) async throws(StoreError) -> (executions: [ExecutionSummary], next: ExecutionCursor?) {
        let limit = min(max(limit, 1), 1000)
        var machine: Int32?
        if let name = filter.stateMachine { machine = try await machineID(of: name) }
        let condition = filter.condition(machine: machine)
        let parameters = condition.parameters
        // Behind the bucket and the parameters of the condition.
        let (cursor, count) = (parameters.count + 2, parameters.count + 3)
        // Each bucket gives its newest; merged, the first `limit` of them are the newest of all.
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        """
                        select coalesce(m.name || '/' || e.map_label, m.name), e.name, e.status,
                            e.started_at, e.stopped_at, e.version, e.alias, e.redrive_count, e.redriven_at, e.id,
                            left(e.error, 200)
                        from stepwell.executions e
                        join stepwell.state_machines m on m.id = e.machine
                        where e.bucket = $1 and \(condition.text) and ($\(cursor)::uuid is null or e.id < $\(cursor))
                        order by e.id desc
                        limit $\(count)
                        """,
                        [.int4(bucket)] + parameters + [.uuid(after?.startedBefore), .int8(Int64(limit + 1))]
                    )
                }
        )
        let found = try decode { () throws(PostgresError) in
            var found: [(id: PGUUID, summary: ExecutionSummary)] = []
            for rows in answers {
                for row in rows { found.append((try row.uuid(9), try summary(row, error: 10))) }
            }
            return found
        }
        let newest = found.sorted { $0.id > $1.id }
        let page = newest.prefix(limit)
        let next = newest.count > limit ? page.last.map { ExecutionCursor(startedBefore: $0.id) } : nil
        return (page.map(\.summary), next)
    }

    func machineID(of nameOrARN: String) async throws(StoreError) -> Int32 {
        let name = Settings.machineName(nameOrARN)
        let rows = try await query(
            Statement("select m.id from stepwell.state_machines m where m.name = $1", [.text(name)])
        )
        guard let row = rows.first else { throw .stateMachineDoesNotExist("there is no state machine named '\(name)'") }
        return try decode { () throws(PostgresError) in Int32(clamping: try row.int(0)) }
    }

    /// Executions of one state machine, or with one status, newest first.
    package func executions(
        stateMachine: String? = nil,
        status: ExecutionStatus? = nil,
        limit: Int = 100,
        after: ExecutionCursor? = nil
    ) async throws(StoreError) -> (executions: [ExecutionSummary], next: ExecutionCursor?) {
        var filter = ExecutionFilter()
        filter.stateMachine = stateMachine
        filter.statuses = status.map { [$0] } ?? []
        return try await executions(filter, limit: limit, after: after)
    }

    /// - Parameter error: the column of what it failed with; nil: there is none.
    func summary(_ row: Row, error: ColumnReference? = nil) throws(PostgresError) -> ExecutionSummary {
        let machine = try row.text(0)
        let name = try row.text(1)
        var summary = ExecutionSummary(
            arn: settings.executionARN(machine: machine, execution: name),
            name: name,
            stateMachine: machine,
            stateMachineARN: settings.stateMachineARN(machine),
            status: ExecutionStatus(rawValue: try row.text(2)) ?? .running,
            startedAt: Timestamp(microseconds: try row.timestamp(3)),
            stoppedAt: try row.optionalTimestamp(4).map(Timestamp.init(microseconds:)),
            version: try row.optionalInt(5),
            alias: try row.optionalText(6),
            redriveCount: try row.int(7),
            redrivenAt: try row.optionalTimestamp(8).map(Timestamp.init(microseconds:))
        )
        if let error { summary.error = try row.optionalText(error) }
        return summary
    }
}
