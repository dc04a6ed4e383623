import Synchronization

/// An open transaction. Its statements take effect together, when the body that was given it returns.
package final class Transaction: PostgresClient {
    private struct State {
        var isUsed = false
        var isOver = false
    }

    private let connection: Connection
    private let state = Mutex(State())

    fileprivate init(_ connection: Connection) {
        self.connection = connection
    }

    package func batch(_ statements: [Statement]) async throws(PostgresError) -> [Rows] {
        try enter()
        return try await connection.batch(statements, mayCommit: false)
    }

    package func pipeline(_ statements: [Statement]) async -> [Result<Rows, PostgresError>] {
        do throws(PostgresError) {
            try enter()
            return await connection.pipeline(statements, mayCommit: false)
        } catch {
            return statements.map { _ in .failure(error) }
        }
    }

    private func enter() throws(PostgresError) {
        let isOver = state.withLock { state in
            state.isUsed = true
            return state.isOver
        }
        guard !isOver else { throw PostgresError(.connectionLost, "the transaction is over") }
    }

    /// Ends it for its users.
    ///
    /// - Returns: Whether anything was done in it.
    fileprivate func leave() -> Bool {
        state.withLock { state in
            state.isOver = true
            return state.isUsed
        }
    }
}

extension Connection {
    /// Runs the body in a transaction: commits when it returns, rolls back when it throws. Nobody else may use the
    /// connection meanwhile. The BEGIN travels with the first statement.
    ///
    /// - Throws: What the body throws. If the commit was refused, `.server`; if the connection was lost while its
    ///   answer was awaited, `.outcomeUnknown`: only then is it open whether the transaction took effect.
    package nonisolated func withTransaction<Value>(
        _ body: (Transaction) async throws -> Value
    ) async throws -> Value {
        let transaction = Transaction(self)
        setBeginsWithNextCall(true)
        let value: Value
        do {
            value = try await body(transaction)
        } catch {
            if transaction.leave() { await rollBack() } else { setBeginsWithNextCall(false) }
            throw error
        }
        if transaction.leave() { try await commit() } else { setBeginsWithNextCall(false) }
        return value
    }

    private nonisolated func commit() async throws(PostgresError) {
        // Not cancellable: whoever commits wants to know.
        let rows = try await batch(["COMMIT"], mayCommit: true, isCancellable: false)
        guard rows.first?.commandTag == "COMMIT" else {
            let message = "the transaction was rolled back, because a statement in it had failed"
            throw PostgresError(
                .server(.inFailedTransaction),
                message,
                report: ServerReport(
                    sqlState: .inFailedTransaction,
                    message: message,
                    hint: "let the statement's error leave the transaction's body"
                )
            )
        }
    }

    private nonisolated func rollBack() async {
        // Behind a statement that still runs for a caller who was cancelled it could wait for long; such a connection
        // is closed by its owner, which rolls back as well.
        guard status.isQuiet else { return }
        _ = try? await batch(["ROLLBACK"], mayCommit: false, isCancellable: false)
    }

    private nonisolated func setBeginsWithNextCall(_ value: Bool) {
        SocketLoop.shared.perform { self.assumeIsolated { $0.beginsWithNextCall = value } }
    }
}

extension Pool {
    /// Lends a connection for one transaction: commits when the body returns, rolls back when it throws.
    ///
    /// - Throws: What the body throws, and what leasing throws. If the commit was refused, `.server`; if the connection
    ///   was lost while its answer was awaited, `.outcomeUnknown`: only then is it open whether it took effect.
    package nonisolated func withTransaction<Value>(
        _ body: (Transaction) async throws -> Value
    ) async throws -> Value {
        try await withConnection { connection in
            try await connection.withTransaction(body)
        }
    }
}
