/// What must hold, always: see `migrations/0016_checks.sql` for the queries.
package enum Invariant: String, Sendable, CaseIterable {
    case acknowledged = "I1"
    case named = "I2"
    case onceOnly = "I3"
    case contiguous = "I4"
    case ending = "I5"
    case begun = "I6"
    case fenced = "I7"
    case exactlyOnce = "I8"
    case sameAnswer = "I9"
    case withinBudget = "I10"
    case onTime = "I11"
    case lasting = "I12"

    package var promise: String {
        switch self {
        case .acknowledged: "every acknowledged start is there"
        case .named: "one execution per name, and a repeated start answers the same"
        case .onceOnly: "no transition happens twice"
        case .contiguous: "histories are complete: ids 1, 2, 3 …, one end, every payload"
        case .ending: "what was started can end, and nothing of what has ended is left"
        case .begun: "every result belongs to a call that was made"
        case .fenced: "a lease belongs to one worker and one fence"
        case .exactlyOnce: "transactional handlers take effect once"
        case .sameAnswer: "outputs are those of an undisturbed run"
        case .withinBudget: "no more attempts than Retry allows"
        case .onTime: "nothing happens before its time"
        case .lasting: "nothing that was read is taken back"
        }
    }

    /// The functions that look for violations, each in one bucket.
    var checks: [String] {
        switch self {
        case .named: ["check_names"]
        case .onceOnly: ["check_transitions"]
        case .contiguous: ["check_history", "check_payloads"]
        case .ending: ["check_ends"]
        case .begun: ["check_results"]
        case .fenced: ["check_leases"]
        case .withinBudget: ["check_retries"]
        case .onTime: ["check_times"]
        case .acknowledged, .exactlyOnce, .sameAnswer, .lasting: []
        }
    }

    /// What has to be known to check it, where that is not in the database.
    var needs: String? {
        switch self {
        case .acknowledged, .sameAnswer, .lasting: "needs what clients were told: --acknowledged FILE"
        case .exactlyOnce: "only your tables can tell: an idempotency key stands in them once"
        default: nil
        }
    }
}

/// What a look at one invariant came to.
package struct InvariantReport: Sendable {
    package struct Violation: Sendable, Hashable {
        /// `MACHINE:NAME`, or the id of an execution whose row is missing.
        package var execution: String
        package var detail: String
    }

    package var invariant: Invariant
    /// The first violations, at most ``Checkup/shownViolations`` of each kind.
    package var violations: [Violation] = []
    /// How many there are in all.
    package var count = 0
    /// Why it could not be checked; nil: it was.
    package var notChecked: String?

    package var holds: Bool { count == 0 }
}

/// What a client was told of an execution.
package struct Acknowledgement: Sendable {
    /// The machine's name, with `/LABEL` for a child of a map run.
    package var machine: String
    package var name: String
    /// In microseconds since 1970.
    package var startedAt: Int64?
    /// The most events that were read.
    package var lastEvent: Int?
    /// The output that an undisturbed run has, as text.
    package var output: String?

    package init(machine: String, name: String, startedAt: Int64? = nil, lastEvent: Int? = nil, output: String? = nil) {
        self.machine = machine
        self.name = name
        self.startedAt = startedAt
        self.lastEvent = lastEvent
        self.output = output
    }
}
