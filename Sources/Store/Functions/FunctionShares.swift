package import Postgres

/// What a worker says of a function when it asks for its share.
package struct ShareRequest: Sendable {
    package var function: String
    /// How many calls it may have run since it asked last.
    package var holding: Int
    /// How many it has a use for.
    package var wanted: Int

    package init(function: String, holding: Int, wanted: Int) {
        self.function = function
        self.holding = holding
        self.wanted = wanted
    }
}

/// How much of a function that is limited in the whole installation one worker may run.
package struct FunctionShare: Sendable, Hashable {
    /// Calls at once; nil: as many as it likes.
    package var slots: Int?
    /// Calls that begin in a second; nil: as many as it likes.
    package var rate: Double?

    package init(slots: Int?, rate: Double?) {
        self.slots = slots
        self.rate = rate
    }
}

extension Store {
    /// Asks for a worker's shares of functions. Those that are not in the answer have no limits.
    ///
    /// - Parameter lifetime: for how long they hold without being asked for again.
    package func shares(
        of worker: PGUUID,
        _ requests: [ShareRequest],
        lifetime: Duration
    ) async throws(StoreError) -> [String: FunctionShare] {
        let rows = try await query(
            Statement(
                "select * from stepwell.share_functions($1, $2, $3, $4, $5 * interval '1 microsecond')",
                [
                    .uuid(worker), .textArray(requests.map(\.function)),
                    .int4Array(requests.map { Int32(clamping: $0.holding) }),
                    .int4Array(requests.map { Int32(clamping: $0.wanted) }), .int8(lifetime.microseconds),
                ]
            )
        )
        return try decode { () throws(PostgresError) in
            var shares: [String: FunctionShare] = [:]
            for row in rows {
                shares[try row.text(0)] = FunctionShare(slots: try row.optionalInt(1), rate: try row.optionalDouble(2))
            }
            return shares
        }
    }

    /// Gives the shares of a worker back that runs nothing any more.
    package func dropShares(of worker: PGUUID) async throws(StoreError) {
        _ = try await query(
            Statement("delete from stepwell.function_shares where worker = $1", [.uuid(worker)])
        )
    }
}
