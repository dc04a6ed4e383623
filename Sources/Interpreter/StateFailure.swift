import Expressions

/// The names of errors that the interpreter raises or treats in its own way.
enum ErrorName {
    static let all = "States.ALL"
    static let branchFailed = "States.BranchFailed"
    static let dataLimitExceeded = "States.DataLimitExceeded"
    static let heartbeatTimeout = "States.HeartbeatTimeout"
    static let queryEvaluation = "States.QueryEvaluationError"
    static let exceedToleratedFailureThreshold = "States.ExceedToleratedFailureThreshold"
    static let itemReaderFailed = "States.ItemReaderFailed"
    static let resultWriterFailed = "States.ResultWriterFailed"
    static let runtime = "States.Runtime"
    static let taskFailed = "States.TaskFailed"
    static let timeout = "States.Timeout"
    static let invalidExecutionInput = "StepFunctions.InvalidExecutionInputException"
}

/// Why a state did not succeed.
struct StateFailure: Error, Equatable {
    /// The error's name; empty when it has none.
    var error: String
    /// What the history shows; empty when there is nothing to say.
    var cause: String
    /// Whether `cause` is still without the sentence that names the state and the event of its entry.
    var lacksFrame = false
    /// Where in its state a JSONata expression stands that failed: `Output/total`.
    var location: String?
    /// The further name by which Retry and Catch may ask for it.
    var alias: String?

    /// The work of a state failed: a function, a child execution, a branch, a Fail state.
    init(error: String, cause: String, alias: String? = nil) {
        self.error = error
        self.cause = cause
        self.alias = alias
    }

    /// A state could not be carried out.
    init(runtime cause: String) {
        self.init(error: ErrorName.runtime, cause: cause)
        lacksFrame = true
    }

    init(_ error: ExpressionError) {
        self.init(error: error.error, cause: error.cause)
        lacksFrame = true
        location = error.location
    }

    /// A field in JSONata has not the value that it needs.
    init(query cause: String, location: String?) {
        self.init(error: ErrorName.queryEvaluation, cause: cause)
        lacksFrame = true
        self.location = location
    }

    /// Something is larger than the payload limit.
    ///
    /// - Parameters:
    ///   - owner: the state, or the resource that returned it.
    ///   - verb: what the owner did: `returned a result`, `provided parameters`.
    init(tooLargeAt owner: String, verb: String) {
        self.init(
            error: ErrorName.dataLimitExceeded,
            cause: "The state/task '\(owner)' \(verb) with a size exceeding the maximum number of bytes service limit."
        )
    }

    /// Whether neither Retry nor Catch may see it: it ends the execution, however deep in branches it happened.
    var isFatal: Bool { error == ErrorName.runtime }

    /// Whether JSONata failed.
    var isOfQuery: Bool { error == ErrorName.queryEvaluation }

    /// Whether one of the names in `ErrorEquals` means this failure.
    func matches(_ names: [String]) -> Bool {
        guard !isFatal else { return false }
        return names.contains { name in
            switch name {
            case error, alias: true
            case ErrorName.all: error != ErrorName.dataLimitExceeded
            case ErrorName.taskFailed: error != ErrorName.dataLimitExceeded && error != ErrorName.timeout
            default: false
            }
        }
    }
}
