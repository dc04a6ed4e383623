import Simulation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Everything that happens, on one thread and one thing at a time: jobs of tasks in an order that the seed chooses, and
/// timers. Time passes only when nothing is left to run.
///
/// `@unchecked Sendable`: it is used by one thread only, and every entry from elsewhere stops the program.
final class Scheduler: @unchecked Sendable {
    struct Job {
        let job: UnownedJob
        let process: SimulatedProcess
    }

    struct Timer {
        let at: Duration
        let number: Int
        let fire: () -> Void
    }

    private let thread = pthread_self()
    var random: SeededRandom
    /// How much time has passed.
    private(set) var elapsed: Duration = .zero
    /// How many jobs have run.
    private(set) var jobCount = 0
    private var jobs: [Job] = []
    /// The latest first.
    private var timers: [Timer] = []
    private var timerCount = 0

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    private func check() {
        precondition(pthread_equal(thread, pthread_self()) != 0, "the simulation was entered from another thread")
    }

    // MARK: Jobs

    func add(_ job: UnownedJob, of process: SimulatedProcess) {
        check()
        jobs.append(Job(job: job, process: process))
    }

    /// Takes back what a process has not run yet.
    func takeJobs(of process: SimulatedProcess) -> [UnownedJob] {
        defer { jobs.removeAll { $0.process === process } }
        return jobs.filter { $0.process === process }.map(\.job)
    }

    // MARK: Timers

    func after(_ delay: Duration, _ fire: @escaping () -> Void) {
        check()
        let at = elapsed + max(delay, .zero)
        timerCount += 1
        var low = 0
        var high = timers.count
        while low < high {
            let middle = (low + high) / 2
            if timers[middle].at > at { low = middle + 1 } else { high = middle }
        }
        timers.insert(Timer(at: at, number: timerCount, fire: fire), at: low)
    }

    // MARK: Running

    /// Runs until there is nothing to do, or as long as a condition holds.
    ///
    /// - Returns: whether there is something left to do.
    func run(while goesOn: () -> Bool) -> Bool {
        check()
        while goesOn() {
            if !jobs.isEmpty {
                jobs.swapAt(below(jobs.count), jobs.count - 1)
                let next = jobs.removeLast()
                jobCount += 1
                next.job.runSynchronously(on: next.process.asUnownedTaskExecutor())
            } else if let timer = timers.popLast() {
                elapsed = max(elapsed, timer.at)
                timer.fire()
            } else {
                return false
            }
        }
        return true
    }

    /// Whether any job waits to be run.
    var isBusy: Bool { !jobs.isEmpty }

    // MARK: Chance

    func below(_ count: Int) -> Int { Int(random.next() % UInt64(max(1, count))) }

    func happens(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &random) < probability }

    /// A duration of a range of microseconds.
    func duration(_ range: ClosedRange<Int>) -> Duration {
        .microseconds(range.lowerBound + below(range.upperBound - range.lowerBound + 1))
    }
}
