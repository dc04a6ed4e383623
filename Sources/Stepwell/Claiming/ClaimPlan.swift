import Expressions
import Store

/// Decides what the claim loop does next. Without clock or database: what happened comes in, the next action goes out.
struct ClaimPlan {
    typealias Instant = ContinuousClock.Instant

    enum Action: Equatable {
        /// Claim from a bucket; `isThorough`: whatever the low-water mark says.
        case claim(bucket: Int32, isThorough: Bool)
        /// Ask what is due and what will be.
        case probe
        /// Tell the database whether this worker sleeps.
        case announce(isIdle: Bool)
        /// Nothing to do until then, unless there is a hint. The plan gives at most a second.
        case sleep(until: Instant)
    }

    /// How long the loop sleeps at most: hints may get lost.
    static let pollInterval: Duration = .seconds(1)
    /// The shortest time between two probes.
    private static let probeInterval: Duration = .milliseconds(10)
    /// How long a worker is busy before it says so: telling costs as much as a notification.
    private static let busyInterval: Duration = .milliseconds(100)
    /// One claim in so many looks at everything that is ready, even while claims come back full.
    private static let thoroughEvery = 50

    /// Buckets with something to claim, in order.
    private var due: [Int32] = []
    /// Buckets whose last claim came back full: more of the same is likely.
    private var full: Set<Int32> = []
    private var claimCount = 0
    /// The next time at which something known is due, by the database's clock.
    private var nextDue: Timestamp?
    private var nextPoll: Instant
    private var lastProbe: Instant?
    /// Whether something may have become due that no probe has seen.
    private var mayHaveMissed = true
    /// Since when, if it is unlikely: everything that is started is told of.
    private var unlikelySince: Instant?
    /// Whether claims and the last probe asked for all that the worker can do.
    private var asksForAll = true
    private var fruitlessProbes = 0
    /// The bucket whose turn it is, where calls wait for their turns: the one behind the first that had its turn since the
    /// last probe. Others, of which nothing could be called just then, may have been passed over between that and the
    /// last.
    private(set) var nextTurn: Int32?
    /// Whether any bucket had its turn since then.
    private var hadTurn = false
    /// Since when the loop has been without sleep.
    private var busySince: Instant?
    /// What the database believes.
    private(set) var isAnnouncedIdle = false

    init(now: Instant) {
        nextPoll = now
    }

    /// What is due but can't be had, because others have it in hand, is not asked for again and again.
    private var earliestProbe: Instant? {
        lastProbe?.advanced(by: Self.probeInterval * (1 << min(fruitlessProbes, 8)))
    }

    /// What to do next.
    ///
    /// - Parameters:
    ///   - hasRoom: whether there is a slot for another step.
    ///   - time: the database's time, as far as it is known.
    mutating func next(hasRoom: Bool, now: Instant, time: Timestamp?) -> Action {
        if busySince == nil { busySince = now }
        if isAnnouncedIdle, let busySince, busySince.advanced(by: Self.busyInterval) <= now {
            return .announce(isIdle: false)
        }
        guard hasRoom else {
            return .sleep(until: now.advanced(by: isAnnouncedIdle ? Self.busyInterval : Self.pollInterval))
        }
        if let bucket = due.first {
            claimCount += 1
            return .claim(
                bucket: bucket,
                isThorough: !full.contains(bucket) || claimCount.isMultiple(of: Self.thoroughEvery)
            )
        }
        let isDue = nextDue.map { due in time.map { due <= $0 } ?? true } ?? false
        if nextPoll <= now { return .probe }
        if isDue || mayHaveMissed {
            // What follows a claim is advanced first: a probe beside it would only slow it down.
            if !isDue, let settled = unlikelySince?.advanced(by: Self.probeInterval), settled > now {
                busySince = nil
                return .sleep(until: min(settled, nextPoll, wakeTime(now: now, time: time) ?? nextPoll))
            }
            guard let earliestProbe, earliestProbe > now else { return .probe }
            return .sleep(until: min(earliestProbe, nextPoll))
        }
        // Said first and probed after: a start that comes in between sees either the flag or the probe.
        if !isAnnouncedIdle { return .announce(isIdle: true) }
        busySince = nil
        return .sleep(until: min(nextPoll, wakeTime(now: now, time: time) ?? nextPoll))
    }

    /// When the next thing that is known of is due.
    private func wakeTime(now: Instant, time: Timestamp?) -> Instant? {
        guard let nextDue, let time else { return nil }
        let (distance, overflow) = nextDue.microseconds.subtractingReportingOverflow(time.microseconds)
        return overflow ? nil : now.advanced(by: .microseconds(distance))
    }

