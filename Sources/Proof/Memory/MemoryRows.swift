import Expressions
import Interpreter
import JSON
package import Postgres
import Store

/// One live branch of an execution, as a row of `steps` is.
struct StepRow: Sendable {
    enum Status: Sendable {
        case ready, leased, waiting, joining
    }

    let key: StepKey
    let parent: Int64?
    let revision: Revision
    let executionName: String
    var status: Status = .ready
    /// Whose workers may claim it, and whose will once it is given back.
    var function: String
    var nextFunction: String
    var runAt: Timestamp
    var wakeAt: Timestamp?
    var leaseUntil: Timestamp?
    var worker: PGUUID?
    var fence: Int64 = 0
    /// The fence that the last transition consumed.
    var applied: Int64 = -1
    var isSuspect = false
    var hasStarted = false
    var losses = 0
    var branch: Branch
    /// What happened while nobody held the step; nil: nothing.
    var outcome: Outcome?
    var fork: ForkRow?
    var heartbeatDue: Timestamp?
    /// Which scheduling `heartbeatDue` is about.
    var heartbeatEvent: Int?

    init(
        key: StepKey,
        parent: Int64?,
        revision: Revision,
        name: String,
        function: String,
        at: Timestamp,
        branch: Branch
    ) {
        self.key = key
        self.parent = parent
        self.revision = revision
        executionName = name
        self.function = function
        nextFunction = function
        runAt = at
        self.branch = branch
    }

    var lease: StepLease { StepLease(key: key, fence: fence) }

    /// The id of an event that the branch refers to.
    static func id(_ reference: EventReference) -> Int {
        if case .recorded(let id) = reference { id } else { 0 }
    }

    /// Nobody holds it, and somebody should look at it now.
    mutating func becomeReady(at now: Timestamp, function: String) {
        status = .ready
        runAt = now
        wakeAt = nil
        leaseUntil = nil
        worker = nil
        fence += 1
        self.function = function
    }
}

/// What a step that has forked waits for.
struct ForkRow: Sendable {
    /// The event that started it: its children's ids begin with it.
    let event: Int
    /// The items of a Map; nil: branches of a Parallel.
    let items: [JSONDocument]?
    let count: Int
    var remaining: Int
    var nextItem: Int
    let childState: String
    let childFunction: String

    /// The ids of all children there ever are.
    var ids: Range<Int64> { Int64(event) << 32..<Int64(event + 1) << 32 }
}

/// One execution, from its start to its end.
struct ExecutionRow: Sendable {
    struct Parent: Sendable, Hashable {
        var key: StepKey
        var event: Int
    }

    let id: PGUUID
    let bucket: Int32
    let revision: Revision
    let name: String
    let input: JSONDocument
    let startedAt: Timestamp
    let parent: Parent?
    var status = ExecutionStatus.running
    var output: JSONDocument?
    var error: String?
    var cause: String?
    var stoppedAt: Timestamp?
    var lastEvent: Int?
}

/// The events of one transition.
struct HistoryRow: Sendable {
    let first: Int
    let step: Int64
    /// When it became durable.
    let at: Timestamp
    let events: [HistoryEvent]
}

/// A message to another bucket.
struct OutboxRow: Sendable {
    enum Kind: Sendable {
        /// A step asks for an execution.
        case start(machine: String, name: String, isAwaited: Bool)
        /// An execution has ended that a step waits for; the message's id is the execution's.
        case result
        /// Steps are gone that waited for executions.
        case stop
    }

    let id: PGUUID
    let bucket: Int32
    let kind: Kind
    /// The step that it is about, and the event that scheduled its work.
    let step: StepKey
    let event: Int
    var runAt: Timestamp
}

/// An answer to a task whose call has not returned yet.
struct AnswerRow: Sendable {
    let step: StepKey
    let entry: Int
    let attempt: Int
    let outcome: Outcome
    let arrivedAt: Timestamp

    func isAbout(_ row: StepRow) -> Bool {
        step == row.key && entry == row.branch.entry && attempt == row.branch.retryCount
    }
}

/// What the database tells those who listen; it may get lost.
package enum MemoryNotification: Sendable, Hashable {
    /// To everybody: there is work in a bucket.
    case work(bucket: Int32)
    /// To one worker: leases of yours are gone.
    case leases(of: PGUUID)
}
