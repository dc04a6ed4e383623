package import JSON
import Postgres

/// How much there is to do, for those who watch.
package struct QueueFigures: Sendable {
    package struct Queue: Sendable {
        package var function: String
        package var ready: Int
        package var sleeping: Int
        package var leased: Int
        package var waiting: Int
        /// How long the oldest ready step has been ready.
        package var oldestSeconds: Double
    }

    /// What a live worker says of itself.
    package struct WorkerReport: Sendable {
        package var name: String
        package var figures: JSONValue
    }

    package var openExecutions: Int
    package var liveWorkers: Int
    package var queues: [Queue]
}

extension Store {
    /// What the live workers have done so far.
    package func workerReports() async throws(StoreError) -> [QueueFigures.WorkerReport] {
        let rows = try await query(
            """
            select w.host || '/' || w.name, w.figures
            from stepwell.workers w
            where w.seen_at > now() - interval '30 seconds' and w.figures is not null
            order by 1 limit 1000
            """
        )
        return try decode { () throws(PostgresError) in
            var reports: [QueueFigures.WorkerReport] = []
            for row in rows {
                guard let figures = try? JSONValue(parsing: try row.text(1)) else { continue }
                reports.append(QueueFigures.WorkerReport(name: try row.text(0), figures: figures))
            }
            return reports
        }
    }
}

extension Store {
    /// Throws if the database does not answer.
    package func ping() async throws(StoreError) { _ = try await query("select 1") }

    /// Counts every live step: its cost grows with them, so it is for scrapers, not for loops.
    package func queueFigures() async throws(StoreError) -> QueueFigures {
        let rows = try await query(
            """
            select q.function, q.ready::int8, q.sleeping::int8, q.leased::int8, q.waiting::int8,
                coalesce(extract(epoch from now() - q.oldest), 0)::float8
            from stepwell.queue_overview q order by q.function
            """
        )
        let totals = try await query(
            """
            select (select count(*) from stepwell.execution_heads)::int8,
                (select count(*) from stepwell.workers w where w.seen_at > now() - interval '30 seconds')::int8
            """
        )
        return try decode { () throws(PostgresError) in
            var queues: [QueueFigures.Queue] = []
            for row in rows {
                queues.append(
                    QueueFigures.Queue(
                        function: try row.text(0),
                        ready: try row.int(1),
                        sleeping: try row.int(2),
                        leased: try row.int(3),
                        waiting: try row.int(4),
                        oldestSeconds: try row.double(5)
                    )
                )
            }
            let total = try totals.only()
            return QueueFigures(openExecutions: try total.int(0), liveWorkers: try total.int(1), queues: queues)
        }
    }
}
