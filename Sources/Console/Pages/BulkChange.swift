import Expressions
import Hummingbird
import Server
import Signing
import Store

/// The same done to all executions that a filter means: which ones, and by whom it may be asked for.
struct BulkChange {
    enum Action: String {
        case stop, redrive

        /// The operation of the API.
        var operation: String { self == .stop ? "StopExecution" : "RedriveExecution" }
        /// What the audit calls it as a whole.
        var name: String { self == .stop ? "StopMany" : "RedriveMany" }
        var statuses: [ExecutionStatus] { self == .stop ? [.running] : [.failed, .timedOut, .aborted] }
    }

    private static let lifetime: Int64 = 3600

    let action: Action
    let query: ExecutionQuery

    init(_ action: Action, _ query: ExecutionQuery) { (self.action, self.query) = (action, query) }

    /// What it can be done to; nil: to nothing that the filter means, or the filter can't be read.
    func filter(now: Timestamp) -> ExecutionFilter? {
        guard query.fields != nil else { return nil }
        var filter = query.filter(now: now)
        if filter.statuses.isEmpty { filter.statuses = action.statuses }
        // What begins later was not in the list that somebody has agreed to.
        filter.startedBefore = now
        return filter.statuses.allSatisfy(action.statuses.contains) ? filter : nil
    }

    /// Where it is looked at before it is done; nil: they may not, or it would be done to nothing.
    func address(for visit: Visit) -> String? {
        guard filter(now: .distantPast) != nil, isAllowed(to: visit) else { return nil }
        return Address.of(["executions", "bulk"], [("action", action.rawValue)] + query.pairs)
    }

    func isAllowed(to visit: Visit) -> Bool {
        visit.may("ListExecutions", on: query.owner) && visit.may(action.operation, on: query.owner)
    }

    func require(_ visit: Visit) throws(APIError) {
        try visit.require("ListExecutions", on: query.owner)
        try visit.require(action.operation, on: query.owner)
    }

    /// Whether what a preview showed is not too long ago.
    static func isFresh(_ moment: Timestamp, now: Timestamp) -> Bool {
        moment <= now && moment.adding(seconds: lifetime) > now
    }

    /// What a page that shows a filter's executions sends to have it done: good for this filter, this moment and whoever
    /// looks at it, and for nothing else.
    func confirmation(at moment: Timestamp, for visit: Visit) -> String {
        let filter = Address.of([], [("action", action.rawValue)] + query.pairs)
        let key = Array("bulk \(visit.session?.secret ?? visit.console.openSecret)".utf8)
        return SHA256.hexadecimal(SHA256.hmac("\(moment.microseconds) \(filter)".utf8, key: key))
    }
}
