import Postgres
import Store
import Synchronization

/// The steps of one bucket that are leased to this process, in the hands of all who work on them.
final class HeldBucket: Sendable {
    let steps: Mutex<HeldSteps>

    init(leaseDuration: Duration) {
        steps = Mutex(HeldSteps(leaseDuration: leaseDuration))
    }
}

/// Steps of one bucket that are leased to this process: until when, and what has to be done about them by then.
///
/// Without clock or tasks: times come in, actions go out. All times are local; a lease is counted from before the
/// request that granted it was sent, so it always ends here before it ends in the database.
struct HeldSteps {
    typealias Instant = ContinuousClock.Instant

    /// A time limit of a handler that runs.
    struct Deadline {
        /// Whose limit it is.
        enum Owner {
            case function
            /// The state, or a whole express execution.
            case state
        }

        var at: Instant
        var owner: Owner

        /// How the call ends then.
        var ending: Invocation.Ending {
            switch owner {
            case .function: .functionTimedOut
            case .state: .timedOut
            }
        }

        /// The one that comes first.
        static func earlier(_ left: Deadline?, _ right: Deadline?) -> Deadline? {
            guard let left, let right else { return left ?? right }
            return right.at < left.at ? right : left
        }
    }

    /// What became of a handler that is to begin.
    enum Beginning: Equatable {
        /// The step is not held under this lease.
        case refused
        /// `isUrgent`: the keeper sleeps too long for it.
        case begun(isUrgent: Bool)
    }

    struct Actions {
        var extensions: [StepLease] = []
        /// Calls to end.
        var endings: [(invocation: Invocation, ending: Invocation.Ending)] = []
    }

    private final class Entry {
        var lease: StepLease
        var grantedAt: Instant
        /// A write that names the fence is on its way: until its answer nobody can say what the fence is.
        var isWriting = false
        var isExtending = false
        /// When the next extension is due.
        var extendAt: Instant
        var isLost = false
        var invocation: Invocation?
        var deadline: Deadline?

        init(lease: StepLease, grantedAt: Instant, extendAt: Instant) {
            self.lease = lease
            self.grantedAt = grantedAt
            self.extendAt = extendAt
        }
    }

    let leaseDuration: Duration
    private var entries: [StepKey: Entry] = [:]
    /// When the keeper will look next.
    private var nextLook: Instant?

