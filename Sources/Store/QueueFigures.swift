package import JSON
import Postgres

/// How much there is to do, for those who watch.
package struct QueueFigures: Sendable {
    /// A number, or the least that it can be.
    package struct Count: Sendable, Hashable {
        package var count: Int
        /// Counting was not gone on with.
        package var isAtLeast: Bool

        package init(_ count: Int = 0, isAtLeast: Bool = false) {
            self.count = count
            self.isAtLeast = isAtLeast
        }

        package static func += (left: inout Self, right: Self) {
            left = Count(left.count + right.count, isAtLeast: left.isAtLeast || right.isAtLeast)
        }
    }

    package struct Queue: Sendable {
        package var function: String
        package var ready = Count()
        package var sleeping = Count()
        package var leased = Count()
        package var waiting = Count()
        /// How long the oldest ready step has been ready.
        package var oldestSeconds = 0.0

        init(function: String) { self.function = function }

        fileprivate var hasSteps: Bool { [ready, sleeping, leased, waiting].contains { $0.count > 0 } }

        fileprivate mutating func add(_ count: Count, of kind: String, oldestSeconds: Double) {
            switch kind {
            case "ready":
                ready += count
                self.oldestSeconds = max(self.oldestSeconds, oldestSeconds)
            case "sleeping": sleeping += count
            case "leased": leased += count
            default: waiting += count
            }
        }
    }

    /// What a live worker says of itself.
    package struct WorkerReport: Sendable {
        package var name: String
        package var figures: JSONValue
    }

    package var openExecutions: Count
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
            where stepwell.lives(w.seen_at) and w.figures is not null
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

    /// How many of a kind the figures count before they say "at least".
    package static let queueLimit = 20_000

    /// Counts live steps by function, each kind up to a limit: so the cost does not grow with the queue beyond it.
    ///
    /// - Parameter limit: nil: everything is counted.
    package func queueFigures(upTo limit: Int? = queueLimit) async throws(StoreError) -> QueueFigures {
        let perBucket = limit.map { max(1, $0 / Int(settings.buckets)) } ?? Int(Int32.max)
        let parameter = PostgresValue.int4(Int32(clamping: perBucket))
        let queues = (0..<settings.buckets)
            .map {
                Statement(
                    """
                    select q.o_function, q.o_kind, q.o_count, q.o_is_more,
                        coalesce(extract(epoch from now() - q.o_oldest), 0)::float8
                    from stepwell.queue_figures($1, $2) q
                    """,
                    [.int4($0), parameter]
                )
            }
        let open = (0..<settings.buckets)
            .map {
                Statement(
                    """
                    select count(*)::int8 from (
                        select from stepwell.steps s where s.bucket = $1 and s.id = 0 order by s.execution limit $2) s
                    """,
                    [.int4($0), parameter]
                )
            }
        let workers = Statement("select count(*)::int8 from stepwell.workers w where stepwell.lives(w.seen_at)")
        let answers = try await pipeline([workers] + queues + open)
        return try decode { () throws(PostgresError) in
            var figures = QueueFigures(
                openExecutions: QueueFigures.Count(),
                liveWorkers: try answers[0].only().int(0),
                queues: []
            )
            var found: [String: QueueFigures.Queue] = [:]
            for rows in answers[1...queues.count] {
                for row in rows {
                    let function = FairRule.function(ofQueue: try row.text(0))
                    var queue = found[function] ?? QueueFigures.Queue(function: function)
                    queue.add(
                        QueueFigures.Count(try row.int(2), isAtLeast: try row.bool(3)),
                        of: try row.text(1),
                        oldestSeconds: try row.double(4)
                    )
                    found[function] = queue
                }
            }
            for rows in answers[(queues.count + 1)...] {
                let count = try rows.only().int(0)
                figures.openExecutions += QueueFigures.Count(count, isAtLeast: count >= perBucket)
            }
            figures.queues = found.values.filter(\.hasSteps).sorted { $0.function < $1.function }
            return figures
        }
    }
}
