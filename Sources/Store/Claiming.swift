package import Expressions
import Interpreter
import JSON
import Logging
package import Postgres

/// What a claim brought.
package struct Claim: Sendable {
    /// The database's time when the claim was answered; nil when nothing was leased.
    package var now: Timestamp?
    /// The steps that are now leased to this process.
    package var steps: [ClaimedStep]
    /// How many rows were leased, those included that were given back at once because this version can't run them.
    package var leasedCount: Int
    /// Since when the longest waiting of them had been ready: the low-water mark of a next claim; nil: there were none.
    package var readySince: Timestamp?

    package init(now: Timestamp?, steps: [ClaimedStep], leasedCount: Int, readySince: Timestamp? = nil) {
        self.now = now
        self.steps = steps
        self.leasedCount = leasedCount
        self.readySince = readySince
    }
}

extension Store {
    /// Leases ready steps of one bucket.
    ///
    /// - Parameters:
    ///   - functions: the functions this process has free slots for, and `""` for steps that any process can advance. One
    ///     that stands earlier is served first.
    ///   - limit: the most steps to lease.
    ///   - lease: how long they are this process's unless it extends them.
    ///   - from: the low-water mark; nothing that was ready before it is looked at. nil: everything.
    package func claim(
        bucket: Int32,
        functions: [String],
        limit: Int,
        worker: PGUUID,
        lease: Duration,
        from: Timestamp? = nil
    ) async throws(StoreError) -> Claim {
        let answer = try await query(
            Statement(
                """
                select \(ClaimRow.columns), now(), c.run_at
                from stepwell.claim($1, $2, $3, $4, $5 * interval '1 microsecond', coalesce($6, '-infinity')) c
                """,
                [
                    .int4(bucket), .textArray(functions), .int4(Int32(clamping: limit)), .uuid(worker),
                    .int8(lease.microseconds), .timestamptz(microseconds: from?.microseconds),
                ]
            )
        )
        let (rows, now, readySince) = try decode { () throws(PostgresError) in
            var rows: [ClaimRow] = []
            var now: Int64 = 0
            var readySince: Int64?
            for row in answer {
                rows.append(try ClaimRow(row, bucket: bucket))
                now = try row.timestamp(.index(ClaimRow.columnCount))
                let readyAt = try row.timestamp(.index(ClaimRow.columnCount + 1))
                readySince = min(readySince ?? readyAt, readyAt)
            }
            return (rows, Timestamp(microseconds: now), readySince.map(Timestamp.init(microseconds:)))
        }
        guard !rows.isEmpty else { return Claim(now: nil, steps: [], leasedCount: 0) }
        var loader = StepLoader(store: self, bucket: bucket, rows: rows, now: now)
        let loaded: (steps: [ClaimedStep], unusable: [StepLease], early: [StepLease])
        do throws(StoreError) {
            loaded = try await loader.load()
        } catch {
            // Nobody will work on these: without this they would wait for the end of the lease.
            _ = try? await release(rows.map(\.lease), bucket: bucket, worker: worker, delay: .seconds(1))
            throw error
        }
        if !loaded.unusable.isEmpty {
            logger.error(
                "Steps can't be run by this version and are given back",
                metadata: ["count": "\(loaded.unusable.count)", "bucket": "\(bucket)"]
            )
            _ = try await release(loaded.unusable, bucket: bucket, worker: worker, delay: .seconds(10))
        }
        if !loaded.early.isEmpty {
            _ = try await release(loaded.early, bucket: bucket, worker: worker, delay: .milliseconds(200))
        }
        return Claim(now: now, steps: loaded.steps, leasedCount: rows.count, readySince: readySince)
    }
}
