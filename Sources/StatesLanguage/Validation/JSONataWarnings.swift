import Expressions
import JSON

/// Warnings about expressions that are JSONata, and yet fail in Step Functions, here or on AWS.
extension FieldReader {
    /// - Parameters:
    ///   - name: the template's field.
    ///   - parent: where the object of this field stands in its state: `Choices[0]/`.
    func warnOfConcerns(in template: JSONataTemplate, field name: String, below parent: String) {
        for expression in template.expressions {
            for concern in expression.concerns {
                guard let (message, hint) = warning(about: concern, field: name, below: parent) else { continue }
                findings.warning(
                    code: .suspiciousJSONata,
                    "The JSONata expression of field '\(expression.field)' \(message)",
                    at: place.field(name),
                    hint: hint
                )
            }
        }
    }

    private func warning(
        about concern: JSONataConcern,
        field name: String,
        below parent: String
    ) -> (message: String, hint: String?)? {
        switch concern {
        case .input(let text):
            let input = text.hasPrefix("$") || text.hasPrefix("*") ? "$states.input" : "$states.input.\(text)"
            return (
                "reads '\(text)', which is nothing: a state's expressions have no input of their own", "use \(input)"
            )
        case .function(let function):
            return ("calls $\(function), which Step Functions doesn't have", "$parse reads JSON from a text")
        case .newOperator(let text):
            return ("uses '\(text)', which works here, but is reported not to be accepted by AWS", nil)
        case .states("input"), .states("context"): return nil
        case .states("result") where hasResult(name, below: parent): return nil
        case .states("errorOutput") where parent.hasPrefix("Catch"): return nil
        case .states(let member):
            let isKnown = ["result", "errorOutput"].contains(member)
            return (
                "reads $states.\(member), which "
                    + (isKnown ? "there isn't in this field" : "doesn't exist"),
                isKnown ? nil : "$states has input, result, errorOutput and context"
            )
        }
    }

    /// Whether a field is evaluated when the state has a result.
    private func hasResult(_ name: String, below parent: String) -> Bool {
        parent.isEmpty && ["Output", "Assign"].contains(name)
            && ["Task", "Parallel", "Map"].contains(object["Type"]?.string)
    }
}