    // MARK: What happened

    /// There may be something to claim in these buckets.
    mutating func hint(_ buckets: some Sequence<Int32>) {
        for bucket in buckets {
            full.remove(bucket)
            if !due.contains(bucket) { due.append(bucket) }
        }
    }

    /// A step became due in future, or work was finished that may have made other work ready.
    mutating func worked(nextDue time: Timestamp?, now: Instant) {
        if let time { nextDue = nextDue.map { min($0, time) } ?? time }
        mayHaveMissed(now)
    }

    /// Notifications were interrupted, or the worker can do more than before.
    mutating func lostSight() {
        mayHaveMissed = true
        unlikelySince = nil
    }

    /// Something may have become due. While the database is told that this worker sleeps, it tells of every start; what was
    /// left for want of slots or permits, and what comes while it is believed to be busy, nobody tells of.
    private mutating func mayHaveMissed(_ now: Instant) {
        guard isAnnouncedIdle, asksForAll else { return lostSight() }
        if !mayHaveMissed { unlikelySince = now }
        mayHaveMissed = true
    }

    /// A claim was answered.
    ///
    /// - Parameters:
    ///   - isFull: there may be more. Others come first then: what was claimed from two buckets is made durable side by
    ///     side, what comes from one has to wait for each other.
    ///   - asksForAll: whether it asked for everything that the worker can do.
    mutating func claimed(_ bucket: Int32, count: Int, isFull: Bool, asksForAll: Bool, now: Instant) {
        if !asksForAll { self.asksForAll = false }
        if count > 0 {
            if !hadTurn { nextTurn = bucket + 1 }
            hadTurn = true
            fruitlessProbes = 0
            mayHaveMissed(now)
        }
        due.removeAll { $0 == bucket }
        if isFull {
            full.insert(bucket)
            due.append(bucket)
        } else {
            full.remove(bucket)
        }
    }

    /// - Returns: buckets with other work that is due.
    mutating func probed(
        _ probe: Probe,
        asksForAll: Bool,
        now: Instant,
        pollAfter: Duration,
        firstBucket: Int
    ) -> OtherWork {
        self.asksForAll = asksForAll
        unlikelySince = nil
        var other = OtherWork()
        nextDue = nil
        hadTurn = false
        due = []
        for offset in probe.buckets.indices {
            let bucket = probe.buckets[(offset + firstBucket) % probe.buckets.count]
            if isDue(bucket.nextReady, probe.now) { due.append(bucket.bucket) }
            if isDue(bucket.nextWake, probe.now) { other.wakes.insert(bucket.bucket) }
            if isDue(bucket.nextOutbox, probe.now) { other.outboxes.insert(bucket.bucket) }
        }
        full.formIntersection(due)
        mayHaveMissed = false
        nextPoll = now.advanced(by: pollAfter)
        lastProbe = now
        fruitlessProbes = due.isEmpty ? 0 : fruitlessProbes + 1
        return other
    }

    /// Whether a time has come; if not, it is remembered.
    private mutating func isDue(_ time: Timestamp?, _ now: Timestamp) -> Bool {
        guard let time else { return false }
        if time > now { nextDue = nextDue.map { min($0, time) } ?? time }
        return time <= now
    }

    mutating func announced(isIdle: Bool) {
        isAnnouncedIdle = isIdle
        if isIdle {
            lostSight()
            lastProbe = nil
        } else {
            busySince = nil
        }
    }

    /// The database could not be asked: whatever was known is old.
    mutating func failed() {
        due = []
        full = []
        lostSight()
    }
}

/// Buckets in which something other than a claim is due.
struct OtherWork: Sendable, Equatable {
    /// Steps to be looked at: lost leases, waits that took too long.
    var wakes: Set<Int32> = []
    /// Messages to other buckets.
    var outboxes: Set<Int32> = []
    /// Answers to tasks that may have come before the task began to wait for them.
    var answers: Set<Int32> = []
    /// Executions, by their root steps, of which branches are gone that may have waited for other executions.
    var parents: Set<StepKey> = []
    /// How many tasks of which activities are ready to be asked for.
    var activities: [String: Int] = [:]

    var isEmpty: Bool { self == OtherWork() }

    mutating func formUnion(_ other: OtherWork) {
        wakes.formUnion(other.wakes)
        outboxes.formUnion(other.outboxes)
        answers.formUnion(other.answers)
        parents.formUnion(other.parents)
        activities.merge(other.activities, uniquingKeysWith: +)
    }
}
