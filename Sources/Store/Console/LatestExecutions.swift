import Expressions
import Postgres

/// The newest executions of one state machine.
package struct LatestExecutions: Sendable {
    /// One of them, with the place of what is stored about it.
    package struct Element: Sendable {
        package var summary: ExecutionSummary
        fileprivate var bucket: Int32
        fileprivate var id: PGUUID
    }

    /// The newest first.
    package var elements: [Element]
    /// Whether older ones may be missing: the machine has too many to look at each, and few of them among the newest of all.
    package var mayLackOlder: Bool

    package init(elements: [Element] = [], mayLackOlder: Bool = false) {
        self.elements = elements
        self.mayLackOlder = mayLackOlder
    }
}

extension Store {
    /// All executions of a state machine are looked at if it has at most so many, in all buckets together.
    private static let few = 400
    /// Else those of it that are among so many of the newest executions of all state machines.
    private static let newest = 8000

    /// The newest executions of a state machine. The cost has a bound, however many executions there are: of a machine with
    /// few of them all are read, and it does not matter how old they are; the others are looked for among the newest.
    package func latestExecutions(
        ofStateMachine name: String,
        limit: Int
    ) async throws(StoreError) -> LatestExecutions {
        let found = try await query(
            Statement("select m.id from stepwell.state_machines m where m.name = $1", [.text(name)])
        )
        let machine = try decode { () throws(PostgresError) in try found.first?.int(0) }
        guard let machine else { return LatestExecutions() }
        let few = max(25, Self.few / Int(settings.buckets))
        let newest = max(500, Self.newest / Int(settings.buckets))
        let columns = """
            select m.name, e.name, e.status, e.started_at, e.stopped_at, e.version, e.alias, e.redrive_count,
                e.redriven_at, e.id, e.map_run is null, left(e.error, 200)
            """
        let statements = (0..<settings.buckets)
            .flatMap { bucket in
                [
                    // In the order of the index by which they are found: the first of them cost what they are.
                    Statement(
                        """
                        \(columns) from (
                            select * from stepwell.executions e
                            where e.bucket = $1 and e.machine = $2 order by e.name limit $3
                        ) e join stepwell.state_machines m on m.id = e.machine
                        """,
                        [.int4(bucket), .int4(Int32(clamping: machine)), .int8(Int64(few + 1))]
                    ),
                    Statement(
                        """
                        \(columns) from (
                            select * from stepwell.executions e where e.bucket = $1 order by e.id desc limit $3
                        ) e join stepwell.state_machines m on m.id = e.machine
                        where e.machine = $2 and e.map_run is null
                        order by e.id desc limit $4
                        """,
                        [
                            .int4(bucket), .int4(Int32(clamping: machine)), .int8(Int64(newest)), .int8(Int64(limit)),
                        ]
                    ),
                ]
            }
        let answers = try await pipeline(statements)
        var elements: [LatestExecutions.Element] = []
        var mayLackOlder = false
        for bucket in 0..<Int(settings.buckets) {
            let (all, last) = (answers[bucket * 2], answers[bucket * 2 + 1])
            let hasFew = all.count <= few
            elements += try decode { () throws(PostgresError) in
                var elements: [LatestExecutions.Element] = []
                for row in hasFew ? all : last where try row.bool(10) {
                    elements.append(
                        LatestExecutions.Element(
                            summary: try summary(row, error: 11),
                            bucket: Int32(bucket),
                            id: try row.uuid(9)
                        )
                    )
                }
                return elements
            }
            if !hasFew, last.count < limit { mayLackOlder = true }
        }
        elements.sort { $0.id > $1.id }
        return LatestExecutions(elements: Array(elements.prefix(limit)), mayLackOlder: mayLackOlder)
    }

    /// So many events are read to say how states fare, in all buckets together.
    private static let mostOutlined = 6000

    /// What some executions went through, without payloads, as far as a fixed number of events goes: the first executions
    /// come first.
    ///
    /// - Parameter transitions: how many transitions of each are read, from the beginning.
    /// - Returns: a list of events for each of them, in their order.
    package func outlines(
        of executions: [LatestExecutions.Element],
        transitions: Int
    ) async throws(StoreError) -> [[OutlinedEvent]] {
        let buckets = Set(executions.map(\.bucket)).sorted()
        let answers = try await pipeline(
            buckets.map { bucket in
                Statement(
                    """
                    select h.execution, h.first_event, h.at,
                        '{"e":' || (stepwell.readable(h.events) -> 'e')::text || '}'
                    from (
                        select h.*, sum(h.count) over (order by x.place, h.first_event) - h.count as before
                        from unnest($2::uuid[]) with ordinality as x (execution, place)
                        cross join lateral (
                            select h.execution, h.first_event, h.last_event - h.first_event + 1 as count, h.at, h.events
                            from stepwell.history h
                            where h.bucket = $1 and h.execution = x.execution
                            order by h.first_event limit $3
                        ) h
                    ) h
                    where h.before < $4
                    """,
                    [
                        .int4(bucket), .uuidArray(executions.filter { $0.bucket == bucket }.map(\.id)),
                        .int8(Int64(transitions)), .int8(Int64(max(500, Self.mostOutlined / Int(settings.buckets)))),
                    ]
                )
            }
        )
        var found: [PGUUID: [OutlinedEvent]] = [:]
        for rows in answers {
            for row in rows {
                let (id, first, at, text) = try decode { () throws(PostgresError) in
                    (
                        try row.uuid(0), try row.int(1), Timestamp(microseconds: try row.timestamp(2)),
                        try row.text(3)
                    )
                }
                let unpacked = try UnpackedEvents(text: text, firstEvent: first, at: at)
                found[id, default: []] += unpacked.events.map(OutlinedEvent.init)
            }
        }
        return executions.map { (found[$0.id] ?? []).sorted { $0.id < $1.id } }
    }
}
