package import Expressions
import Postgres

/// How much there is to do for an activity, and for how many there is.
package struct ActivityFigures: Sendable, Hashable {
    /// Tasks that nobody has asked for yet.
    package var waiting = 0
    /// There are more, and counting was not gone on with.
    package var isAtLeast = false
    /// Since when the one waits that has waited longest.
    package var oldest: Timestamp?
    /// How many servers and programs wait for tasks.
    package var pollers = 0

    package init() {}
}

/// A task of an activity that nobody has asked for yet.
package struct WaitingActivityTask: Sendable {
    /// With the label of a Map, where its execution is a child of one.
    package var stateMachine: String
    package var execution: String
    package var state: String
    package var since: Timestamp
    package var deadline: Timestamp?
}

extension Store {
    /// - Parameter limit: how many tasks of an activity are counted.
    package func activityFigures(_ names: [String], upTo limit: Int) async throws(StoreError) -> [String:
        ActivityFigures]
    {
        let perBucket = max(1, limit / Int(settings.buckets))
        let tasks = (0..<settings.buckets)
            .map { bucket in
                Statement(
                    """
                    select a.name, w.count, w.oldest
                    from unnest($2::text[]) a (name)
                    cross join lateral (
                        select count(*)::int8 as count, min(t.run_at) as oldest from (
                            select s.run_at from stepwell.steps s
                            where s.bucket = $1 and s.function = 'activity:' || a.name and s.wake_at is not null and s.status = 'w'
                            order by s.run_at
                            limit $3
                        ) t
                    ) w
                    """,
                    [.int4(bucket), .textArray(names), .int8(Int64(perBucket))]
                )
            }
        let pollers = Statement(
            """
            select p.activity, count(*)::int8 from stepwell.activity_pollers p
            where p.activity = any ($1) and p.expires_at > now()
            group by p.activity
            """,
            [.textArray(names)]
        )
        let answers = try await pipeline([pollers] + tasks)
        return try decode { () throws(PostgresError) in
            var figures: [String: ActivityFigures] = [:]
            for row in answers[0] { figures[try row.text(0), default: .init()].pollers = Int(try row.int64(1)) }
            for row in answers.dropFirst().joined() {
                var figure = figures[try row.text(0)] ?? ActivityFigures()
                let count = Int(try row.int64(1))
                figure.waiting += count
                figure.isAtLeast = figure.isAtLeast || count >= perBucket
                if let oldest = try row.optionalTimestamp(2).map(Timestamp.init(microseconds:)) {
                    figure.oldest = min(figure.oldest ?? oldest, oldest)
                }
                figures[try row.text(0)] = figure
            }
            return figures
        }
    }

    /// The tasks of an activity that nobody has asked for, those that have waited longest first.
    package func waitingTasks(ofActivity name: String, limit: Int) async throws(StoreError) -> [WaitingActivityTask] {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        """
                        select coalesce(m.name || '/' || e.map_label, m.name), e.name, s.state, s.run_at, s.deadline
                        from (
                            select s.* from stepwell.steps s
                            where s.bucket = $1 and s.function = $2 and s.wake_at is not null and s.status = 'w'
                            order by s.run_at
                            limit $3
                        ) s
                        join stepwell.executions e on e.bucket = $1 and e.id = s.execution
                        join stepwell.state_machines m on m.id = e.machine
                        order by s.run_at
                        """,
                        [.int4(bucket), .text("activity:\(name)"), .int8(Int64(limit))]
                    )
                }
        )
        let found = try decode { () throws(PostgresError) in
            var found: [WaitingActivityTask] = []
            for row in answers.joined() {
                found.append(
                    WaitingActivityTask(
                        stateMachine: try row.text(0),
                        execution: try row.text(1),
                        state: try row.text(2),
                        since: Timestamp(microseconds: try row.timestamp(3)),
                        deadline: try row.optionalTimestamp(4).map(Timestamp.init(microseconds:))
                    )
                )
            }
            return found
        }
        return Array(found.sorted { $0.since < $1.since }.prefix(limit))
    }
}
