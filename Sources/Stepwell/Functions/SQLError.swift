import Postgres

/// A statement that PostgreSQL refused, or a value that could not be read.
public struct SQLError: Error, Sendable {
    /// PostgreSQL's five-character code, such as `23505` for a violated unique constraint; nil when the error did not
    /// come from the server.
    public let sqlState: String?
    /// What happened.
    public let message: String
    /// The constraint that was violated.
    public let constraint: String?
    /// Whether the whole transaction may well succeed if it is run again: the connection was lost, or another
    /// transaction was in the way.
    let isRepeatable: Bool
    private let details: String

    init(_ error: PostgresError) {
        isRepeatable = error.isTransient
        sqlState = error.sqlState?.rawValue
        message = error.report?.message ?? error.message
        constraint = error.constraint
        details = String(describing: error)
    }

    init(message: String) {
        sqlState = nil
        isRepeatable = false
        self.message = message
        constraint = nil
        details = message
    }
}

extension SQLError: CustomStringConvertible {
    /// What happened, where, and what the server advises.
    public var description: String { details }
}
