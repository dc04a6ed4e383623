package import Expressions
package import JSON

/// Whether an execution can be redriven.
package enum RedriveStatus: Sendable, Hashable {
    case redrivable
    /// With the map run that it works for.
    case redrivableByMapRun
    /// The reason, in AWS's words.
    case notRedrivable(String)

    /// - Parameter obstacle: what `stepwell.redrive_obstacle` says.
    init(obstacle: String?, isChild: Bool) {
        self = obstacle.map(RedriveStatus.notRedrivable) ?? (isChild ? .redrivableByMapRun : .redrivable)
    }
}

extension ExecutionDescription {
    /// The members of `DescribeExecution` that say how often the execution was redriven, and whether it can be.
    package func redriveMembers(date: (Timestamp) -> JSONValue) -> JSONObject {
        var members: JSONObject = ["redriveCount": .number(JSONNumber(summary.redriveCount))]
        if let redrivenAt = summary.redrivenAt { members["redriveDate"] = date(redrivenAt) }
        switch redriveStatus {
        case .redrivable: members["redriveStatus"] = "REDRIVABLE"
        case .redrivableByMapRun: members["redriveStatus"] = "REDRIVABLE_BY_MAP_RUN"
        case .notRedrivable(let reason):
            members["redriveStatus"] = "NOT_REDRIVABLE"
            members["redriveStatusReason"] = .string(reason)
        }
        return members
    }
}
