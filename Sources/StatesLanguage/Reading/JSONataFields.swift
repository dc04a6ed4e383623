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
        reportConcerns(in: template, field: name, below: parent)
        guard faults.isEmpty else { return nil }
        return template
    }

    /// A whole number, or an expression.
    func integerOrJSONata(_ name: String, in range: ClosedRange<Int>, below parent: String = "") -> IntegerField? {
        isJSONata(name)
            ? jsonata(name, below: parent).map(IntegerField.jsonata)
            : integer(name, in: range).map(IntegerField.constant)
    }

    /// A text, or an expression.
    func stringOrJSONata(_ name: String) -> StringField? {
        isJSONata(name) ? jsonata(name).map(StringField.jsonata) : string(name).map(StringField.constant)
    }
}
