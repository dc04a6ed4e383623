package import StatesLanguage

extension State.Kind {
    /// The event of entering a state of this kind.
    var enteredEvent: EventType {
        switch self {
        case .pass: .passStateEntered
        case .task: .taskStateEntered
        case .choice: .choiceStateEntered
        case .wait: .waitStateEntered
        case .succeed: .succeedStateEntered
        case .fail: .failStateEntered
        case .parallel: .parallelStateEntered
        case .map: .mapStateEntered
        }
    }

    /// The event of leaving it; nil for a Fail, which is never left.
    var exitedEvent: EventType? {
        switch self {
        case .pass: .passStateExited
        case .task: .taskStateExited
        case .choice: .choiceStateExited
        case .wait: .waitStateExited
        case .succeed: .succeedStateExited
        case .parallel: .parallelStateExited
        case .map: .mapStateExited
        case .fail: nil
        }
    }

    /// The event that closes it without an exit: only Parallel and Map have one.
    var failedEvent: EventType? {
        switch self {
        case .parallel: .parallelStateFailed
        case .map: .mapStateFailed
        default: nil
        }
    }

    /// What is recorded where a failure elsewhere cuts the state short.
    var abortedEvent: EventType? {
        switch self {
        case .task: .taskStateAborted
        case .wait: .waitStateAborted
        case .parallel: .parallelStateAborted
        case .map: .mapStateAborted
        case .pass, .choice, .succeed, .fail: nil
        }
    }

    /// Whether somebody does the work of such a state: it has a result, and may have a `Retry`.
    package var hasResult: Bool {
        switch self {
        case .task, .parallel, .map: true
        default: false
        }
    }
}
