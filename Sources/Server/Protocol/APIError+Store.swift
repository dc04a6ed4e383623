import Postgres
import StatesLanguage
import Store

extension APIError {
    /// What an error of the store means to whoever sent the request; nil: nothing that may be told.
    init?(_ error: StoreError, arguments: Arguments) {
        let stateMachine = arguments.text("stateMachineArn") ?? arguments.text("name") ?? ""
        switch error {
        case .invalidDefinition(let diagnostics): self = .invalidDefinition(diagnostics)
        case .invalidName: self = .invalidName(arguments.text("name") ?? "")
        case .stateMachineDoesNotExist, .stateMachineDeleting: self.init(error, about: stateMachine)
        case .executionDoesNotExist: self.init(error, about: arguments.text("executionArn") ?? "")
        case .activityDoesNotExist: self.init(error, about: arguments.text("activityArn") ?? "")
        case .validation(let text): self = .validation(text)
        // What PostgreSQL's text can't hold.
        case .postgres(let error) where error.sqlState?.rawValue == "22021":
            self = .validation("A text contains U+0000, which can't be stored")
        case .postgres(let error) where error.isTransient || error.kind == .poolClosed: self = .unavailable
        case .postgres, .migration, .schemaMismatch, .corrupt: return nil
        case .invalidInput, .executionNotRedrivable, .executionAlreadyExists, .invalidToken, .taskTimedOut,
            .invalidOutput, .scheduleDoesNotExist, .quotaExceeded:
            self.init(error, about: "")
        }
    }

    /// The error in the API's words, which the store has: services that call the API from a state machine say the same.
    init(_ error: StoreError, about resource: String) {
        let fault = error.apiFault(about: resource)
        self.init(Code(fault.name), fault.message)
    }

    package static let invalidToken = APIError(.invalidToken(""), about: "")

    package static func invalidInput(_ reason: String) -> APIError { APIError(.invalidInput(reason), about: "") }

    package static func invalidOutput(_ reason: String) -> APIError { APIError(.invalidOutput(reason), about: "") }

    package static func invalidName(_ name: String) -> APIError { APIError(.invalidName(name), about: "") }

    package static func stateMachineDoesNotExist(_ arn: String) -> APIError {
        APIError(.stateMachineDoesNotExist(""), about: arn)
    }

    package static func stateMachineDeleting(_ arn: String) -> APIError {
        APIError(.stateMachineDeleting(""), about: arn)
    }

    package static func activityDoesNotExist(_ arn: String) -> APIError {
        APIError(.activityDoesNotExist(""), about: arn)
    }

    package static func executionDoesNotExist(_ arn: String) -> APIError {
        APIError(.executionDoesNotExist(""), about: arn)
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
