import DequeModule
import Dispatch
import Postgres
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Threads that run tasks, each from a queue of its own.
///
/// What works on one bucket's steps uses one queue and so, mostly, one thread: two threads that turn to the same objects
/// wait for each other's memory, which costs a step a tenth of its time. A thread with nothing of its own to do takes over
/// what waits for one that is at a long job or falls behind, so no thread is idle for long while jobs wait, however the
/// load is spread. One that has been at the same job for too long loses its queue to a new thread.
struct ThreadPool: Sendable {
    /// Runs steps and their handlers: one that blocks its thread, or never ends, does not stop what claims steps.
    static let steps = ThreadPool(threads: max(2, ProcessInfo.processInfo.activeProcessorCount))
    /// Runs what keeps leases: whatever else computes or blocks in this process, on threads that all tasks share, it
    /// must not cost a lease.
    static let leases = ThreadPool(threads: 1)

    private let threads: PoolThreads
    private let queues: [JobQueue]

    init(threads count: Int) {
        let threads = PoolThreads(count: count)
        self.threads = threads
        queues = (0..<count).map { JobQueue(of: threads, index: $0) }
    }

    /// The queue of everything that has this number.
    func queue(_ number: Int) -> any TaskExecutor { queues[number % queues.count] }

    /// Gives the queues of threads that have been at one job for too long to new threads, if jobs wait there and nobody
    /// takes them over. Somebody has to ask from time to time.
    func relieve() { threads.relieve() }
}

/// Jobs that one thread takes in order.
private final class JobQueue: TaskExecutor {
    private let threads: PoolThreads
    private let index: Int

    init(of threads: PoolThreads, index: Int) {
        self.threads = threads
        self.index = index
    }

    func enqueue(_ job: consuming ExecutorJob) {
        threads.enqueue(Job(job: UnownedJob(job), executor: asUnownedTaskExecutor(), since: .now), in: index)
    }
}

private struct Job {
    let job: UnownedJob
    let executor: UnownedTaskExecutor
    /// When it came.
    let since: ContinuousClock.Instant
}

/// A queue, and what its thread does.
private struct Place {
    var jobs: Deque<Job> = []
    /// Which thread has the queue: a new one counts further.
    var generation = 0
    var hasThread = false
    /// Since when the thread has been at one job; nil: it sleeps, or there is none.
    var busySince: ContinuousClock.Instant?

    /// When other threads may take the first job.
    var isFreeAt: ContinuousClock.Instant? {
        guard let first = jobs.first else { return nil }
        let end = first.since.advanced(by: PoolThreads.longestWait)
        return busySince.map { min(end, $0.advanced(by: PoolThreads.longJob)) } ?? end
    }
}

private struct PoolState {
    var places: [Place]
    /// Jobs that wait.
    var jobCount = 0
    /// Whose thread looks again at what waits for the others.
    var watcher: Int?
    /// Whose threads sleep until they are woken.
    var resting: [Int] = []
    /// Threads that have lost their queue and still are at their job.
    var stuckCount = 0
}

private enum Next {
    case job(Job)
    case watch(until: ContinuousClock.Instant)
    case rest
    case end
}

private final class PoolThreads: Sendable {
    /// How long a thread may be at one job before others take over what waits for it.
    static let longJob: Duration = .milliseconds(2)
    /// How long jobs wait in any case. Batches come back together, and their thread is through with one sooner than that.
    static let longestWait: Duration = .milliseconds(10)
    /// How long jobs wait, with their thread at one job, before a new thread is worth its cost.
    private static let patience: Duration = .milliseconds(100)
    /// Stuck threads beyond these are not replaced: calls wait until they time out.
    private static let mostStuck = 128

    private let state: Mutex<PoolState>
    /// By queue: where its thread sleeps.
    private let wakeUps: [DispatchSemaphore]

    init(count: Int) {
        state = Mutex(PoolState(places: Array(repeating: Place(), count: count)))
        wakeUps = (0..<count).map { _ in DispatchSemaphore(value: 0) }
        let now = ContinuousClock.now
        for index in 0..<count { start(index, state.withLock { $0.places[index].employ(at: now) }) }
    }

