import Expressions
import JSON
import Schedules
import StatesLanguage
import Store

extension Schedule {
    var state: String { settings.isEnabled ? "ENABLED" : "DISABLED" }

    /// EventBridge Scheduler's `GetSchedule`, and what it has no words for.
    var json: JSONValue {
        var object: JSONObject = [
            "Name": .string(name), "Arn": .string(arn), "State": .string(state),
            "ScheduleExpression": .string(settings.expression),
            "ScheduleExpressionTimezone": .string(settings.timeZone),
            "FlexibleTimeWindow": ["Mode": "OFF"],
            "Target": ["Arn": .string(settings.target.text), "Input": .string(settings.input.text)],
            "ActionAfterCompletion": settings.deletesItself ? "DELETE" : "NONE",
            "CreationDate": .string("\(createdAt)"), "LastModificationDate": .string("\(updatedAt)"),
            "OverlapPolicy": .string(settings.overlap.rawValue),
            "CatchUpSeconds": .number(JSONNumber(Int(settings.catchUp))),
            "BufferedRuns": .number(JSONNumber(bufferedCount)),
        ]
        if let starts = settings.starts { object["StartDate"] = .string("\(starts)") }
        if let ends = settings.ends { object["EndDate"] = .string("\(ends)") }
        if let description = settings.description { object["Description"] = .string(description) }
        if let nextDue { object["NextDue"] = .string("\(nextDue)") }
        if let lastExecution { object["LastExecutionArn"] = .string(lastExecution) }
        return .object(object)
    }

    func show(as output: OutputOptions) throws {
        if output.json { return Console.show(json) }
        let zone = try settings.timing().zone
        var lines: [(String, String)] = [
            ("schedule", name), ("expression", settings.expression.printable), ("time zone", zone.name),
            ("starts", settings.target.text.printable), ("state", state),
            ("next", nextDue.map { "\($0.displayText)  (\(zone.text(of: $0)))" } ?? "-"),
            ("overlap", settings.overlap.rawValue), ("catches up", RetentionTime.text(settings.catchUp)),
        ]
        if let starts = settings.starts { lines.append(("from", starts.displayText)) }
        if let ends = settings.ends { lines.append(("until", ends.displayText)) }
        if bufferedCount > 0 { lines.append(("waiting", "\(bufferedCount)")) }
        if let description = settings.description { lines.append(("about", description.printable)) }
        for (name, text) in lines {
            Console.show(name + String(repeating: " ", count: max(1, 12 - name.count)) + text)
        }
        Console.show("input")
        for line in settings.input.displayText.split(separator: "\n") { Console.show("  \(line)") }
    }
}

extension ScheduleTarget {
    var text: String {
        switch self {
        case .stateMachine(let name): name
        case .function(let name): "function \(name)"
        }
    }
}

extension ScheduleRun {
    var json: JSONValue {
        var object: JSONObject = [
            "Due": .string("\(due)"), "Outcome": .string(outcome.rawValue), "At": .string("\(at)"),
        ]
        if let execution { object["ExecutionArn"] = .string(execution) }
        if let detail { object["Detail"] = .string(detail) }
        return .object(object)
    }
}

extension ScheduleRun.Outcome {
    var tone: Style.Tone {
        switch self {
        case .started: .good
        case .buffered, .skipped, .missed: .attention
        case .failed: .bad
        }
    }
}

extension Timing {
    /// Times one after the other, beginning with one that is due.
    func times(from first: Timestamp?, since base: Timestamp, _ count: Int) -> [Timestamp] {
        var times: [Timestamp] = []
        var next = first
        while let time = next, times.count < count {
            times.append(time)
            next = self.next(after: time, since: base)
        }
        return times
    }
}
