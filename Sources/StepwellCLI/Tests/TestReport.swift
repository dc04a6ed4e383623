import JSON
import Simulation
import StatesLanguage

/// What is shown of tests that have run.
enum TestReport {
    static func lines(_ reports: [MachineTestReport], _ coverage: Coverage, showsRuns: Bool) -> [String] {
        var lines: [String] = []
        let style = Style.output
        for report in reports {
            let hasPassed = report.problems.isEmpty
            let mark = hasPassed ? style(.good, showsRuns ? "ran " : "ok  ") : style(.bad, "FAIL")
            lines.append("\(mark)  \(report.name.printable)" + (showsRuns ? "  \(report.status)" : ""))
            lines += report.problems.map { "      \($0.printable)" }
            guard showsRuns else { continue }
            lines.append("      path: \(report.path.joined(separator: " > ").printable)")
            if let output = report.output { lines.append("      output: \(output.text.printable)") }
            if let error = report.error { lines.append("      error: \(error.printable)") }
            if let cause = report.cause { lines.append("      cause: \(cause.printable)") }
        }
        let failed = reports.count { !$0.problems.isEmpty }
        lines.append("")
        if !showsRuns { lines.append("\(reports.count - failed) of \(reports.count) cases passed") }
        lines.append(line("states", coverage.stateShare, verb: "entered"))
        lines.append(line("branches", coverage.branchShare, verb: "taken"))
        return lines
    }

    private static func line(_ what: String, _ share: Coverage.Share, verb: String) -> String {
        let percent = share.total == 0 ? 100 : share.covered * 100 / share.total
        let missing = share.missing.isEmpty ? "" : "; never \(verb): \(share.missing.joined(separator: ", "))"
        return "\(what): \(share.covered) of \(share.total) \(verb) (\(percent) %)\(missing)".printable
    }

    static func json(_ reports: [MachineTestReport], _ coverage: Coverage) -> JSONValue {
        [
            "cases": .array(reports.map(json)),
            "coverage": ["states": json(coverage.stateShare), "branches": json(coverage.branchShare)],
        ]
    }

    private static func json(_ report: MachineTestReport) -> JSONValue {
        var members: JSONObject = [
            "name": .string(report.name), "passed": .bool(report.problems.isEmpty), "status": .string(report.status),
            "path": .array(report.path.map(JSONValue.string)),
        ]
        if let output = report.output { members["output"] = (try? output.value()) ?? .null }
        if let error = report.error { members["error"] = .string(error) }
        if let cause = report.cause { members["cause"] = .string(cause) }
        if !report.problems.isEmpty { members["problems"] = .array(report.problems.map(JSONValue.string)) }
        return .object(members)
    }

    private static func json(_ share: Coverage.Share) -> JSONValue {
        [
            "covered": .number(JSONNumber(share.covered)), "total": .number(JSONNumber(share.total)),
            "missing": .array(share.missing.map(JSONValue.string)),
        ]
    }
}
