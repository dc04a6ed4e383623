import JSON
import Store

/// What `stepwell doctor` has to say.
struct DoctorReport {
    var findings: [Finding]
    var invariants: [InvariantReport]

    /// Whether nothing is broken and nothing is about to be.
    var isWell: Bool { !findings.contains { $0.level == .problem } && invariants.allSatisfy(\.holds) }

    func show() {
        var table = Table()
        for finding in findings {
            table.add(
                Table.Cell(finding.level.word, finding.level.tone),
                Table.Cell(finding.subject.rawValue),
                Table.Cell(finding.message)
            )
            if let remedy = finding.remedy { table.add("", "", Table.Cell("do: " + remedy, .faint)) }
        }
        for report in invariants {
            table.add(
                Table.Cell(report.word, report.tone),
                Table.Cell(report.invariant.rawValue),
                Table.Cell(report.invariant.promise)
            )
            if let reason = report.notChecked { table.add("", "", Table.Cell(reason, .faint)) }
            for violation in report.violations {
                table.add("", "", Table.Cell("\(violation.execution): \(violation.detail)", .bad))
            }
            if report.count > report.violations.count {
                table.add("", "", Table.Cell("and \(report.count - report.violations.count) more", .bad))
            }
        }
        table.show()
    }

    var json: JSONValue {
        [
            "ok": .bool(isWell),
            "findings": .array(findings.map(\.json)),
            "invariants": .array(invariants.map(\.json)),
        ]
    }
}

extension Finding {
    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "subject": .string(subject.rawValue), "level": .string(level.rawValue), "message": .string(message),
        ]
        if let remedy { object["remedy"] = .string(remedy) }
        return .object(object)
    }
}

extension Finding.Level {
    fileprivate var word: String {
        switch self {
        case .fine: "ok"
        case .warning: "warning"
        case .problem: "problem"
        }
    }

    fileprivate var tone: Style.Tone {
        switch self {
        case .fine: .good
        case .warning: .attention
        case .problem: .bad
        }
    }
}

extension InvariantReport {
    fileprivate var word: String { count > 0 ? "broken" : notChecked != nil ? "-" : "ok" }

    fileprivate var tone: Style.Tone? { count > 0 ? .bad : notChecked != nil ? nil : .good }

    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "id": .string(invariant.rawValue), "promise": .string(invariant.promise),
            "ok": notChecked == nil ? .bool(holds) : .null,
            "violations": .number(JSONNumber(count)),
        ]
        if let notChecked { object["reason"] = .string(notChecked) }
        if !violations.isEmpty {
            object["first"] = .array(
                violations.map { ["execution": .string($0.execution), "detail": .string($0.detail)] }
            )
        }
        return .object(object)
    }
}
