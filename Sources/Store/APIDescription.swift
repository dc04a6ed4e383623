package import Expressions
package import JSON

extension ExecutionDescription {
    /// The members of `DescribeExecution`.
    ///
    /// - Parameter date: how dates are written.
    package func apiMembers(date: (Timestamp) -> JSONValue) -> JSONObject {
        var members: JSONObject = [:]
        if let cause { members["cause"] = .string(cause) }
        if let error { members["error"] = .string(error) }
        members["executionArn"] = .string(summary.arn)
        members["input"] = .string(input.text)
        members["inputDetails"] = ["included": true]
        members["name"] = .string(summary.name)
        if let output {
            members["output"] = .string(output.text)
            members["outputDetails"] = ["included": true]
        }
        for (name, value) in redriveMembers(date: date) { members[name] = value }
        members["startDate"] = date(summary.startedAt)
        members["stateMachineArn"] = .string(summary.stateMachineARN)
        members["status"] = .string(summary.status.rawValue)
        if let stoppedAt = summary.stoppedAt { members["stopDate"] = date(stoppedAt) }
        return members
    }
}

extension JSONObject {
    /// The same with every name capitalised, also in objects and arrays inside: how service integrations name members.
    package var capitalized: JSONObject {
        JSONObject(map { ($0.key.prefix(1).uppercased() + $0.key.dropFirst(), $0.value.capitalized) })
    }
}

extension JSONValue {
    /// The same with the names of all objects in it capitalised.
    package var capitalized: JSONValue {
        switch self {
        case .object(let members): .object(members.capitalized)
        case .array(let values): .array(values.map(\.capitalized))
        case .null, .bool, .number, .string: self
        }
    }
}
