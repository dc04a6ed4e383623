package import Expressions
import Interpreter
import JSON
import Postgres
import Simulation
package import Store

/// The worker's protocol in memory: what `migrations/` says in SQL, said again in Swift.
///
/// One call is one transaction. Time and chance come from outside, so that the same calls give the same answers.
package struct MemoryState: Sendable {
    package let settings: Settings
    /// What the database's clock shows.
    package var now: Timestamp
    /// What the clock of the process shows that makes a call; only a bug looks at it.
    package var clientTime: Timestamp?
    /// The protocol bug that is in it on purpose.
    package var bug: PlantedBug?
    /// What it has told since somebody last took it.
    package var notifications: [MemoryNotification] = []

    var random: SeededRandom
    var revisions: [String: Revision] = [:]
    var executions: [PGUUID: ExecutionRow] = [:]
    var ids: [String: PGUUID] = [:]
    /// The last event of every running execution.
    var heads: [PGUUID: Int] = [:]
    var steps: [StepKey: StepRow] = [:]
    var results: [StepKey: JSONDocument] = [:]
    var history: [PGUUID: [HistoryRow]] = [:]
    var outbox: [OutboxRow] = []
    var answers: [AnswerRow] = []
    var workers: [PGUUID: WorkerRecord] = [:]
    /// Counts event ids for a bug that takes them from a sequence.
    var sequence = 0

    package init(settings: Settings, now: Timestamp, seed: UInt64, bug: PlantedBug? = nil) {
        self.settings = settings
        self.now = now
        self.bug = bug
        random = SeededRandom(seed: seed)
    }

    package mutating func deploy(_ revision: Revision) { revisions[revision.machineName] = revision }

    func later(_ duration: Duration) -> Timestamp { time(duration, after: now) }

    /// When a lease ends that begins now.
    func end(ofLease lease: Duration) -> Timestamp {
        time(lease, after: bug == .workerClockForLeases ? clientTime ?? now : now)
    }

    func time(_ duration: Duration, after time: Timestamp) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        return Timestamp(microseconds: time.microseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    /// The steps of one execution, in the order in which they are locked.
    func steps(of execution: PGUUID) -> [StepKey] {
        steps.keys.filter { $0.execution == execution }.sorted()
    }

    // MARK: Workers

    mutating func register(_ worker: WorkerRecord) -> PGUUID? {
        let previous = workers.values.first { $0.host == worker.host && $0.name == worker.name }?.instance
        if let previous { workers[previous] = nil }
        workers[worker.instance] = worker
        return previous == worker.instance ? nil : previous
    }

    mutating func heartbeat(_ worker: WorkerRecord) {
        let holder = workers.values.first { $0.host == worker.host && $0.name == worker.name }?.instance
        if holder == nil || holder == worker.instance { workers[worker.instance] = worker }
    }

    /// Only sleepers are told.
    mutating func notifyWork(in buckets: [Int32], from worker: PGUUID?) {
        guard workers.values.contains(where: { $0.isIdle && $0.instance != worker }) else { return }
        for bucket in buckets { notifications.append(.work(bucket: bucket)) }
    }

    mutating func notifyWorkers(_ instances: [PGUUID]) {
        for instance in instances { notifications.append(.leases(of: instance)) }
    }

    package mutating func takeNotifications() -> [MemoryNotification] {
        defer { notifications = [] }
        return notifications
    }
}
