/// What went wrong with a connection or a statement, where, and what can be done.
package struct PostgresError: Error, Sendable {
    /// What callers decide on.
    package enum Kind: Sendable, Hashable {
        /// The server refused a statement: it had no effect.
        case server(SQLState)
        /// The connection was lost before the statement could have taken effect for good.
        case connectionLost
        /// The connection was lost after the statement was sent and before its answer came: it may have been committed.
        /// Only a statement that may be applied twice can be sent again.
        case outcomeUnknown
        /// No connection could be opened.
        case connectFailed
        /// Every connection was in use, or none could be opened, for as long as the pool waits.
        case poolTimeout
        /// The pool was closed.
        case poolClosed
        /// The task was cancelled. A statement that had been sent may still take effect.
        case cancelled
        /// A result, or a parameter, is not what the program expects.
        case decoding
        /// The connection settings cannot be used.
        case configuration
    }

    /// What callers decide on.
    package let kind: Kind
    /// What happened, as one sentence without the details that other fields hold.
    package let message: String
    /// What the server said, if it was the server.
    package let report: ServerReport?
    /// The statement's text, never its parameters.
    package let statement: String?

    package init(_ kind: Kind, _ message: String, report: ServerReport? = nil, statement: String? = nil) {
        self.kind = kind
        self.message = message
        self.report = report
        self.statement = statement
    }

    /// The server's code; also known for some lost or refused connections.
    package var sqlState: SQLState? { report?.sqlState }
    /// The server's second sentence.
    package var detail: String? { report?.detail }
    /// The server's advice.
    package var hint: String? { report?.hint }
    /// The constraint that was violated.
    package var constraint: String? { report?.constraint }
    /// The table that the error is about.
    package var table: String? { report?.table }
    /// The schema that the error is about.
    package var schema: String? { report?.schema }
    /// Where in the statement, in characters counted from 1.
    package var position: Int? { report?.position }

    /// Whether the same call may well succeed later with nothing changed. It does not say that sending it again is
    /// harmless: see `Kind.outcomeUnknown`.
    package var isTransient: Bool {
        switch kind {
        case .connectionLost, .outcomeUnknown, .poolTimeout: true
        case .server(let state): state.isTransient || report?.isStalePlan == true
        case .connectFailed: sqlState?.isTransient ?? true
        case .poolClosed, .cancelled, .decoding, .configuration: false
        }
    }

    /// The same error with the statement that it belongs to.
    func about(_ statement: String) -> PostgresError {
        PostgresError(kind, message, report: report, statement: statement)
    }

    /// The same error under another kind.
    func withKind(_ kind: Kind) -> PostgresError {
        PostgresError(kind, message, report: report, statement: statement)
    }
}

extension SQLState {
    /// Whether the code speaks of the server's state or of other sessions rather than of the statement: rollbacks,
    /// locks, resources, shutdown, a primary that became a standby.
    fileprivate var isTransient: Bool {
        switch self {
        case .lockNotAvailable, .readOnlyTransaction, .invalidStatementName, .idleInTransactionSessionTimeout: true
        case .databaseDropped: false
        default: isClass("40") || isClass("53") || isClass("57") || isClass("58") || isClass("08")
        }
    }
}

/// The fields of an error that the server sent.
package final class ServerReport: Sendable {
    /// The five-character code.
    package let sqlState: SQLState
    /// `ERROR`, `FATAL` or `PANIC`, in English whatever the server's language.
    package let severity: String
    package let message: String
    package let detail: String?
    package let hint: String?
    /// The functions and statements within which it happened, innermost first.
    package let context: String?
    package let schema: String?
    package let table: String?
    package let column: String?
    package let constraint: String?
    /// Where in the statement, in characters counted from 1.
    package let position: Int?
    /// Which routine of the server noticed it.
    let routine: String?

    init(
        sqlState: SQLState,
        severity: String = "ERROR",
        message: String,
        detail: String? = nil,
        hint: String? = nil,
        context: String? = nil,
        schema: String? = nil,
        table: String? = nil,
        column: String? = nil,
        constraint: String? = nil,
        position: Int? = nil,
        routine: String? = nil
    ) {
        self.sqlState = sqlState
        self.severity = severity
        self.message = message
        self.detail = detail
        self.hint = hint
        self.context = context
        self.schema = schema
        self.table = table
        self.column = column
        self.constraint = constraint
        self.position = position
        self.routine = routine
    }

    /// Whether the session ends with this error.
    var endsSession: Bool { severity == "FATAL" || severity == "PANIC" }

    /// Whether a prepared statement no longer fits the tables it reads; preparing it again helps.
    var isStalePlan: Bool {
        sqlState == .invalidStatementName || (sqlState == .featureNotSupported && routine == "RevalidateCachedQuery")
    }
}

extension PostgresError: CustomStringConvertible {
    /// What happened, where and what to do, over a few lines.
    ///
    /// ```text
    /// duplicate key value violates unique constraint "orders_pkey" [23505]
    ///   detail: Key (id)=(7) already exists.
    ///   constraint: orders_pkey on shop.orders
    ///   statement: INSERT INTO shop.orders …
    /// ```
    package var description: String {
        var lines = [sqlState.map { "\(message) [\($0)]" } ?? message]
        if let detail { lines.append("  detail: \(detail)") }
        if let hint { lines.append("  hint: \(hint)") }
        if let constraint {
            let place = [schema, table].compactMap(\.self).joined(separator: ".")
            lines.append("  constraint: \(constraint)" + (place.isEmpty ? "" : " on \(place)"))
        }
        if let context = report?.context { lines.append("  context: \(context)") }
        if let statement {
            let at = position.map { " (at character \($0))" } ?? ""
            lines.append("  statement\(at): \(statement.excerpt)")
        }
        if let advice = kind.advice { lines.append("  what to do: \(advice)") }
        return lines.joined(separator: "\n")
    }
}

extension PostgresError.Kind {
    fileprivate var advice: String? {
        switch self {
        case .outcomeUnknown: "send it again only if applying it twice is harmless, or look first"
        case .connectFailed: "check that the server runs, and host, port and credentials in the connection settings"
        case .poolTimeout: "raise the pool's size, hold connections for a shorter time, or see why the server is away"
        default: nil
        }
    }
}

extension String {
    /// One line of at most 500 characters.
    fileprivate var excerpt: String {
        let line = split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count <= 500 ? line : line.prefix(500) + "…"
    }
}
