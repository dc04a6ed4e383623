import Expressions
import Interpreter
import JSON
import Postgres

extension Store {
    /// The events of an execution, exactly as AWS shows them, a page at a time.
    ///
    /// - Parameters:
    ///   - execution: an ARN or `MACHINE:NAME`.
    ///   - after: the id of the last event of the page before; 0 = from the beginning (reversed: from the end).
    ///   - limit: the most events to answer, 1 to 1,000.
    ///   - reversed: newest first.
    package func history(
        _ execution: String,
        after: Int = 0,
        limit: Int = 1000,
        reversed: Bool = false
    ) async throws(StoreError) -> [RecordedEvent] {
        let limit = min(max(limit, 1), 1000)
        // Event 1 has the execution's input, which may be large: who reads on from somewhere does without.
        let mayNeedInput = reversed || after < 1
        let rows = try await query(
            Statement(
                """
                select e.bucket, e.id, e.started_at, r.role_arn,
                    case when $2 then stepwell.payload(e.bucket, e.id, e.input, e.input_id) else 'null' end, m.name,
                    e.alias, e.version
                from stepwell.find_execution($1) e
                join stepwell.state_machines m on m.id = e.machine
                join stepwell.revisions r on r.id = e.revision
                """,
                [.text(execution), .bool(mayNeedInput)]
            )
        )
        guard let row = rows.first else { throw .executionDoesNotExist("there is no execution '\(execution)'") }
        let (bucket, id) = try decode { () throws(PostgresError) in (Int32(clamping: try row.int(0)), try row.uuid(1)) }

        var events: [RecordedEvent] = []
        if !reversed, after < 1 { events.append(try startEvent(row)) }
        let stored = try await storedEvents(
            bucket: bucket,
            execution: id,
            after: after,
            limit: limit,
            reversed: reversed
        )
        events += stored
        if reversed, events.count < limit, after == 0 || after > 1 { events.append(try startEvent(row)) }
        return Array(events.prefix(limit))
    }

    /// Event 1: it is not stored, the execution's own row has all of it.
    private func startEvent(_ row: Row) throws(StoreError) -> RecordedEvent {
        let event = try decode { () throws(PostgresError) in
            var details: [HistoryEvent.Detail] = [
                .init("input", .payload(JSONDocument(trusted: try row.text(4))))
            ]
            if let role = try row.optionalText(3) { details.append(.init("roleArn", .string(role))) }
            let machine = settings.stateMachineARN(try row.text(5))
            if let alias = try row.optionalText(6) {
                details.append(.init("stateMachineAliasArn", .string("\(machine):\(alias)")))
            }
            if let version = try row.optionalInt(7) {
                details.append(.init("stateMachineVersionArn", .string("\(machine):\(version)")))
            }
            return HistoryEvent(
                type: .executionStarted,
                previous: .recorded(0),
                timestamp: Timestamp(microseconds: try row.timestamp(2)),
                details: details
            )
        }
        return RecordedEvent(id: 1, json: event.json(id: 1, previous: 0))
    }

    private func storedEvents(
        bucket: Int32,
        execution: PGUUID,
        after: Int,
        limit: Int,
        reversed: Bool
    ) async throws(StoreError) -> [RecordedEvent] {
        let forward = """
            select first_event, at, events from stepwell.history
            where bucket = $1 and execution = $2
              and first_event >= coalesce((select max(h.first_event) from stepwell.history h
                  where h.bucket = $1 and h.execution = $2 and h.first_event <= $3), 0)
            order by first_event limit $4
            """
        let backward = """
            select first_event, at, events from stepwell.history
            where bucket = $1 and execution = $2 and first_event < $3
            order by first_event desc limit $4
            """
        // The first event to show going forward; going backward, the one after the first to show.
        let bound = reversed ? (after == 0 ? Int(Int32.max) : after) : after + 1
        let rows = try await query(
            Statement(
                reversed ? backward : forward,
                [.int4(bucket), .uuid(execution), .int4(Int32(clamping: bound)), .int8(Int64(limit))]
            )
        )
        var unpacked: [UnpackedEvents] = []
        var references: Set<PGUUID> = []
        var seen = 0
        for row in rows where seen < limit {
            let (first, at, text) = try decode { () throws(PostgresError) in
                (try row.int(0), Timestamp(microseconds: try row.timestamp(1)), try row.text(2))
            }
            var events = try UnpackedEvents(text: text, firstEvent: first, at: at)
            events.events.removeAll { reversed ? $0.id >= bound : $0.id < bound }
            if reversed { events.events.reverse() }
            seen += events.events.count
            references.formUnion(events.references)
            unpacked.append(events)
        }
        let stored = try await payloads(references, bucket: bucket, execution: execution)
        var recorded: [RecordedEvent] = []
        for row in unpacked {
            for event in row.events where recorded.count < limit {
                let history = try row.historyEvent(event, stored: stored)
                recorded.append(RecordedEvent(id: event.id, json: history.json(id: event.id, previous: event.previous)))
            }
        }
        return recorded
    }

    func payloads(
        _ ids: Set<PGUUID>,
        bucket: Int32,
        execution: PGUUID
    ) async throws(StoreError) -> [PGUUID: String] {
        guard !ids.isEmpty else { return [:] }
        var statements = [payloadStatement(bucket: bucket, execution: execution, ids: Array(ids))]
        if ids.contains(UnpackedEvents.executionInput) {
            statements.append(
                Statement(
                    """
                    select $3::uuid, stepwell.payload(e.bucket, e.id, e.input, e.input_id)
                    from stepwell.executions e where e.bucket = $1 and e.id = $2
                    """,
                    [.int4(bucket), .uuid(execution), .uuid(UnpackedEvents.executionInput)]
                )
            )
        }
        let answers = try await pipeline(statements)
        return try decode { () throws(PostgresError) in
            var texts: [PGUUID: String] = [:]
            for row in answers.joined() { texts[try row.uuid(0)] = try row.text(1) }
            return texts
        }
    }

    func payloadStatement(bucket: Int32, execution: PGUUID, ids: [PGUUID]) -> Statement {
        Statement(
            "select id, value from stepwell.payloads where bucket = $1 and execution = $2 and id = any ($3)",
            [.int4(bucket), .uuid(execution), .uuidArray(ids)]
        )
    }
}
