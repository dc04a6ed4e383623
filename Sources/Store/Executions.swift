package import Expressions
package import JSON
import Postgres

/// The answer to a start.
package struct StartedExecution: Sendable {
    package var arn: String
    package var startedAt: Timestamp
    /// Whether this call made it; false: the same start had been made before, and its execution still runs.
    package var isNew: Bool
}

/// The status of an execution, with AWS's names.
package enum ExecutionStatus: String, Sendable, CaseIterable {
    case running = "RUNNING"
    case succeeded = "SUCCEEDED"
    case failed = "FAILED"
    case timedOut = "TIMED_OUT"
    case aborted = "ABORTED"
    /// A child of a map run that did not succeed, and waits for its turn in the run's redrive.
    case pendingRedrive = "PENDING_REDRIVE"
}

/// One execution in full.
package struct ExecutionDescription: Sendable {
    package var summary: ExecutionSummary
    package var revision: Int
    package var input: JSONDocument
    package var output: JSONDocument?
    package var error: String?
    package var cause: String?
    /// The trace that the start belongs to, as the caller gave it.
    package var traceHeader: String?
    package var redriveStatus: RedriveStatus
    /// Where each live branch stands; empty once the execution has ended.
    package var steps: [BranchStanding]
    /// The database's time at which all this was so.
    package var observedAt: Timestamp
}

/// One execution as lists show it.
package struct ExecutionSummary: Sendable {
    package var arn: String
    package var name: String
    package var stateMachine: String
    package var stateMachineARN: String
    package var status: ExecutionStatus
    package var startedAt: Timestamp
    package var stoppedAt: Timestamp?
    /// The version it was started through, chosen by the alias if it was that.
    package var version: Int?
    package var alias: String?
    /// How often the execution was gone on with after it had failed, and when that was last.
    package var redriveCount: Int
    package var redrivenAt: Timestamp?
    /// The beginning of what it failed with, in lists for people.
    package var error: String?
}

/// One event as AWS's `GetExecutionHistory` shows it.
package struct RecordedEvent: Sendable {
    package var id: Int
    /// The API's object.
    package var json: JSONValue
}
