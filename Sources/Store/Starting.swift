package import Expressions
package import JSON
import Postgres

extension Store {
    /// Whether so many executions run or wait.
    package func hasOpenExecutions(atLeast count: Int) async throws(StoreError) -> Bool {
        var missing = count
        for bucket in 0..<settings.buckets where missing > 0 {
            let rows = try await query(
                Statement(
                    """
                    select count(*)::int
                    from (select from stepwell.steps s where s.bucket = $1 and s.id = 0 limit $2) s
                    """,
                    [.int4(bucket), .int4(Int32(clamping: missing))]
                )
            )
            missing -= try decode { () throws(PostgresError) in try rows.only().int(0) }
        }
        return missing <= 0
    }

    /// Starts an execution.
    ///
    /// A name makes the call idempotent: as long as the execution runs, the same name and input give the same answer.
    /// Without a name one is made before the first attempt, so that a call that is sent again after a lost answer starts
    /// nothing twice.
    ///
    /// - Parameter stateMachine: a name or an ARN, perhaps with `:VERSION` or `:ALIAS` behind it.
    /// - Throws: `.executionAlreadyExists` for a name whose execution has ended or has another input;
    ///   `.stateMachineDoesNotExist`, `.stateMachineDeleting`, `.invalidName`, `.invalidInput`.
    package func startExecution(
        stateMachine: String,
        name: String?,
        input: JSONDocument
    ) async throws(StoreError) -> StartedExecution {
        let name = name ?? PGUUID.v4().description
        let rows = try await query(Self.start(stateMachine, name: name, input: input))
        let (outcome, arn, startedAt) = try decode { () throws(PostgresError) in
            let row = try rows.only()
            return (try row.text(0), try row.text(1), Timestamp(microseconds: try row.timestamp(2)))
        }
        guard outcome != "conflict" else { throw .executionAlreadyExists(arn: arn) }
        return StartedExecution(arn: arn, startedAt: startedAt, isNew: outcome == "started")
    }

    /// Aborts an execution.
    ///
    /// - Parameter execution: an ARN or `MACHINE:NAME`.
    /// - Returns: when it stopped; for one that has ended already, when that was.
    package func stopExecution(
        _ execution: String,
        error: String? = nil,
        cause: String? = nil
    ) async throws(StoreError) -> Timestamp {
        let rows = try await query(
            Statement(
                "select stepwell.stop_execution($1, $2, $3)",
                [.text(execution), .text(error?.storable), .text(cause?.storable)]
            )
        )
        return try decode { () throws(PostgresError) in Timestamp(microseconds: try rows.only().timestamp(0)) }
    }
}
