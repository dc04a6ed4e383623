import Expressions
import JSON

extension FieldReader {
    /// `Assign` of a state, rule or catcher: a template whose keys name variables.
    ///
    /// - Parameter parent: where the rule or catcher stands in its state: `Catch[0]/`.
    func assignments(in language: QueryLanguage, below parent: String = "") -> Template? {
        guard let assign = nested("Assign") else { return nil }
        for (key, _) in assign.object {
            let name = language == .jsonPath && key.hasSuffix(".$") ? String(key.dropLast(2)) : key
            if name == "states" {
                findings.error(
                    code: .reservedVariableName,
                    "Cannot assign to reserved variable '$states'.",
                    at: assign.place.field(key),
                    hint: "$states is the state's input, result and context"
                )
            } else if !VariableName.isValid(name) {
                findings.error(
                    code: .invalidVariableName,
                    "Invalid variable name '\(name)': "
                        + (name.count > VariableName.lengthLimit
                            ? "a name has at most \(VariableName.lengthLimit) characters."
                            : "the variable name contains invalid characters."),
                    at: assign.place.field(key),
                    hint: "a name is letters, digits and '_', at most \(VariableName.lengthLimit); no paths"
                )
            }
        }
        return template("Assign", in: language, below: parent)
    }
}
