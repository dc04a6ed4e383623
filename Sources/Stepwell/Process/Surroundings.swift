import Dispatch

#if FAULTS
    package import Expressions
#endif

/// What a worker has of its process: time, chance and threads. A simulation puts its own in their place.
package protocol Surroundings: Sendable {
    /// The time of a clock that never goes back.
    var now: ContinuousClock.Instant { get }
    /// Where steps of a bucket and their handlers run.
    func stepExecutor(ofBucket bucket: Int32) -> any TaskExecutor
    /// Where leases are kept.
    var leaseExecutor: any TaskExecutor { get }
    /// Where timers run; nil: wherever there is room.
    var timerExecutor: (any TaskExecutor)? { get }

    #if FAULTS
        /// What is wrong with the worker.
        var bug: WorkerBug? { get }
        /// What the machine's own clock shows.
        var wallClock: Timestamp { get }
    #endif

    /// Sleeps until then, or until the task is cancelled.
    func sleep(until deadline: ContinuousClock.Instant) async

    /// Calls somebody then, whatever occupies the threads that all tasks share: `sleep` needs one of them to wake up.
    func call(at deadline: ContinuousClock.Instant, _ body: @escaping @Sendable () -> Void)

    /// Bits that nobody can foresee.
    func randomBits() -> UInt64
}

extension Surroundings {
    /// Sleeps for a while, or until the task is cancelled.
    func sleep(for duration: Duration) async {
        await sleep(until: now.advanced(by: duration))
    }

    /// A number of a range.
    func random(in range: ClosedRange<Double>) -> Double {
        var chance = SurroundingChance(surroundings: self)
        return .random(in: range, using: &chance)
    }
}

/// The surroundings of a real process.
package struct ProcessSurroundings: Surroundings {
    package init() {}

    package func stepExecutor(ofBucket bucket: Int32) -> any TaskExecutor { ThreadPool.steps.queue(Int(bucket)) }
    package var leaseExecutor: any TaskExecutor { ThreadPool.leases.queue(0) }
    package var now: ContinuousClock.Instant { .now }
    package var timerExecutor: (any TaskExecutor)? { nil }
    #if FAULTS
        package var bug: WorkerBug? { nil }
        package var wallClock: Timestamp { Timestamp(microseconds: 0) }
    #endif

    package func sleep(until deadline: ContinuousClock.Instant) async {
        try? await Task.sleep(until: deadline, clock: .continuous)
    }

    package func call(at deadline: ContinuousClock.Instant, _ body: @escaping @Sendable () -> Void) {
        let seconds = max(.zero, now.duration(to: deadline)) / .seconds(1)
        Self.timers.asyncAfter(deadline: .now() + seconds, execute: body)
    }

    private static let timers = DispatchQueue(label: "stepwell.timers")

    package func randomBits() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}

private struct SurroundingChance: RandomNumberGenerator {
    let surroundings: any Surroundings

    func next() -> UInt64 { surroundings.randomBits() }
}
