import Synchronization

/// A value that one task waits for and another thread provides.
///
/// It is taken at most once. Who waits can give up (its task is cancelled); the provider learns that and keeps order by
/// finishing what it does all the same.
final class Promise<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Value?, Never>)
        case provided(Value)
        case over
    }

    private let state = Mutex(State.empty)

    /// Hands the value over.
    ///
    /// - Returns: Whether somebody takes it; false after a cancellation.
    @discardableResult
    func provide(_ value: Value) -> Bool {
        let (continuation, isTaken): (CheckedContinuation<Value?, Never>?, Bool) = state.withLock { state in
            switch state {
            case .empty:
                state = .provided(value)
                return (nil, true)
            case .waiting(let continuation):
                state = .over
                return (continuation, true)
            case .provided, .over:
                return (nil, false)
            }
        }
        continuation?.resume(returning: value)
        return isTaken
    }

    /// Whether nobody will take the value any more.
    var isOver: Bool {
        state.withLock { if case .over = $0 { true } else { false } }
    }

    /// Waits for the value whatever happens to the task. `start` is called once the promise can be kept, to ask for it.
    func value(start: () -> Void) async -> Value? {
        await withCheckedContinuation { continuation in
            let early: (Bool, Value?) = state.withLock { state in
                switch state {
                case .empty:
                    state = .waiting(continuation)
                    return (false, nil)
                case .provided(let value):
                    state = .over
                    return (true, value)
                case .waiting, .over:
                    return (true, nil)
                }
            }
            if early.0 { continuation.resume(returning: early.1) } else { start() }
        }
    }

    /// Waits for the value until the task is cancelled, which gives nil at once. `start` is called once the promise can
    /// be kept, to ask for it; not if the task was cancelled before.
    func cancellableValue(start: () -> Void) async -> Value? {
        await withTaskCancellationHandler {
            await value(start: start)
        } onCancel: {
            giveUp()
        }
    }

    private func giveUp() {
        let continuation: CheckedContinuation<Value?, Never>? = state.withLock { state in
            switch state {
            case .empty, .over:
                state = .over
                return nil
            case .waiting(let continuation):
                state = .over
                return continuation
            case .provided:
                // The provider counts on it being taken.
                return nil
            }
        }
        continuation?.resume(returning: nil)
    }
}
