package import Expressions
import Postgres

/// When something will be due, by bucket.
package struct Probe: Sendable {
    /// The database's time.
    package var now: Timestamp
    package var buckets: [BucketProbe]

    package init(now: Timestamp, buckets: [BucketProbe]) {
        self.now = now
        self.buckets = buckets
    }
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

    package init(
        bucket: Int32,
        nextReady: Timestamp? = nil,
        nextWake: Timestamp? = nil,
        nextOutbox: Timestamp? = nil
    ) {
        self.bucket = bucket
        self.nextReady = nextReady
        self.nextWake = nextWake
        self.nextOutbox = nextOutbox
    }
}

extension Store {
    /// Marks in each bucket where looks for what is due begin, as far as they have become slow: what an old snapshot may
    /// still see can't be cleared away, and they would pass over all of it. `migrations/0051_low_water.sql` has the rules.
    ///
    /// - Parameter functions: all that the process ever asks for.
    package func raiseLowWater(functions: [String]) async throws(StoreError) {
        _ = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement("select stepwell.raise_low_water($1, $2)", [.int4(bucket), .textArray(functions)])
                }
        )
    }

    /// Looks, in one round trip and with a few index look-ups per bucket, what is due and what will be next.
    ///
    /// - Parameter functions: as for a claim.
    package func probe(functions: [String]) async throws(StoreError) -> Probe {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        "select o_now, o_ready, o_wake, o_outbox from stepwell.probe($1, $2)",
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
