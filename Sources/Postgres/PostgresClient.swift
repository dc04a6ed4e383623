/// Something that statements can be sent to: a connection, a transaction, a pool.
package protocol PostgresClient: Sendable {
    /// Sends several statements in one round trip as one transaction: all take effect or none.
    ///
    /// - Throws: The first real error, naming its statement. `.outcomeUnknown` if the connection was lost before the
    ///   answer came and the transaction may have been committed.
    func batch(_ statements: [Statement]) async throws(PostgresError) -> [Rows]

    /// Sends several independent statements in one round trip: each is its own transaction and has its own outcome.
    func pipeline(_ statements: [Statement]) async -> [Result<Rows, PostgresError>]
}

extension PostgresClient {
    /// Sends one statement and reads its rows.
    package func query(_ statement: Statement) async throws(PostgresError) -> Rows {
        guard let rows = try await batch([statement]).first else {
            throw PostgresError(.decoding, "the statement has no result", statement: statement.sql)
        }
        return rows
    }

    /// Sends one statement and says how many rows it touched.
    @discardableResult
    package func execute(_ statement: Statement) async throws(PostgresError) -> Int {
        try await query(statement).affectedRows
    }
}

extension PostgresError {
    static let cancelled = PostgresError(.cancelled, "the task was cancelled while it waited for the database")
}
