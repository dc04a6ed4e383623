package import Expressions
import Postgres

/// What was started in one minute, and what came of it.
package struct MinuteOfActivity: Sendable, Hashable {
    /// When the minute began.
    package var at: Timestamp
    /// How many executions were started. Where there were very many, it is estimated from the first of them.
    package var started: Int
    /// How many of those have failed, timed out or been stopped by now.
    package var failed: Int
    /// How long those took that have ended, in microseconds: half of them took no longer, and 95 of a hundred.
    package var median: Int64?
    package var slowest: Int64?
}

extension Store {
    /// How many executions of a minute are looked at, in all buckets together.
    private static let activitySample = 160

    /// The last minutes, oldest first. However many executions there are, some two hundred rows of each minute are read.
    package func recentActivity(minutes: Int = 60) async throws(StoreError) -> [MinuteOfActivity] {
        let sample = max(10, Self.activitySample / Int(settings.buckets))
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        """
                        select p.at, s.started, s.failed, s.milliseconds, s.percentiles[1], s.percentiles[2]
                        from (
                            select date_trunc('minute', now()) - (n * interval '1 minute') as at
                            from generate_series($3 - 1, 0, -1) n
                        ) p
                        cross join lateral (
                            select count(*) as started, count(*) filter (where e.failed_as is not null) as failed,
                                coalesce(extract(epoch from max(e.started_at) - min(e.started_at)) * 1000, 0)::int8
                                    as milliseconds,
                                percentile_disc(array[0.5, 0.95]) within group (
                                    order by (extract(epoch from e.stopped_at - e.started_at) * 1000000)::int8
                                ) as percentiles
                            from (
                                select e.started_at, e.stopped_at, e.failed_as from stepwell.executions e
                                where e.bucket = $1 and e.id >= stepwell.uuid_at(p.at)
                                  and e.id < stepwell.uuid_at(p.at + interval '1 minute')
                                order by e.id
                                limit $2
                            ) e
                        ) s
                        order by p.at
                        """,
                        [.int4(bucket), .int8(Int64(sample)), .int4(Int32(clamping: minutes))]
                    )
                }
        )
        return try decode { () throws(PostgresError) in
            var parts: [[MinuteOfActivity]] = []
            for rows in answers {
                var part: [MinuteOfActivity] = []
                for row in rows { part.append(try Self.minute(row, sample: sample)) }
                parts.append(part)
            }
            return Self.merged(parts)
        }
    }

    private static func minute(_ row: Row, sample: Int) throws(PostgresError) -> MinuteOfActivity {
        var minute = MinuteOfActivity(
            at: Timestamp(microseconds: try row.timestamp(0)),
            started: try row.int(1),
            failed: try row.int(2),
            median: try row.optionalInt64(4),
            slowest: try row.optionalInt64(5)
        )
        let milliseconds = try row.int64(3)
        if minute.started >= sample, milliseconds > 0 {
            // They came in so short a time: the rest of the minute was like it.
            let factor = max(1, 60_000 / Double(milliseconds))
            minute.started = Int(Double(minute.started) * factor)
            minute.failed = Int(Double(minute.failed) * factor)
        }
        return minute
    }

    /// Buckets are alike: percentiles are averaged by the number of executions.
    private static func merged(_ parts: [[MinuteOfActivity]]) -> [MinuteOfActivity] {
        guard var minutes = parts.first else { return [] }
        for index in minutes.indices {
            let all = parts.compactMap { $0.indices.contains(index) ? $0[index] : nil }
            minutes[index].started = all.reduce(0) { $0 + $1.started }
            minutes[index].failed = all.reduce(0) { $0 + $1.failed }
            minutes[index].median = average(all, \.median)
            minutes[index].slowest = average(all, \.slowest)
        }
        return minutes
    }

    private static func average(
        _ minutes: [MinuteOfActivity],
        _ value: KeyPath<MinuteOfActivity, Int64?>
    ) -> Int64? {
        let known = minutes.compactMap { minute in
            minute[keyPath: value].map { (Double($0), Double(max(1, minute.started))) }
        }
        guard !known.isEmpty else { return nil }
        let weight = known.reduce(0) { $0 + $1.1 }
        return Int64(known.reduce(0) { $0 + $1.0 * $1.1 } / weight)
    }
}