    init(leaseDuration: Duration) {
        self.leaseDuration = leaseDuration
        third = leaseDuration / 3
        company = leaseDuration / 12
        span = leaseDuration - min(.seconds(1), leaseDuration / 10)
    }

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }

    /// How long after it was granted a lease is extended.
    private let third: Duration
    /// How long before its time a lease is extended along with another one.
    private let company: Duration
    /// How long a handler may use its lease: it is cancelled before the end, to be gone when another process begins.
    private let span: Duration
    private static let retryInterval: Duration = .milliseconds(500)

    mutating func insert(_ lease: StepLease, grantedAt: Instant) {
        entries[lease.key] = Entry(
            lease: lease,
            grantedAt: grantedAt,
            extendAt: grantedAt.advanced(by: third)
        )
    }

    /// The one who held a step is done with it. Where this process has claimed it again meanwhile, the new lease stays.
    mutating func remove(_ lease: StepLease) {
        guard let entry = entries[lease.key], entry.lease.fence <= lease.fence else { return }
        entries[lease.key] = nil
    }

    func contains(_ key: StepKey) -> Bool { entries[key] != nil }

    /// Whether the step was taken away, or its lease ran out.
    func isLost(_ key: StepKey) -> Bool {
        entries[key]?.isLost ?? true
    }

    /// The calls that run, in the order of their steps.
    var invocations: [Invocation] {
        entries.sorted { $0.key < $1.key }.compactMap(\.value.invocation)
    }

    // MARK: What the one who works on a step says

    /// A handler begins.
    ///
    /// - Returns: refused, unless the step is still held under this lease: one that this process has lost and claimed
    ///   again is somebody else's, and one whose claim was answered so late that its time is over is perhaps already.
    mutating func begin(
        _ lease: StepLease,
        _ invocation: Invocation,
        deadline: Deadline?,
        now: Instant
    ) -> Beginning {
        guard let entry = entries[lease.key], !entry.isLost, entry.lease == lease, end(of: entry) > now else {
            return .refused
        }
        entry.invocation = invocation
        entry.deadline = deadline
        guard let nextLook, let first = firstLook(at: entry) else { return .begun(isUrgent: false) }
        return .begun(isUrgent: first < nextLook)
    }

    /// The call is over.
    mutating func finish(_ key: StepKey, _ invocation: Invocation) {
        guard let entry = entries[key], entry.invocation === invocation else { return }
        entry.invocation = nil
        entry.deadline = nil
    }

    /// A write that names the fence will be sent.
    ///
    /// - Parameter invocation: the call on whose behalf it is sent, while that goes on.
    /// - Returns: whether the step is still held under this lease, and the call not over.
    mutating func beginWriting(_ lease: StepLease, for invocation: Invocation? = nil) -> Bool {
        guard let entry = entries[lease.key], !entry.isLost, entry.lease == lease,
            invocation == nil || entry.invocation === invocation
        else { return false }
        entry.isWriting = true
        return true
    }

    /// The write kept the lease.
    mutating func endWriting(_ lease: StepLease, grantedAt: Instant) {
        guard let entry = entries[lease.key], entry.lease.fence <= lease.fence else { return }
        entry.lease = lease
        entry.grantedAt = grantedAt
        entry.extendAt = grantedAt.advanced(by: third)
        entry.isWriting = false
    }

    /// A write on behalf of a call was not done.
    mutating func cancelWriting(_ key: StepKey, for invocation: Invocation) {
        if let entry = entries[key], entry.invocation === invocation { entry.isWriting = false }
    }

    /// Somebody says that leases are gone: those of an execution, or all, are checked now, by extending them.
    mutating func check(_ execution: PGUUID? = nil, now: Instant) {
        for (key, entry) in entries where execution == nil || key.execution == execution { entry.extendAt = now }
    }

    // MARK: What the keeper asks

    /// What has to be done by now, in the order of the steps.
    mutating func due(_ now: Instant) -> Actions {
        var actions = Actions()
        var hasExtension = false
        var endings: [(key: StepKey, invocation: Invocation, ending: Invocation.Ending)] = []
        for (key, entry) in entries where !entry.isLost && !entry.isWriting {
            if let ending = ending(of: entry, now) {
                if case .lost = ending { entry.isLost = true }
                if let invocation = entry.invocation { endings.append((key, invocation, ending)) }
                // From here on nothing is written on its behalf.
                entry.invocation = nil
                entry.deadline = nil
            } else if !entry.isExtending, entry.extendAt <= now {
                hasExtension = true
            }
        }
        for entry in entries.values where hasExtension {
            guard !entry.isLost, !entry.isWriting, !entry.isExtending, entry.extendAt <= now.advanced(by: company)
            else { continue }
            entry.isExtending = true
            actions.extensions.append(entry.lease)
        }
        actions.endings = endings.sorted { $0.key < $1.key }.map { ($0.invocation, $0.ending) }
        actions.extensions.sort { $0.key < $1.key }
        return actions
    }

    private func ending(of entry: Entry, _ now: Instant) -> Invocation.Ending? {
        if end(of: entry) <= now { return .lost }
        if let deadline = entry.deadline, deadline.at <= now { return deadline.ending }
        if let heartbeat = entry.invocation?.heartbeatDeadline, heartbeat <= now { return .heartbeatMissed }
        return nil
    }

    private func end(of entry: Entry) -> Instant {
        entry.grantedAt.advanced(by: span)
    }

    /// The answer to an extension.
    ///
    /// - Parameters:
    ///   - leases: those that the request named.
    ///   - kept: those that were extended; nil: the database could not be asked.
    ///   - sentAt: when the request was sent.
    /// - Returns: calls to end, because their steps are gone.
    mutating func extended(_ leases: [StepLease], kept: Set<StepKey>?, sentAt: Instant) -> [Invocation] {
        var lost: [Invocation] = []
        for lease in leases {
            guard let entry = entries[lease.key] else { continue }
            entry.isExtending = false
            if entry.lease != lease || entry.isWriting {
                // A transition of our own came in between: the answer is about a fence that is over.
            } else if kept?.contains(lease.key) == true {
                entry.grantedAt = max(entry.grantedAt, sentAt)
                entry.extendAt = entry.grantedAt.advanced(by: third)
            } else if kept == nil {
                entry.extendAt = sentAt.advanced(by: Self.retryInterval)
            } else {
                entry.isLost = true
                if let invocation = entry.invocation { lost.append(invocation) }
            }
        }
        return lost
    }

    /// When something has to be done next, `limit` at the latest. The keeper sleeps until then.
    mutating func nextLook(before limit: Instant) -> Instant {
        var next = limit
        for entry in entries.values { next = min(next, firstLook(at: entry) ?? next) }
        nextLook = next
        return next
    }

    private func firstLook(at entry: Entry) -> Instant? {
        guard !entry.isLost, !entry.isWriting else { return nil }
        var first = end(of: entry)
        if !entry.isExtending { first = min(first, entry.extendAt) }
        if let deadline = entry.deadline { first = min(first, deadline.at) }
        if let heartbeat = entry.invocation?.heartbeatDeadline { first = min(first, heartbeat) }
        return first
    }
}
