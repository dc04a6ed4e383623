import DequeModule
import Dispatch
import Postgres
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Runs handlers on threads of its own: one that blocks its thread, or never ends, does not stop the worker, which has
/// the other threads to itself.
///
/// There is a thread per core; when all of them have been at the same thing for a while, there will be more.
final class HandlerExecutor: TaskExecutor {
    static let shared = HandlerExecutor()

    private struct State {
        var jobs: Deque<UnownedJob> = []
        var threadCount = 0
        /// Threads that wait for a job.
        var idleCount = 0
        var lastTaken = ContinuousClock.now
    }

    private enum Next {
        case job(UnownedJob)
        case wait
        case end
    }

    /// How long jobs wait before another thread is worth its cost.
    private static let patience: Duration = .milliseconds(200)
    /// Threads above one per core. With all of these stuck, handlers wait until they time out.
    private static let maximumExtra = 128

    private let usualCount: Int
    private let state = Mutex(State())
    private let wakeUps = DispatchSemaphore(value: 0)

    private init() {
        usualCount = max(2, ProcessInfo.processInfo.activeProcessorCount)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let (wakes, starts) = state.withLock { state in
            state.jobs.append(job)
            if state.idleCount > 0 {
                state.idleCount -= 1
                return (true, false)
            }
            guard state.threadCount < usualCount else { return (false, false) }
            state.threadCount += 1
            return (false, true)
        }
        if wakes { wakeUps.signal() }
        if starts { start() }
    }

    /// Adds a thread if jobs have waited for too long. Somebody has to ask from time to time.
    func relieve() {
        let starts = state.withLock { state in
            guard !state.jobs.isEmpty, state.lastTaken.advanced(by: Self.patience) < .now,
                state.threadCount < usualCount + Self.maximumExtra
            else { return false }
            state.threadCount += 1
            return true
        }
        if starts { start() }
    }

    private func start() {
        if !startThread({ [self] in work() }) { state.withLock { $0.threadCount -= 1 } }
    }

    private func work() {
        while true {
            switch next() {
            case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
            case .wait: wakeUps.wait()
            case .end: return
            }
        }
    }

    private func next() -> Next {
        state.withLock { state in
            if let job = state.jobs.popFirst() {
                state.lastTaken = .now
                return .job(job)
            }
            if state.idleCount >= usualCount {
                state.threadCount -= 1
                return .end
            }
            state.idleCount += 1
            return .wait
        }
    }
}
