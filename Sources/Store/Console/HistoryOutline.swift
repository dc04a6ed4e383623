package import Expressions
package import Interpreter
import JSON
import Postgres

/// An event without its payloads: what a picture of an execution needs.
package struct OutlinedEvent: Sendable, Hashable {
    package var id: Int
    package var previous: Int
    package var type: EventType
    package var at: Timestamp
    /// The state that it names, if it names one.
    package var state: String?
    package var resource: String?
    package var error: String?
    /// How many items a Map has.
    package var length: Int?
    /// Of an iteration of a Map.
    package var index: Int?

    package init(
        id: Int,
        previous: Int,
        type: EventType,
        at: Timestamp,
        state: String? = nil,
        resource: String? = nil,
        error: String? = nil,
        length: Int? = nil,
        index: Int? = nil
    ) {
        self.id = id
        self.previous = previous
        self.type = type
        self.at = at
        self.state = state
        self.resource = resource
        self.error = error
        self.length = length
        self.index = index
    }
}

/// How far an execution has come.
package struct ExecutionProgress: Sendable, Hashable {
    package var status: ExecutionStatus
    package var lastEvent: Int
}

extension Store {
    /// The events of an execution without their payloads, which are not even read.
    ///
    /// - Parameters:
    ///   - execution: an ARN or `MACHINE:NAME`.
    ///   - after: the id behind which to begin.
    ///   - limit: the most to answer.
    ///   - fromEnd: the last events instead of the first. They are in their order all the same.
    package func historyOutline(
        _ execution: String,
        after: Int = 0,
        limit: Int,
        fromEnd: Bool = false
    ) async throws(StoreError) -> [OutlinedEvent] {
        let found = try await query(
            Statement("select e.bucket, e.id, e.started_at from stepwell.find_execution($1) e", [.text(execution)])
        )
        guard let row = found.first else { throw .executionDoesNotExist("there is no execution '\(execution)'") }
        let (bucket, id, started) = try decode { () throws(PostgresError) in
            (Int32(clamping: try row.int(0)), try row.uuid(1), Timestamp(microseconds: try row.timestamp(2)))
        }
        let order = fromEnd ? "desc" : "asc"
        // The row that the page begins in is found by the key: what lies before it is not read.
        let rows = try await query(
            Statement(
                """
                select h.first_event, h.at, '{"e":' || (stepwell.readable(h.events) -> 'e')::text || '}'
                from stepwell.history h
                where h.bucket = $1 and h.execution = $2
                  and h.first_event >= coalesce((select max(b.first_event) from stepwell.history b
                      where b.bucket = $1 and b.execution = $2 and b.first_event <= $3), 0)
                order by h.first_event \(order) limit $4
                """,
                [
                    .int4(bucket), .uuid(id), .int4(Int32(clamping: max(0, min(after, .max - 1)) + 1)),
                    .int8(Int64(limit)),
                ]
            )
        )
        var events: [OutlinedEvent] = []
        for row in rows {
            let (first, at, text) = try decode { () throws(PostgresError) in
                (try row.int(0), Timestamp(microseconds: try row.timestamp(1)), try row.text(2))
            }
            let unpacked = try UnpackedEvents(text: text, firstEvent: first, at: at).events.filter { $0.id > after }
            events += (fromEnd ? unpacked.reversed() : unpacked).map(OutlinedEvent.init)
            if events.count >= limit { break }
        }
        // Event 1 is not stored.
        let start = OutlinedEvent(id: 1, previous: 0, type: .executionStarted, at: started)
        if fromEnd {
            if events.count < limit, after < 1 { events.append(start) }
            return events.prefix(limit).reversed()
        }
        if after < 1 { events.insert(start, at: 0) }
        return Array(events.prefix(limit))
    }

    /// How far an execution has come: for those who watch it.
    package func progress(of execution: String) async throws(StoreError) -> ExecutionProgress {
        let rows = try await query(
            Statement(
                """
                select e.status, coalesce(s.events, e.last_event, 1)
                from stepwell.find_execution($1) e
                left join stepwell.steps s on s.bucket = e.bucket and s.execution = e.id and s.id = 0
                """,
                [.text(execution)]
            )
        )
        guard let row = rows.first else { throw .executionDoesNotExist("there is no execution '\(execution)'") }
        return try decode { () throws(PostgresError) in
            ExecutionProgress(
                status: ExecutionStatus(rawValue: try row.text(0)) ?? .running,
                lastEvent: try row.int(1)
            )
        }
    }
}

extension OutlinedEvent {
    init(_ event: UnpackedEvents.Event) {
        self.init(id: event.id, previous: event.previous, type: event.type, at: event.timestamp)
        for (name, value) in event.details {
            switch name {
            case "name", "state": state = value.string
            case "resource": resource = value.string
            case "error": error = value.string
            case "length": length = value.number?.exactly(Int.self)
            case "index": index = value.number?.exactly(Int.self)
            default: break
            }
        }
    }
}
