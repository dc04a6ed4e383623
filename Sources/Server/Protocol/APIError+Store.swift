import Postgres
import StatesLanguage
import Store

extension APIError {
    /// What an error of the store means to whoever sent the request; nil: nothing that may be told.
    init?(_ error: StoreError, arguments: Arguments) {
        switch error {
        case .invalidDefinition(let diagnostics): self = .invalidDefinition(diagnostics)
        case .invalidName: self = .invalidName(arguments.text("name") ?? "")
        case .invalidInput(let reason):
            self.init("InvalidExecutionInput", "Invalid State Machine Execution Input: '\(reason)'")
        case .stateMachineDoesNotExist:
            self = .stateMachineDoesNotExist(arguments.text("stateMachineArn") ?? "")
        case .stateMachineDeleting:
            self = .stateMachineDeleting(arguments.text("stateMachineArn") ?? arguments.text("name") ?? "")
        case .executionDoesNotExist:
            self = .executionDoesNotExist(arguments.text("executionArn") ?? "")
        case .activityDoesNotExist:
            self.init("ActivityDoesNotExist", "Activity Does Not Exist: '\(arguments.text("activityArn") ?? "")'")
        case .executionNotRedrivable(let text): self.init("ExecutionNotRedrivable", text)
        case .invalidToken: self = .invalidToken
        case .taskTimedOut(let text): self.init("TaskTimedOut", "Task Timed Out: '\(text)'")
        case .invalidOutput(let reason): self.init("InvalidOutput", "Invalid Output: '\(reason)'")
        case .validation(let text): self = .validation(text)
        case .executionAlreadyExists(let arn):
            self.init("ExecutionAlreadyExists", "Execution Already Exists: '\(arn)'")
        // What PostgreSQL's text can't hold.
        case .postgres(let error) where error.sqlState?.rawValue == "22021":
            self = .validation("A text contains U+0000, which can't be stored")
        case .postgres(let error) where error.isTransient || error.kind == .poolClosed: self = .unavailable
        case .postgres, .migration, .schemaMismatch, .corrupt: return nil
        }
    }

    /// All errors in a definition, or what can't be run, in one message.
    static func invalidDefinition(_ diagnostics: [Diagnostic]) -> APIError {
        let errors = diagnostics.filter { $0.severity == .error }
        let problems = errors.map { diagnostic in
            let place = diagnostic.location.isEmpty ? "" : " at \(diagnostic.location)"
            return "\(diagnostic.code.rawValue): \(diagnostic.message)\(place)"
        }
        return APIError("InvalidDefinition", "Invalid State Machine Definition: '\(problems.joined(separator: ", "))'")
    }
}
