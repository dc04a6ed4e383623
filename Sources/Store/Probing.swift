package import Expressions
import Postgres

/// When something will be due, by bucket.
package struct Probe: Sendable {
    /// The database's time.
    package var now: Timestamp
    package var buckets: [BucketProbe]
}

/// When something will be due in one bucket; nil: nothing is in sight.
package struct BucketProbe: Sendable, Hashable {
    package var bucket: Int32
    /// A step that the probing process could claim.
    package var nextReady: Timestamp?
    /// A step to be looked at by ``Store/sweep(bucket:limit:)``.
    package var nextWake: Timestamp?
    /// A message to be delivered by ``Store/deliverOutbox(bucket:limit:)``.
    package var nextOutbox: Timestamp?
}

extension Store {
    /// Looks, in one round trip and with a few index look-ups per bucket, what is due and what will be next.
    ///
    /// - Parameter functions: as for a claim.
    package func probe(functions: [String]) async throws(StoreError) -> Probe {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        """
                        select now(),
                            (select min(r.run_at) from unnest($2::text[]) as f (name) cross join lateral (
                                select s.run_at from stepwell.steps s
                                where s.bucket = $1 and s.function = f.name and s.status = 'r'
                                order by s.run_at limit 1) r),
                            (select s.wake_at from stepwell.steps s
                                where s.bucket = $1 and s.wake_at is not null order by s.wake_at limit 1),
                            (select o.run_at from stepwell.outbox o where o.bucket = $1 order by o.run_at limit 1)
                        """,
                        [.int4(bucket), .textArray(functions)]
                    )
                }
        )
        return try decode { () throws(PostgresError) in
            var probe = Probe(now: Timestamp(microseconds: 0), buckets: [])
            for (bucket, rows) in answers.enumerated() {
                let row = try rows.only()
                probe.now = Timestamp(microseconds: try row.timestamp(0))
                probe.buckets.append(
                    BucketProbe(
                        bucket: Int32(clamping: bucket),
                        nextReady: try row.optionalTimestamp(1).map(Timestamp.init(microseconds:)),
                        nextWake: try row.optionalTimestamp(2).map(Timestamp.init(microseconds:)),
                        nextOutbox: try row.optionalTimestamp(3).map(Timestamp.init(microseconds:))
                    )
                )
            }
            return probe
        }
    }
}
