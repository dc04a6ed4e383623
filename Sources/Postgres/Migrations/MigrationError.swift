/// Why the database could not be brought up to date, and the place in a migration that is to blame.
package struct MigrationError: Error, Sendable {
    /// What callers decide on.
    package enum Kind: Sendable, Hashable {
        /// The files, or the schema's name, can't be used.
        case invalid
        /// The database has other migrations than the files say: one was changed, renamed or left out.
        case mismatch
        /// A migration was refused; nothing of it was applied.
        case failed
        /// The database can't be reached or doesn't let migrations be recorded.
        case database
    }

    /// What callers decide on.
    package let kind: Kind
    /// What happened, as a sentence without the place.
    package let message: String
    /// The migration's file.
    package let file: String?
    /// The line within the file, counted from 1.
    package let line: Int?
    /// The column in Unicode scalars, counted from 1.
    package let column: Int?
    /// What the server said.
    package let cause: PostgresError?

    init(
        _ kind: Kind,
        _ message: String,
        file: String? = nil,
        line: Int? = nil,
        column: Int? = nil,
        cause: PostgresError? = nil
    ) {
        self.kind = kind
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.cause = cause
    }

    init(_ cause: PostgresError) {
        self.init(.database, cause.message, cause: cause)
    }
}

extension MigrationError: CustomStringConvertible {
    /// `0003_add_index.sql:12:8: syntax error at or near "FORM" [42601]`, then the server's detail and hint.
    package var description: String {
        let place = [file, line.map(String.init), column.map(String.init)].compactMap(\.self).joined(separator: ":")
        var lines = [place.isEmpty ? message : "\(place): \(message)"]
        if let state = cause?.sqlState { lines[0] += " [\(state)]" }
        if let detail = cause?.detail { lines.append("  detail: \(detail)") }
        if let hint = cause?.hint { lines.append("  hint: \(hint)") }
        if let context = cause?.report?.context { lines.append("  context: \(context)") }
        return lines.joined(separator: "\n")
    }
}
