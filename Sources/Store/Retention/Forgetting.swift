package import Postgres

/// What became of a page of executions that were old enough to have expired.
package struct ForgottenPage: Sendable {
    /// How many executions were looked at; fewer than asked for: these were the last.
    package var seen: Int
    /// How many are forgotten now.
    package var forgotten: Int
    /// The id behind which the next page begins.
    package var last: PGUUID?
}

extension Store {
    /// Forgets executions of one bucket that have ended long enough ago, a page of them in one transaction. Harmless
    /// from several processes at once: each takes others.
    ///
    /// - Parameters:
    ///   - after: where the page before ended; nil: from the beginning.
    ///   - limit: the most executions to look at.
    ///   - archive: called with the executions (`MACHINE:NAME`) before they go; if it throws, they stay. Should this process
    ///     be killed between that and the end of the transaction, it will be called for them again.
    /// - Throws: ``StoreError``, and what `archive` throws.
    package func forgetExpired(
        bucket: Int32,
        after: PGUUID?,
        limit: Int,
        archive: ([String]) async throws -> Void
    ) async throws -> ForgottenPage {
        do {
            return try await pool.withTransaction { transaction in
                let rows = try await transaction.query(
                    Statement(
                        "select o_execution, o_has_expired, o_name, o_map_run from stepwell.expired_executions($1, $2, $3)",
                        [.int4(bucket), .uuid(after), .int4(Int32(clamping: limit))]
                    )
                )
                var expired: [(id: PGUUID, name: String, run: PGUUID?)] = []
                var page = ForgottenPage(seen: rows.count, forgotten: 0, last: nil)
                for row in rows {
                    page.last = try row.uuid(0)
                    if try row.bool(1) { expired.append((try row.uuid(0), try row.text(2), try row.optionalUUID(3))) }
                }
                let running = try await runningMapRuns(among: Set(expired.compactMap(\.run)))
                expired.removeAll { $0.run.map(running.contains) ?? false }
                guard !expired.isEmpty else { return page }
                try await archive(expired.map(\.name))
                let ids = PostgresValue.uuidArray(expired.map(\.id))
                try await forgetShards(ofRunsOf: ids, bucket: bucket)
                let forgotten = try await transaction.query(
                    Statement("select stepwell.forget_executions($1, $2)", [.int4(bucket), ids])
                )
                page.forgotten = try forgotten.only().int(0)
                return page
            }
        } catch let error as PostgresError {
            throw StoreError(error)
        }
    }

    /// A map run reads what its children came to when it ends: until then they stay. Their run is in any bucket.
    private func runningMapRuns(among runs: Set<PGUUID>) async throws(StoreError) -> Set<PGUUID> {
        guard !runs.isEmpty else { return [] }
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map {
                    Statement(
                        """
                        select r.id from stepwell.map_runs r
                        where r.bucket = $1 and r.id = any ($2) and r.status = 'RUNNING'
                        """,
                        [.int4($0), .uuidArray(Array(runs))]
                    )
                }
        )
        return try decode { () throws(PostgresError) in
            var running: Set<PGUUID> = []
            for rows in answers { for row in rows { running.insert(try row.uuid(0)) } }
            return running
        }
    }

    /// The counts of map runs are where their children are, in every bucket.
    private func forgetShards(ofRunsOf executions: PostgresValue, bucket: Int32) async throws(StoreError) {
        let rows = try await query(
            Statement(
                "select r.id from stepwell.map_runs r where r.bucket = $1 and r.execution = any ($2)",
                [.int4(bucket), executions]
            )
        )
        let runs = try decode { () throws(PostgresError) in
            var runs: [PGUUID] = []
            for row in rows { runs.append(try row.uuid(0)) }
            return runs
        }
        guard !runs.isEmpty else { return }
        _ = try await pipeline(
            (0..<settings.buckets)
                .map {
                    Statement(
                        "delete from stepwell.map_run_shards s where s.bucket = $1 and s.run = any ($2)",
                        [.int4($0), .uuidArray(runs)]
                    )
                }
        )
    }

    /// Drops the history of a week of starts of which hardly an execution is left.
    ///
    /// - Returns: whether there was such a week.
    package func dropExpiredPartition() async throws(StoreError) -> Bool {
        let rows = try await query(
            Statement("select stepwell.drop_expired_partition($1) is not null", [.int4(Self.mostKept)])
        )
        return try decode { () throws(PostgresError) in try rows.only().bool(0) }
    }

    /// Of more executions than this the history is not moved while transitions wait.
    private static let mostKept: Int32 = 1000
}
