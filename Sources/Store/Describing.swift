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
                select coalesce(m.name || '/' || e.map_label, m.name), e.name, e.status,
                    e.started_at, e.stopped_at, e.version, e.alias, e.redrive_count, e.redriven_at, r.number,
                    e.error, e.cause, stepwell.payload(e.bucket, e.id, e.input, e.input_id),
                    stepwell.payload(e.bucket, e.id, e.output, e.output_id), e.bucket, e.id, e.trace_header,
                    stepwell.redrive_obstacle(e, (select s.history_events from stepwell.settings s)),
                    e.map_run is not null
                from stepwell.find_execution($1) e
                join stepwell.state_machines m on m.id = e.machine
                join stepwell.revisions r on r.id = e.revision
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
                steps: []
            )
        }
        if description.summary.status == .running {
            let (bucket, id) = try decode { () throws(PostgresError) in (try row.int(14), try row.uuid(15)) }
            description.steps = try await steps(bucket: Int32(clamping: bucket), execution: id)
        }
        return description
    }

    private func steps(bucket: Int32, execution: PGUUID) async throws(StoreError) -> [StepDescription] {
        let rows = try await query(
            Statement(
                """
                select state, status, function, runs_at, lease_until, worker, retry_count, children_left, entered_at
                from stepwell.step_overview
                where bucket = $1 and execution_id = $2
                order by step_id
                limit 1000
                """,
                [.int4(bucket), .uuid(execution)]
            )
        )
        return try decode { () throws(PostgresError) in
            var steps: [StepDescription] = []
            for row in rows {
                steps.append(
                    StepDescription(
                        state: try row.text(0),
                        status: try row.text(1),
                        function: try row.optionalText(2),
                        runsAt: try row.optionalTimestamp(3).map(Timestamp.init(microseconds:)),
                        leaseUntil: try row.optionalTimestamp(4).map(Timestamp.init(microseconds:)),
                        worker: try row.optionalText(5),
                        retryCount: try row.int(6),
                        childrenLeft: try row.optionalInt(7),
                        enteredAt: try row.optionalTimestamp(8).map(Timestamp.init(microseconds:))
                    )
                )
            }
            return steps
        }
    }

    /// Executions, newest first.
    ///
    /// - Parameters:
    ///   - stateMachine: only of this machine (name or ARN; with a version or an alias: only those started through it).
    ///   - status: only with this status.
    ///   - limit: the most to answer, 1 to 1,000.
    ///   - after: where the page before ended.
    package func executions(
        stateMachine: String? = nil,
        status: ExecutionStatus? = nil,
        limit: Int = 100,
        after: ExecutionCursor? = nil
    ) async throws(StoreError) -> (executions: [ExecutionSummary], next: ExecutionCursor?) {
        let limit = min(max(limit, 1), 1000)
        if let stateMachine { _ = try await definition(ofStateMachine: stateMachine) }
        let qualifier = stateMachine.flatMap(Settings.qualifier)
        let version = qualifier.flatMap { Int32($0) }
        // Each bucket gives its newest; merged, the first `limit` of them are the newest of all.
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        """
                        select coalesce(m.name || '/' || e.map_label, m.name), e.name, e.status,
                            e.started_at, e.stopped_at, e.version, e.alias, e.redrive_count, e.redriven_at, e.id
                        from stepwell.executions e
                        join stepwell.state_machines m on m.id = e.machine
                        where e.bucket = $1
                          and e.map_run is null
                          and ($2::text is null or m.name = $2)
                          and ($3::text is null or e.status = $3)
                          and ($4::uuid is null or e.id < $4)
                          and ($6::int is null or e.version = $6)
                          and ($7::text is null or e.alias = $7)
                        order by e.id desc
                        limit $5
                        """,
                        [
                            .int4(bucket), .text(stateMachine.map(Settings.machineName)), .text(status?.rawValue),
                            .uuid(after?.startedBefore), .int8(Int64(limit + 1)), .int4(version),
                            .text(version == nil ? qualifier : nil),
                        ]
                    )
                }
        )
        let found = try decode { () throws(PostgresError) in
            var found: [(id: PGUUID, summary: ExecutionSummary)] = []
            for rows in answers {
                for row in rows { found.append((try row.uuid(9), try summary(row))) }
            }
            return found
        }
        let newest = found.sorted { $0.id > $1.id }
        let page = newest.prefix(limit)
        let next = newest.count > limit ? page.last.map { ExecutionCursor(startedBefore: $0.id) } : nil
        return (page.map(\.summary), next)
    }

    func summary(_ row: Row) throws(PostgresError) -> ExecutionSummary {
        let machine = try row.text(0)
        let name = try row.text(1)
        return ExecutionSummary(
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
    }
}
