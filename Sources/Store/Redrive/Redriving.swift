package import Expressions
import Postgres

/// The answer to a redrive.
package struct RedrivenExecution: Sendable {
    package var arn: String
    package var redrivenAt: Timestamp
    /// How often the execution has been redriven, this time included.
    package var count: Int
}

extension Store {
    /// Lets an execution that failed, was aborted or timed out go on from where that happened. What succeeded is not run
    /// again, neither states nor the branches of a Parallel or the iterations of a Map.
    ///
    /// - Parameters:
    ///   - execution: an ARN or `MACHINE:NAME`.
    ///   - token: one of the last ten within a quarter of an hour asks for what it asked for then: it is answered, and not
    ///     done again.
    /// - Throws: `.executionDoesNotExist`; `.executionNotRedrivable` with the reason.
    package func redriveExecution(_ execution: String, token: String? = nil) async throws(StoreError)
        -> RedrivenExecution
    {
        let rows = try await query(
            Statement(
                """
                select stepwell.execution_arn(coalesce(m.name || '/' || e.map_label, m.name), e.name), r.o_obstacle,
                    r.o_count, r.o_at
                from stepwell.find_execution($1) e
                join stepwell.state_machines m on m.id = e.machine
                cross join lateral stepwell.redrive(e.bucket, e.id, $2) r
                """,
                [.text(execution), .text(token)]
            )
        )
        guard let row = rows.first else { throw .executionDoesNotExist("there is no execution '\(execution)'") }
        let (obstacle, redriven) = try decode { () throws(PostgresError) in
            (
                try row.optionalText(1),
                RedrivenExecution(
                    arn: try row.text(0),
                    redrivenAt: Timestamp(microseconds: try row.optionalTimestamp(3) ?? 0),
                    count: try row.optionalInt(2) ?? 0
                )
            )
        }
        if let obstacle { throw .executionNotRedrivable(obstacle) }
        return redriven
    }
}
