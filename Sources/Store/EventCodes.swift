import Interpreter

/// What is written in rows of `history` in place of names that occur in nearly every one of them.
enum EventCodes {
    /// The types of events: what stands for one is its place in this list. Such numbers are in databases, and in
    /// `stepwell.event_types`: a new type goes to the end of both.
    static let types: [EventType] = [
        .activityFailed, .activityScheduled, .activityScheduleFailed, .activityStarted, .activitySucceeded,
        .activityTimedOut, .choiceStateEntered, .choiceStateExited, .evaluationFailed, .executionAborted,
        .executionFailed,
        .executionRedriven, .executionStarted, .executionSucceeded, .executionTimedOut, .failStateEntered,
        .lambdaFunctionFailed, .lambdaFunctionScheduled, .lambdaFunctionScheduleFailed, .lambdaFunctionStarted,
        .lambdaFunctionStartFailed, .lambdaFunctionSucceeded, .lambdaFunctionTimedOut, .mapIterationAborted,
        .mapIterationFailed, .mapIterationStarted, .mapIterationSucceeded, .mapRunAborted, .mapRunFailed,
        .mapRunRedriven,
        .mapRunStarted, .mapRunSucceeded, .mapStateAborted, .mapStateEntered, .mapStateExited, .mapStateFailed,
        .mapStateStarted, .mapStateSucceeded, .parallelStateAborted, .parallelStateEntered, .parallelStateExited,
        .parallelStateFailed, .parallelStateStarted, .parallelStateSucceeded, .passStateEntered, .passStateExited,
        .succeedStateEntered, .succeedStateExited, .taskFailed, .taskScheduled, .taskStarted, .taskStartFailed,
        .taskStateAborted, .taskStateEntered, .taskStateExited, .taskSubmitFailed, .taskSubmitted, .taskSucceeded,
        .taskTimedOut, .waitStateAborted, .waitStateEntered, .waitStateExited,
    ]

    /// The number of a type.
    static func number(of type: EventType) -> Int { numbers[type] ?? -1 }

    private static let numbers = Dictionary(uniqueKeysWithValues: types.enumerated().map { ($1, $0) })

    /// What is written for the name of a detail; nil: the name itself.
    static func letter(for name: String) -> String? {
        switch name {
        case "name": "n"
        case "input": "i"
        case "output": "o"
        case "resource": "r"
        default: nil
        }
    }

    /// The name of a detail, from what is written for it.
    static func name(for written: String) -> String {
        switch written {
        case "n": "name"
        case "i": "input"
        case "o": "output"
        case "r": "resource"
        default: written
        }
    }
}
