import Postgres
import Server
import Store

extension StoreError {
    /// What it means to whoever looks at a page.
    var refusal: APIError {
        switch self {
        case .stateMachineDoesNotExist(let text), .executionDoesNotExist(let text), .activityDoesNotExist(let text),
            .scheduleDoesNotExist(let text):
            APIError("NotFound", text, status: 404)
        case .postgres(let error) where error.isTransient || error.kind == .poolClosed: .unavailable
        case .postgres, .migration, .schemaMismatch, .corrupt: .internalFailure
        case .invalidDefinition, .invalidName, .invalidInput, .stateMachineDeleting, .executionNotRedrivable,
            .executionAlreadyExists, .invalidToken, .taskTimedOut, .invalidOutput, .validation, .quotaExceeded:
            APIError("ValidationException", "\(self)")
        }
    }
}
