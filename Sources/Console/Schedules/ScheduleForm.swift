import Expressions
import JSON
import Server
import Store

/// A schedule as it stands in a form.
struct ScheduleForm {
    private var values: [String: String] = [
        "zone": "UTC", "kind": "machine", "input": "{}", "overlap": ScheduleOverlap.allowAll.rawValue, "catchUp": "1d",
    ]

    subscript(name: String) -> String { values[name] ?? "" }

    init(_ values: [String: String]) { self.values.merge(values) { $1 } }

    init(_ fields: Fields) {
        for (name, _) in fields.pairs { values[name] = fields.text(name) }
        for name in ["paused", "deletes"] where fields[name] == nil { values[name] = nil }
    }

    init(_ settings: ScheduleSettings) {
        values = [
            "expression": settings.expression, "zone": settings.timeZone, "target": settings.target.name,
            "input": (try? settings.input.value().prettyText) ?? settings.input.text,
            "overlap": settings.overlap.rawValue, "catchUp": SpanField.text(settings.catchUp),
            "description": settings.description ?? "",
        ]
        if case .function = settings.target { values["kind"] = "function" } else { values["kind"] = "machine" }
        if let starts = settings.starts { values["starts"] = "\(starts)" }
        if let ends = settings.ends { values["ends"] = "\(ends)" }
        if settings.deletesItself { values["deletes"] = "yes" }
    }

    /// - Throws: `ValidationException` that names what can't be read.
    func settings(_ texts: Texts) throws(APIError) -> ScheduleSettings {
        func wrong(_ field: String) -> APIError {
            .validation(texts("schedules.wrong", ["field": texts("schedules.\(field)")]))
        }
        guard !self["target"].isEmpty else { throw wrong("target") }
        var settings = ScheduleSettings(
            expression: self["expression"],
            target: self["kind"] == "function" ? .function(self["target"]) : .stateMachine(self["target"])
        )
        settings.timeZone = self["zone"]
        guard let overlap = ScheduleOverlap(rawValue: self["overlap"]) else { throw wrong("overlap") }
        settings.overlap = overlap
        guard let catchUp = SpanField.seconds(self["catchUp"]) else { throw wrong("catchUp") }
        settings.catchUp = catchUp
        do throws(JSONSyntaxError) {
            settings.input = try JSONDocument(parsing: self["input"])
        } catch {
            throw .validation("\(texts("schedules.wrong", ["field": texts("action.input")])) \(error)")
        }
        settings.starts = try moment("starts", wrong)
        settings.ends = try moment("ends", wrong)
        settings.deletesItself = !self["deletes"].isEmpty
        settings.description = self["description"].isEmpty ? nil : String(self["description"].prefix(512))
        return settings
    }

    private func moment(_ field: String, _ wrong: (String) -> APIError) throws(APIError) -> Timestamp? {
        guard !self[field].isEmpty else { return nil }
        guard let moment = Timestamp(self[field]) else { throw wrong(field) }
        return moment
    }
}
