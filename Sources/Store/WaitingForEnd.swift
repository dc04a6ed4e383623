import Postgres

extension Store {
    /// Waits for the end of an execution.
    ///
    /// The row is looked at, soon after the start and then less and less often: what ends at once is seen at once, and
    /// what takes long costs little.
    ///
    /// - Parameters:
    ///   - execution: its ARN or `MACHINE:NAME`.
    ///   - patience: how long to wait.
    /// - Returns: nil if it still runs.
    /// - Throws: `.executionDoesNotExist`.
    package func end(of execution: String, patience: Duration) async throws(StoreError) -> ExecutionDescription? {
        let deadline = ContinuousClock.now + patience
        var pause = Duration.milliseconds(2)
        while true {
            if try await hasEnded(execution) { return try await describe(execution) }
            guard ContinuousClock.now < deadline, !Task.isCancelled else { return nil }
            try? await Task.sleep(for: pause)
            pause = min(pause * 3 / 2, .milliseconds(100))
        }
    }

    private func hasEnded(_ execution: String) async throws(StoreError) -> Bool {
        let rows = try await query(
            Statement("select e.status <> 'RUNNING' from stepwell.find_execution($1) e", [.text(execution)])
        )
        guard let row = rows.first else { throw .executionDoesNotExist("there is no execution '\(execution)'") }
        return try decode { () throws(PostgresError) in try row.bool(0) }
    }
}
