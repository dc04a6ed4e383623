/// How the API of Step Functions says no.
package struct APIFault: Error, Sendable, Hashable {
    /// `StateMachineDoesNotExist`: the shape of the API, without `Exception`.
    package var name: String
    package var message: String

    package init(_ name: String, _ message: String) {
        self.name = name
        self.message = message
    }
}

extension StoreError {
    /// The error in the API's words.
    ///
    /// - Parameter resource: what the call was about, as the caller named it.
    package func apiFault(about resource: String) -> APIFault {
        switch self {
        case .stateMachineDoesNotExist:
            APIFault("StateMachineDoesNotExist", "State Machine Does Not Exist: '\(resource)'")
        case .stateMachineDeleting:
            APIFault("StateMachineDeleting", "State Machine is being deleted: '\(resource)'")
        case .executionDoesNotExist: APIFault("ExecutionDoesNotExist", "Execution Does Not Exist: '\(resource)'")
        case .executionAlreadyExists(let arn):
            APIFault("ExecutionAlreadyExists", "Execution Already Exists: '\(arn)'")
        case .activityDoesNotExist: APIFault("ActivityDoesNotExist", "Activity Does Not Exist: '\(resource)'")
        case .scheduleDoesNotExist: APIFault("ResourceNotFound", "Schedule \(resource) does not exist.")
        case .executionNotRedrivable(let text): APIFault("ExecutionNotRedrivable", text)
        case .invalidToken: APIFault("InvalidToken", "Invalid Token: 'Invalid token'")
        case .taskTimedOut: APIFault("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        case .invalidOutput(let text): APIFault("InvalidOutput", "Invalid Output: '\(text)'")
        case .invalidInput(let text):
            APIFault("InvalidExecutionInput", "Invalid State Machine Execution Input: '\(text)'")
        case .invalidName(let text): APIFault("InvalidName", "Invalid Name: '\(text)'")
        case .validation(let text): APIFault("Validation", text)
        case .quotaExceeded(let name, let text): APIFault(name, text)
        case .invalidDefinition, .schemaMismatch, .migration, .corrupt, .postgres:
            APIFault("Sfn", "\(self)")
        }
    }
}