    /// Gives the queues of threads that have been at one job for too long to new threads, if jobs wait there and nobody
    /// takes them over. Somebody has to ask from time to time.
    func relieve() {
        let now = ContinuousClock.now
        let replaced: [(index: Int, generation: Int)] = state.withLock { state in
            var replaced: [(Int, Int)] = []
            for index in state.places.indices where state.stuckCount < Self.mostStuck {
                guard let since = state.places[index].busySince, let first = state.places[index].jobs.first,
                    max(since, first.since).advanced(by: Self.patience) < now
                else { continue }
                state.stuckCount += 1
                replaced.append((index, state.places[index].employ(at: now)))
            }
            return replaced
        }
        for (index, generation) in replaced { start(index, generation) }
    }

    func enqueue(_ job: Job, in index: Int) {
        let (wakes, generation) = state.withLock { $0.add(job, to: index) }
        if let wakes { wakeUps[wakes].signal() }
        if let generation { start(index, generation) }
    }

    private func start(_ index: Int, _ generation: Int) {
        guard !startThread({ [self] in work(index, generation) }) else { return }
        // The next job tries again.
        state.withLock { $0.places[index].hasThread = false }
    }

    private func work(_ index: Int, _ generation: Int) {
        while true {
            let (next, wakes) = state.withLock { $0.next(for: index, generation) }
            if let wakes { wakeUps[wakes].signal() }
            switch next {
            case .job(let job): job.job.runSynchronously(on: job.executor)
            case .watch(let end):
                _ = wakeUps[index].wait(timeout: .now() + ContinuousClock.now.duration(to: end) / .seconds(1))
            case .rest: wakeUps[index].wait()
            case .end: return
            }
        }
    }
}

extension Place {
    /// - Returns: which thread has the queue from now on.
    mutating func employ(at now: ContinuousClock.Instant) -> Int {
        generation += 1
        hasThread = true
        busySince = now
        return generation
    }
}

extension PoolState {
    /// Another job comes.
    ///
    /// - Returns: whose thread is to be woken, and the generation of the thread that is to be started for the queue.
    mutating func add(_ job: Job, to index: Int) -> (wakes: Int?, starts: Int?) {
        places[index].jobs.append(job)
        jobCount += 1
        guard places[index].hasThread else { return (nil, places[index].employ(at: job.since)) }
        guard places[index].busySince == nil else { return (appointWatcher(), nil) }
        if watcher == index { watcher = nil }
        resting.removeAll { $0 == index }
        places[index].busySince = job.since
        return (index, nil)
    }

    /// What the thread of a queue does next.
    ///
    /// - Returns: that, and whose thread is to be woken.
    mutating func next(for index: Int, _ generation: Int) -> (Next, wakes: Int?) {
        guard places[index].generation == generation else {
            stuckCount -= 1
            return (.end, nil)
        }
        if watcher == index { watcher = nil }
        let now = ContinuousClock.now
        if !places[index].jobs.isEmpty { return begin(jobOf: index, for: index, at: now) }
        var first: (index: Int, isFreeAt: ContinuousClock.Instant)?
        for other in places.indices where jobCount > 0 {
            guard let isFreeAt = places[other].isFreeAt, first.map({ isFreeAt < $0.isFreeAt }) ?? true else { continue }
            first = (other, isFreeAt)
        }
        if let first, first.isFreeAt <= now { return begin(jobOf: first.index, for: index, at: now) }
        places[index].busySince = nil
        if let first, watcher == nil {
            watcher = index
            return (.watch(until: first.isFreeAt), nil)
        }
        resting.append(index)
        return (.rest, nil)
    }

    private mutating func begin(
        jobOf owner: Int,
        for index: Int,
        at now: ContinuousClock.Instant
    ) -> (Next, wakes: Int?) {
        let job = places[owner].jobs.removeFirst()
        jobCount -= 1
        places[index].busySince = now
        return (.job(job), appointWatcher())
    }

    /// While jobs wait, one of the threads that rest has to watch.
    ///
    /// - Returns: which.
    private mutating func appointWatcher() -> Int? {
        guard watcher == nil, jobCount > 0, let index = resting.popLast() else { return nil }
        watcher = index
        return index
    }
}
