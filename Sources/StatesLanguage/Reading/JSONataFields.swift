import Expressions
import JSON

/// Fields that hold JSONata expressions, `{% … %}`.
extension FieldReader {
    /// Whether the field is one expression.
    func isJSONata(_ name: String) -> Bool {
        object[name]?.string.map(JSONataField.isExpression) ?? false
    }

    /// The field's expression.
    ///
    /// - Parameter parent: where the object of this field stands in its state: `Choices[0]/`.
    func jsonata(_ name: String, below parent: String = "") -> JSONataField? {
        jsonataTemplate(name, below: parent)?.expression
    }

    /// JSON with expressions anywhere in it, compiled; all of its faults are reported.
    func jsonataTemplate(_ name: String, below parent: String = "") -> JSONataTemplate? {
        guard let source = object[name] else { return nil }
        let (template, faults) = JSONataTemplate.compile(source, field: parent + name)
        let place = place.field(name)
        for fault in faults {
            findings.error(
                code: .invalidJSONata,
                fault.error.reason,
                at: place.below(fault.keys, in: source),
                hint: fault.error.position.map { "\(fault.error.code) at position \($0) of the expression" }
            )
        }
        let unclosed = reportUnclosed(source, at: place)
        reportConcerns(in: template, field: name, below: parent)
        guard faults.isEmpty, !unclosed else { return nil }
        return template
    }

    /// Reports texts that begin as an expression and don't end as one.
    private func reportUnclosed(_ value: JSONValue, at place: Place) -> Bool {
        if let text = value.string {
            guard text.hasPrefix("{%"), !text.hasSuffix("%}") else { return false }
            findings.error("JSONata string must start with {% and end with %}", at: place)
            return true
        }
        var found = false
        for (index, element) in (value.array ?? []).enumerated() {
            if reportUnclosed(element, at: place.item(index)) { found = true }
        }
        for (key, element) in value.object ?? [:] where reportUnclosed(element, at: place.field(key)) { found = true }
        return found
    }

    /// A whole number, or an expression.
    func integerOrJSONata(_ name: String, in range: ClosedRange<Int>, below parent: String = "") -> IntegerField? {
        isJSONata(name)
            ? jsonata(name, below: parent).map(IntegerField.jsonata)
            : integer(name, in: range).map(IntegerField.constant)
    }

    /// A text, or an expression.
    func stringOrJSONata(_ name: String) -> StringField? {
        if isJSONata(name) { return jsonata(name).map(StringField.jsonata) }
        guard let value = object[name], !reportUnclosed(value, at: place.field(name)) else { return nil }
        return string(name).map(StringField.constant)
    }
}
