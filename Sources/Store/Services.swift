import Postgres

extension Store {
    /// Says which services a worker can call.
    package func offerServices(_ names: [String]) async throws(StoreError) {
        guard !names.isEmpty else { return }
        _ = try await query(Statement("select stepwell.offer_services($1)", [.textArray(names)]))
    }

    /// The services that some worker can call, or could a day ago.
    package func offeredServices() async throws(StoreError) -> Set<String> {
        Set(try names(in: try await query("select stepwell.offered_services()")))
    }

    /// Functions that steps wait for and no live worker offers: up to `limit` of each bucket.
    package func orphanedFunctions(limit: Int) async throws(StoreError) -> Set<String> {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        "select stepwell.orphaned_functions($1, $2)",
                        [.int4(bucket), .int4(Int32(clamping: limit))]
                    )
                }
        )
        var found: Set<String> = []
        for rows in answers { found.formUnion(try names(in: rows)) }
        return found
    }

    /// Of some functions, those that a live worker offers.
    package func offeredFunctions(among names: [String]) async throws(StoreError) -> Set<String> {
        guard !names.isEmpty else { return [] }
        let rows = try await query(Statement("select stepwell.offered_functions($1)", [.textArray(names)]))
        return Set(try self.names(in: rows))
    }

    private func names(in rows: Rows) throws(StoreError) -> [String] {
        try decode { () throws(PostgresError) in
            var names: [String] = []
            for row in rows { names.append(try row.text(0)) }
            return names
        }
    }
}
