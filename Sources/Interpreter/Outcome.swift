package import JSON

/// What just happened to a branch.
package enum Outcome: Sendable, Equatable {
    /// Nobody was waited for: a fresh branch begins, an entering one goes on, a sleep or retry delay is over.
    case due
    /// The function returned, the child execution answered (`starting`) or ended well (`submitted`).
    case succeeded(JSONDocument)
    /// The function threw, or the child could not be started or failed.
    case failed(error: String, cause: String)
    /// What was to do the work does not exist: the decision that asked for it never happened.
    case refused
    /// `TimeoutSeconds` of the Task is over.
    case timedOut
    /// No heartbeat within `HeartbeatSeconds`.
    case heartbeatMissed
    /// The child execution has started and will be waited for (`starting`, `.sync:2`): AWS's answer to StartExecution.
    case submitted(JSONDocument)
    /// All branches ended: their outputs, in order.
    case joined([JSONDocument])
    /// A branch failed; the others are gone.
    case branchFailed(BranchFailure)

    /// The name of the case, for messages.
    var name: String {
        switch self {
        case .due: "due"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .refused: "refused"
        case .timedOut: "timedOut"
        case .heartbeatMissed: "heartbeatMissed"
        case .submitted: "submitted"
        case .joined: "joined"
        case .branchFailed: "branchFailed"
        }
    }
}
