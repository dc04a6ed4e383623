import Expressions
package import JSON

extension HistoryEvent {
    /// The event as `GetExecutionHistory` shows it.
    ///
    /// - Parameters:
    ///   - id: its number, counted from 1.
    ///   - previous: the number of the event that led to it; 0 = none.
    package func json(id: Int, previous: Int) -> JSONValue {
        var event: JSONObject = [
            "timestamp": .string(timestamp.description),
            "type": .string(type.rawValue),
            "id": .number(JSONNumber(id)),
            "previousEventId": .number(JSONNumber(previous)),
        ]
        if !details.isEmpty || type.alwaysHasDetails {
            var members = JSONObject()
            for detail in details { detail.add(to: &members) }
            event[type.detailsName] = .object(members)
        }
        return .object(event)
    }
}

extension HistoryEvent.Detail {
    fileprivate func add(to members: inout JSONObject) {
        switch value {
        case .string(let role) where name == "taskCredentials": members[name] = .object(["roleArn": .string(role)])
        case .string(let text): members[name] = .string(text)
        case .integer(let number): members[name] = .number(JSONNumber(number))
        case .payload(let document):
            members[name] = .string(document.text)
            // The parameters of a Task have no such companion.
            if name != "parameters" { members[name + "Details"] = Self.untruncated }
        case .variables(let variables):
            members[name] = .object(JSONObject(variables.map { ($0.name, .string($0.value.text)) }))
            members[name + "Details"] = Self.untruncated
        }
    }

    private static var untruncated: JSONValue { .object(["truncated": .bool(false)]) }
}

extension EventType {
    /// Whether AWS shows the details object even when nothing is in it.
    fileprivate var alwaysHasDetails: Bool {
        switch self {
        case .activityFailed, .activityStarted, .activityTimedOut, .executionFailed, .executionAborted,
            .executionTimedOut, .lambdaFunctionFailed, .lambdaFunctionTimedOut,
            .taskFailed, .taskTimedOut:
            true
        default: false
        }
    }
}
