import DequeModule
import Dispatch
import Postgres
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Runs tasks on threads of its own, of which there are more as soon as all of them have been at the same thing for a
/// while.
final class ThreadExecutor: TaskExecutor {
    /// Runs steps and their handlers: one that blocks its thread, or never ends, does not stop what claims steps.
    static let steps = ThreadExecutor(usualCount: max(2, ProcessInfo.processInfo.activeProcessorCount))
    /// Runs what keeps leases: whatever else computes or blocks in this process, on threads that all tasks share, it
    /// must not cost a lease.
    static let leases = ThreadExecutor(usualCount: 1)

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
    private static let patience: Duration = .milliseconds(100)
    /// Threads above the usual ones. With all of these stuck, calls wait until they time out.
    private static let maximumExtra = 128

    private let usualCount: Int
    private let state = Mutex(State())
    private let wakeUps = DispatchSemaphore(value: 0)

    private init(usualCount: Int) {
        self.usualCount = usualCount
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

    /// Adds threads, half as many as there are, if jobs have waited for too long. Somebody has to ask from time to time.
    func relieve() {
        let count = state.withLock { state in
            guard !state.jobs.isEmpty, state.lastTaken.advanced(by: Self.patience) < .now else { return 0 }
            let room = usualCount + Self.maximumExtra - state.threadCount
            let count = max(0, min(state.threadCount / 2, room))
            state.threadCount += count
            return count
        }
        for _ in 0..<count { start() }
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
