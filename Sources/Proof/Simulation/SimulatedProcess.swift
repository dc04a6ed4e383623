import Expressions
import Stepwell

/// A process of the simulation: it can be stopped and continued, and killed. It is the executor of everything it runs,
/// and its clock has an origin of its own.
///
/// `@unchecked Sendable`: only its scheduler's thread uses it.
final class SimulatedProcess: TaskExecutor, Surroundings, @unchecked Sendable {
    /// Where all clocks of all simulations begin: only differences count.
    private static let origin = ContinuousClock.now

    let scheduler: Scheduler
    let name: String
    /// How far its monotonic clock is ahead of the simulation's.
    private let offset: Duration
    /// How many seconds its clock on the wall is ahead of the database's.
    let wallClockError: Int
    /// The schedule that it is part of.
    weak var world: World?
    /// When it was continued last.
    private(set) var thawedAt: Duration?
    private(set) var isDead = false
    private(set) var isFrozen = false
    private var heldJobs: [UnownedJob] = []
    /// What waits for a timer or an answer, and how it is woken without.
    private var waits: [Int: () -> Void] = [:]
    private var waitCount = 0

    init(_ name: String, scheduler: Scheduler, offset: Duration = .zero, wallClockError: Int = 0) {
        self.name = name
        self.scheduler = scheduler
        self.offset = offset
        self.wallClockError = wallClockError
    }

    // MARK: Executor

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isFrozen {
            heldJobs.append(job)
        } else {
            scheduler.add(job, of: self)
        }
    }

    // MARK: Surroundings

    var now: ContinuousClock.Instant { Self.origin.advanced(by: scheduler.elapsed + offset) }
    func stepExecutor(ofBucket bucket: Int32) -> any TaskExecutor { self }
    var leaseExecutor: any TaskExecutor { self }
    var timerExecutor: (any TaskExecutor)? { self }

    #if FAULTS
        var bug: WorkerBug? { world?.bug?.inWorker }
        var wallClock: Timestamp {
            let time = world?.databaseTime ?? Timestamp(microseconds: 0)
            return time.adding(seconds: Int64(wallClockError))
        }
    #endif

    func randomBits() -> UInt64 { scheduler.random.next() }

    func call(at deadline: ContinuousClock.Instant, _ body: @escaping @Sendable () -> Void) {
        Task(executorPreference: self) {
            await self.sleep(until: deadline)
            body()
        }
    }

    func sleep(until deadline: ContinuousClock.Instant) async {
        guard !isDead, !Task.isCancelled else { return }
        let wait = Wait()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let number = begin { wait.end() }
                wait.begin(continuation) { [self] in self.end(number) }
                scheduler.after(now.duration(to: deadline)) { wait.end() }
            }
        } onCancel: {
            wait.end()
        }
    }

    /// Something that a task waits for. It ends once, by whoever comes first.
    ///
    /// `@unchecked Sendable`: only the scheduler's thread uses it.
    private final class Wait: @unchecked Sendable {
        private var continuation: CheckedContinuation<Void, Never>?
        private var onEnd: (() -> Void)?
        private var hasEnded = false

        func begin(_ continuation: CheckedContinuation<Void, Never>, onEnd: @escaping () -> Void) {
            guard !hasEnded else {
                onEnd()
                return continuation.resume()
            }
            self.continuation = continuation
            self.onEnd = onEnd
        }

        func end() {
            hasEnded = true
            onEnd?()
            onEnd = nil
            continuation?.resume()
            continuation = nil
        }
    }

    /// Notes that a task of the process waits.
    func begin(_ wake: @escaping () -> Void) -> Int {
        waitCount += 1
        waits[waitCount] = wake
        return waitCount
    }

    func end(_ number: Int) { waits[number] = nil }

    // MARK: What happens to it

    /// SIGSTOP.
    func freeze() {
        guard !isDead, !isFrozen else { return }
        isFrozen = true
        heldJobs = scheduler.takeJobs(of: self)
    }

    /// SIGCONT.
    func thaw() {
        guard isFrozen else { return }
        isFrozen = false
        thawedAt = scheduler.elapsed
        for job in heldJobs { scheduler.add(job, of: self) }
        heldJobs = []
    }

    /// SIGKILL: from now on nothing that it does reaches anybody. Its tasks run to their ends, so that nothing of them
    /// stays behind.
    func die() {
        guard !isDead else { return }
        isDead = true
        thaw()
        for number in waits.keys.sorted() { waits[number]?() }
        waits = [:]
    }
}
