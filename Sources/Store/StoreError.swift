package import Postgres
package import StatesLanguage

/// Why the store could not do what it was asked for.
package enum StoreError: Error, Sendable {
    /// PostgreSQL or the way to it.
    case postgres(PostgresError)
    /// A migration that could not be read or applied.
    case migration(MigrationError)
    /// The definition has errors, or needs what this engine can't run yet.
    case invalidDefinition([Diagnostic])
    case invalidName(String)
    case invalidInput(String)
    case stateMachineDoesNotExist(String)
    /// It is being deleted: nothing is started any more.
    case stateMachineDeleting(String)
    case executionDoesNotExist(String)
    case activityDoesNotExist(String)
    case scheduleDoesNotExist(String)
    /// The execution can't be gone on with; the reason.
    case executionNotRedrivable(String)
    case executionAlreadyExists(arn: String)
    /// What was passed is not a task token of this database.
    case invalidToken(String)
    /// The task is over: it was answered, took too long, or its execution has ended.
    case taskTimedOut(String)
    case invalidOutput(String)
    /// Something that is passed beside names and payloads has the wrong size or form.
    case validation(String)
    /// There are as many of something as there may be; the error's name in the API.
    case quotaExceeded(name: String, String)
    /// The database lacks migrations, or has ones that this program does not know.
    case schemaMismatch(String)
    /// A row that should not exist: what, and where.
    case corrupt(String)
}

extension StoreError {
    /// An error of PostgreSQL; those that the schema's own functions raise become what they mean.
    init(_ error: PostgresError) {
        let message = error.report?.message ?? error.message
        let text = message.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? message
        switch error.sqlState?.rawValue {
        case "SW001": self = .invalidName(text)
        case "SW002": self = .invalidInput(text)
        case "SW003": self = .stateMachineDoesNotExist(text)
        case "SW004": self = .executionAlreadyExists(arn: text)
        case "SW005": self = .executionDoesNotExist(text)
        case "SW006": self = .invalidToken(text)
        case "SW007": self = .taskTimedOut(text)
        case "SW008": self = .invalidOutput(text)
        case "SW009": self = .validation(text)
        case "SW010": self = .executionNotRedrivable(text)
        case "SW011":
            self = .quotaExceeded(name: message.split(separator: ":").first.map(String.init) ?? "", text)
        case "SW101": self = .stateMachineDeleting(text)
        case "22021": self = .validation("a text contains the character U+0000, which the database can't hold")
        default: self = .postgres(error)
        }
    }

    /// Whether the same call may succeed a little later with nothing changed.
    package var isTransient: Bool {
        guard case .postgres(let error) = self else { return false }
        return error.isTransient
    }
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .postgres(let error): "\(error)"
        case .migration(let error): "\(error)"
        case .invalidDefinition(let diagnostics):
            "the definition is refused:\n"
                + diagnostics.map { "  \($0.location): \($0.message)" }.joined(separator: "\n")
        case .invalidName(let text), .invalidInput(let text), .schemaMismatch(let text): text
        case .activityDoesNotExist(let text), .scheduleDoesNotExist(let text), .executionNotRedrivable(let text): text
        case .invalidToken(let text), .taskTimedOut(let text), .invalidOutput(let text), .validation(let text): text
        case .quotaExceeded(_, let text): text
        case .stateMachineDoesNotExist(let text), .stateMachineDeleting(let text), .executionDoesNotExist(let text):
            text
        case .executionAlreadyExists(let arn):
            "\(arn) exists: only the same name with the same input can be started again, and only while it runs"
        case .corrupt(let text): "the database holds what it should not: \(text)"
        }
    }
}
