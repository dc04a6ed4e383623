import JSON
import Synchronization

/// One call of a handler. It ends once, by whoever comes first: the handler, or somebody who can't wait for it.
final class Invocation: Sendable {
    /// How a call ended.
    enum Ending: Sendable {
        case returned(JSONDocument)
        case threw(any Error)
        /// `TimeoutSeconds` of the state is over.
        case timedOut
        /// No heartbeat within `HeartbeatSeconds`.
        case heartbeatMissed
        /// The function's own timeout is over.
        case functionTimedOut
        /// The step is not this process's any more.
        case lost
        /// The process ends and can't wait any longer.
        case shutDown

        /// Whether the handler itself ended the call.
        var isAnswer: Bool {
            switch self {
            case .returned, .threw: true
            case .timedOut, .heartbeatMissed, .functionTimedOut, .lost, .shutDown: false
            }
        }
    }

    private struct State {
        var ending: Ending?
        var waiter: CheckedContinuation<Ending, Never>?
        var handler: Task<Void, Never>?
        var heartbeatInterval: Duration?
        var heartbeatDeadline: ContinuousClock.Instant?
    }

    let surroundings: any Surroundings
    private let state: Mutex<State>

    init(
        heartbeatInterval: Duration? = nil,
        now: ContinuousClock.Instant = .now,
        surroundings: any Surroundings = ProcessSurroundings()
    ) {
        self.surroundings = surroundings
        state = Mutex(
            State(
                heartbeatInterval: heartbeatInterval,
                heartbeatDeadline: heartbeatInterval.map { now.advanced(by: $0) }
            )
        )
    }

    /// Ends the call unless it has ended; a handler that still runs is cancelled.
    ///
    /// - Returns: whether this was what ended it.
    @discardableResult
    func end(_ ending: Ending) -> Bool {
        let before: State? = state.withLock { state in
            guard state.ending == nil else { return nil }
            defer { state.waiter = nil }
            state.ending = ending
            return state
        }
        guard let before else { return false }
        if !ending.isAnswer { before.handler?.cancel() }
        before.waiter?.resume(returning: ending)
        return true
    }

    /// Runs the handler and waits until the call ends, which may be before the handler does.
    ///
    /// - Parameter onLateReturn: called when the handler returns although the call had ended without it.
    func run(
        _ handler: @escaping @Sendable () async throws -> JSONDocument,
        onLateReturn: @escaping @Sendable () -> Void
    ) async -> Ending {
        let task = Task(executorPreference: surroundings.stepExecutor) {
            let ending: Ending
            do {
                ending = .returned(try await handler())
            } catch {
                ending = .threw(error)
            }
            if !self.end(ending) { onLateReturn() }
        }
        let hasEnded = state.withLock { state in
            state.handler = task
            return state.ending.map { !$0.isAnswer } ?? false
        }
        if hasEnded { task.cancel() }
        return await withCheckedContinuation { continuation in
            let ending = state.withLock { state in
                if state.ending == nil { state.waiter = continuation }
                return state.ending
            }
            if let ending { continuation.resume(returning: ending) }
        }
    }

    /// Notes that the handler is alive.
    ///
    /// - Returns: whether the call goes on.
    func heartbeat(at now: ContinuousClock.Instant) -> Bool {
        state.withLock { state in
            guard state.ending == nil else { return false }
            state.heartbeatDeadline = state.heartbeatInterval.map { now.advanced(by: $0) }
            return true
        }
    }

    /// When the next heartbeat is missed; nil without `HeartbeatSeconds`.
    var heartbeatDeadline: ContinuousClock.Instant? { state.withLock(\.heartbeatDeadline) }
}
