import Expressions
import JSON

/// Expressions that are JSONata and yet not for Step Functions: AWS refuses them, or they fail when they run, here or there.
extension FieldReader {
    /// - Parameters:
    ///   - name: the template's field.
    ///   - parent: where the object of this field stands in its state: `Choices[0]/`.
    func reportConcerns(in template: JSONataTemplate, field name: String, below parent: String) {
        let field = place.field(name)
        for (expression, keys) in zip(template.expressions, template.places) {
            let place = field.below(keys, in: template.source)
            for concern in expression.concerns {
                if let (message, hint) = refusal(of: concern, field: name, below: parent) {
                    findings.error(code: .unsupportedJSONata, message, at: place, hint: hint)
                } else if let (message, hint) = warning(about: concern) {
                    findings.warning(
                        code: .suspiciousJSONata,
                        "The JSONata expression of field '\(expression.field)' \(message)",
                        at: field,
                        exactly: place,
                        hint: hint
                    )
                }
            }
        }
    }

    /// What AWS says of it when it refuses the definition.
    private func refusal(
        of concern: JSONataConcern,
        field name: String,
        below parent: String
    ) -> (message: String, hint: String)? {
        switch concern {
        case .input("*"), .input("**"), .function, .newOperator, .states("input"), .states("context"): return nil
        case .input("$$"): return ("Reference to '$$' is not supported.", "use $states.input")
        case .input(let text):
            return (
                "Reference to '\(text)' at the top level is not supported.",
                text == "$" ? "use $states.input" : "use $states.input.\(text)"
            )
        case .states("result") where !hasResult(name, below: parent),
            .states("errorOutput") where !parent.hasPrefix("Catch"):
            guard case .states(let member) = concern else { return nil }
            return ("Field '$states.\(member)' does not exist.", "there is none in this field")
        case .states: return nil
        }
    }

    private func warning(about concern: JSONataConcern) -> (message: String, hint: String?)? {
        switch concern {
        case .input(let text):
            ("reads '\(text)', which is nothing: a state's expressions have no input of their own", "use $states.input")
        case .function(let function):
            ("calls $\(function), which Step Functions doesn't have", "$parse reads JSON from a text")
        case .newOperator(let text):
            ("uses '\(text)', which works here, but is reported not to be accepted by AWS", nil)
        case .states("input"), .states("context"), .states("result"), .states("errorOutput"): nil
        case .states(let member):
            (
                "reads $states.\(member), which doesn't exist",
                "$states has input, result, errorOutput and context"
            )
        }
    }

    /// Whether a field is evaluated when the state has a result.
    private func hasResult(_ name: String, below parent: String) -> Bool {
        parent.isEmpty && ["Output", "Assign"].contains(name)
            && ["Task", "Parallel", "Map"].contains(object["Type"]?.string)
    }
}
