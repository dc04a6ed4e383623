import Postgres

/// How long executions stay after their end.
package struct Retention: Sendable, Hashable {
    /// For executions of machines that have none of their own, in seconds; nil: for ever.
    package var seconds: Int64?
    /// For single state machines, by name.
    package var machines: [String: Int64]
    /// Whether executions are written to an archive before they are forgotten.
    package var archives: Bool
}

extension Store {
    /// How long executions stay.
    package func retention() async throws(StoreError) -> Retention {
        let answers = try await pipeline([
            "select extract(epoch from s.retention)::int8, s.archives from stepwell.settings s",
            """
            select m.name, extract(epoch from m.retention)::int8 from stepwell.state_machines m
            where m.retention is not null and m.deleted_at is null
            """,
        ])
        return try decode { () throws(PostgresError) in
            let settings = try answers[0].only()
            var machines: [String: Int64] = [:]
            for row in answers[1] { machines[try row.text(0)] = try row.int64(1) }
            return Retention(seconds: try settings.optionalInt64(0), machines: machines, archives: try settings.bool(1))
        }
    }

    /// Says how long executions stay after their end.
    ///
    /// - Parameter seconds: nil: for ever.
    package func setRetention(seconds: Int64?) async throws(StoreError) {
        _ = try await query(
            Statement("update stepwell.settings set retention = make_interval(secs => $1::int8)", [.int8(seconds)])
        )
    }

    /// Says how long executions of one state machine stay after their end.
    ///
    /// - Parameter seconds: nil: as long as those of all others.
    /// - Throws: `.stateMachineDoesNotExist`.
    package func setRetention(seconds: Int64?, stateMachine: String) async throws(StoreError) {
        let rows = try await query(
            Statement(
                """
                update stepwell.state_machines m set retention = make_interval(secs => $2::int8)
                where m.name = $1 and m.deleted_at is null
                returning 1
                """,
                [.text(Settings.machineName(stateMachine)), .int8(seconds)]
            )
        )
        guard !rows.isEmpty else {
            throw .stateMachineDoesNotExist("there is no state machine '\(stateMachine)'")
        }
    }

    /// Says whether executions are written to an archive before they are forgotten.
    package func setArchives(_ archives: Bool) async throws(StoreError) {
        _ = try await query(Statement("update stepwell.settings set archives = $1", [.bool(archives)]))
    }
}
