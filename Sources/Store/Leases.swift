package import Postgres

extension Store {
    /// Extends leases from now on.
    ///
    /// - Returns: the steps that are still this process's; the work on all others is to be dropped.
    package func extend(
        _ leases: [StepLease],
        bucket: Int32,
        lease: Duration
    ) async throws(StoreError) -> Set<StepKey> {
        guard !leases.isEmpty else { return [] }
        let rows = try await query(
            Statement(
                "select e from stepwell.extend($1, $2 * interval '1 microsecond', $3, $4, $5) as e",
                [.int4(bucket), .int8(lease.microseconds)] + columns(leases)
            )
        )
        return try decode { () throws(PostgresError) in
            var kept: Set<StepKey> = []
            for row in rows {
                let place = try row.int(0) - 1
                if leases.indices.contains(place) { kept.insert(leases[place].key) }
            }
            return kept
        }
    }

    /// Gives leases back, for the same work and without anything counting against the steps.
    ///
    /// - Parameter delay: how long nobody should claim them.
    /// - Returns: how many were given back; the others were not this process's any more.
    @discardableResult
    package func release(
        _ leases: [StepLease],
        bucket: Int32,
        worker: PGUUID,
        delay: Duration = .zero
    ) async throws(StoreError) -> Int {
        guard !leases.isEmpty else { return 0 }
        let rows = try await query(
            Statement(
                "select stepwell.release($1, $2, $3, $4, $5, $6 * interval '1 microsecond')",
                [.int4(bucket), .uuid(worker)] + columns(leases) + [.int8(delay.microseconds)]
            )
        )
        return try decode { () throws(PostgresError) in try rows.only().int(0) }
    }

    /// Notes that the handler of a suspect begins: should the process die now, it counts against the step.
    ///
    /// - Returns: false when the step is not this process's any more.
    package func startSuspect(_ lease: StepLease) async throws(StoreError) -> Bool {
        let rows = try await query(
            Statement(
                "select stepwell.start_suspect($1, $2, $3, $4)",
                [.int4(lease.key.bucket), .uuid(lease.key.execution), .int8(lease.key.id), .int8(lease.fence)]
            )
        )
        return try decode { () throws(PostgresError) in try rows.only().bool(0) }
    }

    /// Rescues steps whose lease is over and ends waits that took too long.
    ///
    /// - Returns: how many steps were looked at; when it is `limit`, there are more.
    package func sweep(bucket: Int32, limit: Int = 100) async throws(StoreError) -> Int {
        let rows = try await query(
            Statement("select stepwell.sweep($1, $2)", [.int4(bucket), .int4(Int32(clamping: limit))])
        )
        return try decode { () throws(PostgresError) in try rows.only().int(0) }
    }

    private func columns(_ leases: [StepLease]) -> [PostgresValue] {
        [
            .uuidArray(leases.map(\.key.execution)), .int8Array(leases.map(\.key.id)), .int8Array(leases.map(\.fence)),
        ]
    }
}
