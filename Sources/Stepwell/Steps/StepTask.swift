import Synchronization

/// A task that works on a step, in the hand of whoever has to cancel it.
final class StepTask: Sendable {
    private enum State {
        /// The task is being made.
        case starting
        case running(Task<Void, Never>)
        case cancelled
    }

    private let state = Mutex(State.starting)

    private init() {}

    static func start(on executor: any TaskExecutor, _ body: @escaping @Sendable (StepTask) async -> Void) {
        let this = StepTask()
        let task = Task(executorPreference: executor) { await body(this) }
        let isCancelled = this.state.withLock { state in
            if case .cancelled = state { return true }
            state = .running(task)
            return false
        }
        if isCancelled { task.cancel() }
    }

    func cancel() {
        let task: Task<Void, Never>? = state.withLock { state in
            defer { state = .cancelled }
            if case .running(let task) = state { return task }
            return nil
        }
        task?.cancel()
    }
}
