import Synchronization

/// A place where tasks leave word for one task that sleeps.
final class Mailbox<Letters: Sendable>: Sendable {
    private struct State {
        var letters: Letters
        var hasLetters = false
        var sleeper: CheckedContinuation<Void, Never>?
        /// Tells sleeps apart, so that a late timer doesn't end the wrong one.
        var sleep = 0
    }

    private let empty: Letters
    private let surroundings: any Surroundings
    private let isPunctual: Bool
    private let state: Mutex<State>

    /// - Parameters:
    ///   - empty: a box without letters.
    ///   - isPunctual: whether sleeps end in time whatever occupies the threads that all tasks share. Their timers can't
    ///     be cancelled: not for sleeps that are many or long.
    init(
        _ empty: Letters,
        surroundings: any Surroundings = ProcessSurroundings(),
        isPunctual: Bool = false
    ) {
        self.empty = empty
        self.surroundings = surroundings
        self.isPunctual = isPunctual
        state = Mutex(State(letters: empty))
    }

    /// Leaves word and wakes the sleeper.
    func post(_ write: (inout Letters) -> Void) {
        let sleeper = state.withLock { state in
            write(&state.letters)
            state.hasLetters = true
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
    }

    /// Empties the box.
    func take() -> Letters {
        state.withLock { state in
            state.hasLetters = false
            defer { state.letters = empty }
            return state.letters
        }
    }

    /// Sleeps until there is a letter, the deadline has come, or the task is cancelled.
    func wait(until deadline: ContinuousClock.Instant? = nil) async {
        let sleep = state.withLock { state in
            state.sleep += 1
            return state.sleep
        }
        var timer: Task<Void, Never>?
        if let deadline, isPunctual {
            surroundings.call(at: deadline) { [self] in wake(sleep) }
        } else if let deadline {
            timer = Task(executorPreference: surroundings.timerExecutor) { [self] in
                await surroundings.sleep(until: deadline)
                wake(sleep)
            }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isAwake = state.withLock { state in
                    if state.hasLetters || state.sleep != sleep || Task.isCancelled { return true }
                    state.sleeper = continuation
                    return false
                }
                if isAwake { continuation.resume() }
            }
        } onCancel: {
            wake(sleep)
        }
        timer?.cancel()
    }

    private func wake(_ sleep: Int) {
        let sleeper = state.withLock { state in
            guard state.sleep == sleep else { return nil as CheckedContinuation<Void, Never>? }
            // A sleep that has not begun yet must not begin.
            if state.sleeper == nil { state.sleep += 1 }
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
    }
}
