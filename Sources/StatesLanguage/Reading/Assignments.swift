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
            let isReserved = language == .jsonata && name == "states"
            guard isReserved || !VariableName.isValid(name) else { continue }
            findings.error(
                "Invalid variable name '\(name)'",
                at: assign.place,
                exactly: assign.place.field(key),
                hint: isReserved
                    ? "$states is the state's input, result and context"
                    : "a name is letters, digits and '_', at most \(VariableName.lengthLimit); no paths"
            )
        }
        return template("Assign", in: language, below: parent)
    }
}
