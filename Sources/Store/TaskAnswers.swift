package import JSON
package import Postgres

extension Store {
    /// Ends the task that a token is about with a result.
    ///
    /// - Throws: `.invalidToken` for what is not a token of this database, `.taskTimedOut` when the task is over,
    ///   `.invalidOutput` for a value that is too large.
    package func sendTaskSuccess(token: String, output: JSONDocument) async throws(StoreError) {
        _ = try await query(Self.success(token, output))
    }

    /// Ends the task that a token is about with an error, which the state's `Retry` and `Catch` see.
    ///
    /// - Throws: `.invalidToken`, `.taskTimedOut`; `.validation` for a name over 256 or a cause over 32,768 characters.
    package func sendTaskFailure(token: String, error: String?, cause: String?) async throws(StoreError) {
        _ = try await query(Self.failure(token, error, cause))
    }

    /// Ends a task with a result, in a transaction that the caller commits.
    package func sendTaskSuccess(
        token: String,
        output: JSONDocument?,
        in transaction: Transaction
    ) async throws(StoreError) {
        try await send(Self.success(token, output), in: transaction)
    }

    /// Ends a task with an error, in a transaction that the caller commits.
    package func sendTaskFailure(
        token: String,
        error: String?,
        cause: String?,
        in transaction: Transaction
    ) async throws(StoreError) {
        try await send(Self.failure(token, error, cause), in: transaction)
    }

    /// Refuses a token that is not current.
    ///
    /// - Throws: `.invalidToken`, `.taskTimedOut`.
    package func checkTask(token: String, in transaction: Transaction) async throws(StoreError) {
        try await send(Statement("select stepwell.find_task($1)", [.text(token)]), in: transaction)
    }

    private static func success(_ token: String, _ output: JSONDocument?) -> Statement {
        Statement("select stepwell.send_task_success($1, $2)", [.text(token), .json(output?.text)])
    }

    private static func failure(_ token: String, _ error: String?, _ cause: String?) -> Statement {
        Statement(
            "select stepwell.send_task_failure($1, $2, $3)",
            [.text(token), .text(error?.storable), .text(cause?.storable)]
        )
    }

    private func send(_ statement: Statement, in transaction: Transaction) async throws(StoreError) {
        do throws(PostgresError) {
            _ = try await transaction.query(statement)
        } catch {
            throw StoreError(error)
        }
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
