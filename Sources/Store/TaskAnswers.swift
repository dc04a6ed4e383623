package import JSON
import Postgres

extension Store {
    /// Ends the task that a token is about with a result.
    ///
    /// - Throws: `.invalidToken` for what is not a token of this database, `.taskTimedOut` when the task is over,
    ///   `.invalidOutput` for a value that is too large.
    package func sendTaskSuccess(token: String, output: JSONDocument) async throws(StoreError) {
        _ = try await query(
            Statement("select stepwell.send_task_success($1, $2)", [.text(token), .json(output.text)])
        )
    }

    /// Ends the task that a token is about with an error, which the state's `Retry` and `Catch` see.
    ///
    /// - Throws: `.invalidToken`, `.taskTimedOut`; `.validation` for a name over 256 or a cause over 32,768 characters.
    package func sendTaskFailure(token: String, error: String?, cause: String?) async throws(StoreError) {
        _ = try await query(
            Statement("select stepwell.send_task_failure($1, $2, $3)", [.text(token), .text(error), .text(cause)])
        )
    }

    /// Says that the work on a task goes on.
    ///
    /// - Throws: `.invalidToken`, `.taskTimedOut`.
    package func sendTaskHeartbeat(token: String) async throws(StoreError) {
        _ = try await query(Statement("select stepwell.send_task_heartbeat($1)", [.text(token)]))
    }

    /// Gives tasks the answers that came before they began to wait for them.
    ///
    /// - Returns: how many there were.
    package func applyAnswers(bucket: Int32) async throws(StoreError) -> Int {
        let rows = try await query(Statement("select stepwell.apply_answers($1)", [.int4(bucket)]))
        return try decode { () throws(PostgresError) in try rows.only().int(0) }
    }
}
