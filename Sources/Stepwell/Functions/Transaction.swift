package import Postgres

/// The transaction of a handler that was made with `Function.transactional`: what is done in it is committed together
/// with the handler's step.
///
/// Statements have one command each, with parameters `$1`, `$2` …; values never become part of the text. The isolation
/// level is READ COMMITTED. Don't commit or roll back by hand: return or throw.
public struct Transaction: Sendable {
    let transaction: Postgres.Transaction

    package init(_ transaction: Postgres.Transaction) {
        self.transaction = transaction
    }

    /// Runs a statement.
    ///
    /// - Returns: how many rows it inserted, updated, deleted or found.
    /// - Throws: ``SQLError``. After an error the transaction is lost: let it, or another error, leave the handler.
    @discardableResult
    public func execute(_ sql: String, _ parameters: (any SQLParameter)?...) async throws(SQLError) -> Int {
        try await run(sql, parameters).affectedRows
    }

    /// Runs a statement and reads its rows.
    ///
    /// - Throws: ``SQLError``, as for ``execute(_:_:)``.
    public func query(_ sql: String, _ parameters: (any SQLParameter)?...) async throws(SQLError) -> [SQLRow] {
        try await run(sql, parameters).map { SQLRow($0) }
    }

    private func run(_ sql: String, _ parameters: [(any SQLParameter)?]) async throws(SQLError) -> Rows {
        let values = parameters.map { $0?.sqlValue.value ?? PostgresValue.text(nil) }
        do throws(PostgresError) {
            return try await transaction.query(Statement(sql, values, isVerbatim: true))
        } catch {
            throw SQLError(error)
        }
    }
}
