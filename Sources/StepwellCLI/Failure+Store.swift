import Postgres
import StatesLanguage
import Store

extension Failure {
    /// What an error of the store means to whoever typed the command.
    init(_ error: StoreError, database: PostgresConfiguration) {
        switch error {
        case .postgres(let error):
            self.init(error, database: database)
        case .invalidDefinition(let diagnostics):
            self.init(.negative, diagnostics.map(\.message).joined(separator: "\n"))
        case .invalidName, .invalidInput, .invalidOutput, .validation, .quotaExceeded:
            self.init(.refused, "\(error)")
        case .stateMachineDoesNotExist(let text):
            self.init(.refused, text, remedy: "deploy it first: stepwell deploy FILE.asl.json")
        case .stateMachineDeleting(let text):
            self.init(.refused, text, remedy: "wait until its executions have stopped, or choose another name")
        case .executionDoesNotExist(let text):
            self.init(.refused, text, remedy: "name it as MACHINE:NAME or by its ARN; `stepwell list` shows both")
        case .executionNotRedrivable(let text):
            self.init(.refused, text)
        case .activityDoesNotExist(let text):
            self.init(.refused, text, remedy: "create it first: stepwell activities create NAME")
        case .scheduleDoesNotExist(let text):
            self.init(.refused, text, remedy: "`stepwell schedules list` shows all")
        case .executionAlreadyExists(let arn):
            self.init(
                .refused,
                "an execution of this name has another input, or has ended",
                at: arn,
                remedy: "choose another name, or look at it: stepwell describe \(arn)"
            )
        case .invalidToken:
            self.init(
                .refused,
                "this is not a task token of this database",
                remedy: "pass the token as it was handed out"
            )
        case .taskTimedOut:
            self.init(.refused, "the task is over: it was answered, took too long, or its execution has ended")
        case .schemaMismatch(let text):
            self.init(.unavailable, text, at: database.place)
        case .migration, .corrupt:
            self.init(.unavailable, "\(error)", at: database.place)
        }
    }

    /// What PostgreSQL, or the way to it, had to say.
    init(_ error: PostgresError, database: PostgresConfiguration) {
        switch error.kind {
        case .connectFailed, .poolTimeout:
            self.init(
                .unavailable,
                error.message,
                at: database.place,
                remedy: "see that the server runs, and check --database, DATABASE_URL or the PG… variables"
            )
        default:
            self.init(.unavailable, "\(error)", at: database.place)
        }
    }
}

extension PostgresConfiguration {
    /// Which database, in a few words and without secrets.
    var place: String {
        let host = self["host"] ?? self["hostaddr"] ?? "the default socket"
        let port = self["port"].map { ":\($0)" } ?? ""
        let user = self["user"].map { " as \($0)" } ?? ""
        let name = self["dbname"] ?? self["service"].map { "of service \($0)" } ?? "of the default name"
        return "database \(name) at \(host)\(port)\(user)"
    }
}
