import Expressions
import JSON

extension StateReader {
    static let waitForms = ["SecondsPath", "Seconds", "TimestampPath", "Timestamp"]

    func readWait() -> State.Kind? {
        guard language == .jsonPath else { return readJSONataWait() }
        switch fields.exactlyOne(of: Self.waitForms) {
        case "Seconds":
            return fields.integer("Seconds", in: 0...MachineReader.longestSeconds).map { .wait(.seconds($0)) }
        case "SecondsPath": return fields.referencePath("SecondsPath").map { .wait(.secondsPath($0)) }
        case "Timestamp": return fields.timestamp("Timestamp").map { .wait(.timestamp($0)) }
        case "TimestampPath": return fields.referencePath("TimestampPath").map { .wait(.timestampPath($0)) }
        default: return nil
        }
    }

    private func readJSONataWait() -> State.Kind? {
        switch fields.exactlyOne(of: ["Seconds", "Timestamp"]) {
        case "Seconds" where fields.isJSONata("Seconds"):
            fields.jsonata("Seconds").map { .wait(.secondsExpression($0)) }
        case "Seconds": fields.integer("Seconds", in: 0...MachineReader.longestSeconds).map { .wait(.seconds($0)) }
        case "Timestamp" where fields.isJSONata("Timestamp"):
            fields.jsonata("Timestamp").map { .wait(.timestampExpression($0)) }
        case "Timestamp": fields.timestamp("Timestamp").map { .wait(.timestamp($0)) }
        default: nil
        }
    }

    func readFail() -> State.Kind? {
        func text(_ name: String) -> StringField? {
            language == .jsonPath ? fields.stringField(name) : fields.stringOrJSONata(name)
        }
        return .fail(FailState(error: text("Error"), cause: text("Cause")))
    }
}

extension FieldReader {
    /// A constant point in time.
    func timestamp(_ name: String) -> Timestamp? {
        guard let text = string(name) else { return nil }
        guard let timestamp = Timestamp(text) else {
            findings.error("String does not match RFC3339 timestamp", at: place.field(name))
            return nil
        }
        return timestamp
    }

    /// `Error` or `ErrorPath`, `Cause` or `CausePath`.
    fileprivate func stringField(_ name: String) -> StringField? {
        warnOfMissingPath(name)
        switch atMostOne(of: [name, name + "Path"]) {
        case name: return string(name).map(StringField.constant)
        case name + "Path": return stringExpression(name + "Path").map(StringField.expression)
        default: return nil
        }
    }
}
