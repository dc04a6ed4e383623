import Expressions
package import JSON

/// What of its executions' histories a state machine wants to be logged: its `loggingConfiguration`.
package struct ExecutionLogging: Sendable, Hashable {
    package enum Level: String, Sendable {
        case off = "OFF"
        case fatal = "FATAL"
        case error = "ERROR"
        case all = "ALL"
    }

    package var level: Level
    /// Whether inputs and outputs are logged as well.
    package var includesData: Bool

    package init(level: Level = .off, includesData: Bool = false) {
        self.level = level
        self.includesData = includesData
    }

    /// - Parameter configuration: `{"level": …, "includeExecutionData": …}`.
    package init(_ configuration: JSONValue?) {
        level = configuration?["level"]?.string.flatMap(Level.init(rawValue:)) ?? .off
        includesData = configuration?["includeExecutionData"]?.bool ?? false
    }

    /// An event as AWS's logs have it; nil: it is not logged.
    package func record(
        _ event: HistoryEvent,
        id: Int,
        previous: Int,
        of execution: ExecutionInfo
    ) -> JSONValue? {
        guard logs(event.type) else { return nil }
        var event = event
        if !includesData { event.details.removeAll(where: \.isData) }
        let details = event.json(id: id, previous: previous)[event.type.detailsName]
        return [
            "id": .string("\(id)"), "type": .string(event.type.rawValue), "details": details ?? [:],
            "previous_event_id": .string("\(previous)"),
            "event_timestamp": .string("\(event.timestamp.microseconds / 1000)"),
            "execution_arn": .string(execution.arn), "redrive_count": .string("\(execution.redriveCount)"),
        ]
    }

    private func logs(_ type: EventType) -> Bool {
        let isBadEnd = [EventType.executionFailed, .executionTimedOut, .executionAborted].contains(type)
        switch level {
        case .off: return false
        case .fatal: return isBadEnd
        case .error: return isBadEnd || type == .failStateEntered || type.isFailure
        case .all: return true
        }
    }
}

extension EventType {
    fileprivate var isFailure: Bool {
        ["Failed", "TimedOut", "Aborted"].contains { rawValue.hasSuffix($0) }
    }
}

extension HistoryEvent.Detail {
    /// Whether it is what the execution works with.
    fileprivate var isData: Bool {
        switch value {
        case .payload, .variables: true
        case .string, .integer: false
        }
    }
}
