import Interpreter

extension EventType {
    /// What an event means to those who look at where an execution is.
    enum Kind {
        case executionStarts, executionEnds, executionGoesOn
        case enters, exits
        case beginsBranches, endsBranches, beginsIteration, endsIteration
        case schedules, endsWork, aborts, other
    }

    var kind: Kind {
        switch self {
        case .executionStarted: .executionStarts
        case .executionRedriven: .executionGoesOn
        case .executionSucceeded, .executionFailed, .executionTimedOut, .executionAborted: .executionEnds
        case .mapStateStarted, .parallelStateStarted: .beginsBranches
        case .mapStateSucceeded, .mapStateFailed, .parallelStateSucceeded, .parallelStateFailed: .endsBranches
        case .mapIterationStarted: .beginsIteration
        case .mapIterationSucceeded, .mapIterationFailed: .endsIteration
        case .taskScheduled, .lambdaFunctionScheduled, .activityScheduled: .schedules
        case .taskSucceeded, .taskFailed, .taskTimedOut, .taskStartFailed, .taskSubmitFailed, .lambdaFunctionSucceeded,
            .lambdaFunctionFailed, .lambdaFunctionTimedOut, .lambdaFunctionStartFailed, .lambdaFunctionScheduleFailed,
            .activitySucceeded, .activityFailed, .activityTimedOut, .activityScheduleFailed:
            .endsWork
        case .taskStateAborted, .waitStateAborted, .mapStateAborted, .parallelStateAborted, .mapIterationAborted:
            .aborts
        case _ where rawValue.hasSuffix("Entered"): .enters
        case _ where rawValue.hasSuffix("Exited"): .exits
        default: .other
        }
    }

    var isFailure: Bool { rawValue.hasSuffix("Failed") || rawValue.hasSuffix("TimedOut") }
}
