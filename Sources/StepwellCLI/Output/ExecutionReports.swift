import Expressions
import Foundation
import JSON
import StatesLanguage
import Store

extension ExecutionDescription {
    /// AWS's `DescribeExecution`, with the live branches of a running execution beside it.
    var json: JSONValue {
        var object: JSONObject = [
            "executionArn": .string(summary.arn), "stateMachineArn": .string(summary.stateMachineARN),
            "name": .string(summary.name), "status": .string(summary.status.rawValue),
            "startDate": .string("\(summary.startedAt)"),
        ]
        if let stoppedAt = summary.stoppedAt { object["stopDate"] = .string("\(stoppedAt)") }
        object["revision"] = .number(JSONNumber(revision))
        object["input"] = .string(input.text)
        if let output { object["output"] = .string(output.text) }
        if let error { object["error"] = .string(error) }
        if let cause { object["cause"] = .string(cause) }
        if summary.status == .running { object["steps"] = .array(steps.map { $0.json(at: observedAt) }) }
        return .object(object)
    }
}

extension ExecutionSummary {
    /// One entry of AWS's `ListExecutions`.
    var json: JSONValue {
        var object: JSONObject = [
            "executionArn": .string(arn), "stateMachineArn": .string(stateMachineARN), "name": .string(name),
            "status": .string(status.rawValue), "startDate": .string("\(startedAt)"),
        ]
        if let stoppedAt { object["stopDate"] = .string("\(stoppedAt)") }
        return .object(object)
    }
}

extension ExecutionStatus {
    func styled(_ style: Style) -> String { style(tone, rawValue) }

    var tone: Style.Tone {
        switch self {
        case .running, .pendingRedrive: .attention
        case .succeeded: .good
        case .failed, .timedOut, .aborted: .bad
        }
    }
}

extension JSONDocument {
    /// For people: indented, and safe to show.
    var displayText: String { ((try? value().prettyText) ?? text).escapedAsJSON }
}

extension Timestamp? {
    /// `2026-11-23 14:03:20 UTC`; a dash for none.
    var displayText: String { map(\.displayText) ?? "-" }
}

extension Timestamp {
    /// `2026-11-23 14:03:20 UTC`
    var displayText: String {
        "\(description.prefix(19))".replacing("T", with: " ") + " UTC"
    }

    /// `14:03:20.125`
    var timeOfDay: String { String(description.dropFirst(11).dropLast()) }

    /// How long it is since another moment: `12 ms`, `3.25 s`, `2 h 03 min`, `4 d 02 h`.
    func distance(since other: Timestamp) -> String {
        let microseconds = max(0, microseconds - other.microseconds)
        let seconds = microseconds / 1_000_000
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return switch seconds {
        case ..<1: "\(microseconds / 1_000) ms"
        case ..<60: "\(seconds).\(two(microseconds % 1_000_000 / 10_000)) s"
        case ..<3_600: "\(seconds / 60) min \(two(seconds % 60)) s"
        case ..<86_400: "\(seconds / 3_600) h \(two(seconds % 3_600 / 60)) min"
        default: "\(seconds / 86_400) d \(two(seconds % 86_400 / 3_600)) h"
        }
    }
}
