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

    /// Whoever goes on with a call, in another task, when it ends before its handler does.
    protocol Caller: AnyObject, Sendable {
        func goOn(_ ending: Ending, in task: StepTask) async
    }

    private struct State {
        var ending: Ending?
        /// While the handler runs: the task that it runs in, and who goes on if it is interrupted.
        var running: (task: StepTask, caller: any Caller)?
        var heartbeatInterval: Duration?
        var heartbeatDeadline: ContinuousClock.Instant?
    }

    let surroundings: any Surroundings
    private let bucket: Int32
    private let state: Mutex<State>

    /// - Parameter bucket: where the step is that calls.
    init(
        bucket: Int32 = 0,
        heartbeatInterval: Duration? = nil,
        now: ContinuousClock.Instant = .now,
        surroundings: any Surroundings = ProcessSurroundings()
    ) {
        self.bucket = bucket
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
        let (isEnd, running): (Bool, (task: StepTask, caller: any Caller)?) = state.withLock { state in
            guard state.ending == nil else { return (false, nil) }
            defer { state.running = nil }
            state.ending = ending
            return (true, state.running)
        }
        if !ending.isAnswer, let running {
            running.task.cancel()
            StepTask.start(on: surroundings.stepExecutor(ofBucket: bucket)) {
                await running.caller.goOn(ending, in: $0)
            }
        }
        return isEnd
    }

    /// Runs the handler in the caller's task.
    ///
    /// - Parameters:
    ///   - task: that task. It is cancelled when the call ends before the handler does.
    ///   - caller: goes on then, in another task.
    ///   - onLateReturn: called when the handler returns although the call had ended without it.
    /// - Returns: how the call ended; nil: another task goes on.
    func run(
        in task: StepTask,
        for caller: any Caller,
        _ handler: () async throws -> JSONDocument,
        onLateReturn: () -> Void
    ) async -> Ending? {
        let early: Ending? = state.withLock { state in
            guard state.ending == nil else { return state.ending }
            state.running = (task, caller)
            return nil
        }
        if let early {
            // It was over before it began.
            onLateReturn()
            return early
        }
        let ending: Ending
        do {
            ending = .returned(try await handler())
        } catch {
            ending = .threw(error)
        }
        if end(ending) { return ending }
        onLateReturn()
        return nil
    }

    /// Runs the handler in a task of its own and waits until the call ends, which may be before the handler does.
    ///
    /// - Parameter onLateReturn: called when the handler returns although the call had ended without it.
    func run(
        _ handler: @escaping @Sendable () async throws -> JSONDocument,
        onLateReturn: @escaping @Sendable () -> Void
    ) async -> Ending {
        await withCheckedContinuation { continuation in
            StepTask.start(on: surroundings.stepExecutor(ofBucket: bucket)) { [self] task in
                let waiter = Waiter(continuation)
                if let ending = await run(in: task, for: waiter, handler, onLateReturn: onLateReturn) {
                    continuation.resume(returning: ending)
                }
            }
        }
    }

    private final class Waiter: Caller {
        private let continuation: CheckedContinuation<Ending, Never>

        init(_ continuation: CheckedContinuation<Ending, Never>) {
            self.continuation = continuation
        }

        func goOn(_ ending: Ending, in task: StepTask) async { continuation.resume(returning: ending) }
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
