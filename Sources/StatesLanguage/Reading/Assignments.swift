import Expressions
import JSON

extension FieldReader {
    /// `Assign` of a JSONPath state, rule or catcher: a template whose keys name variables.
    func assignments() -> PayloadTemplate? {
        checkVariableNames()
        guard object["Assign"]?.object != nil else { return nil }
        return template("Assign")
    }

    /// Checks that `Assign` is an object whose keys are names of variables.
    func checkVariableNames() {
        guard let assign = nested("Assign") else { return }
        for (key, _) in assign.object {
            let name = key.hasSuffix(".$") ? String(key.dropLast(2)) : key
            guard !VariableName.isValid(name) else { continue }
            findings.error(
                "Invalid variable name '\(name)'",
                at: assign.place,
                exactly: assign.place.field(key),
                hint: "a name is letters, digits and '_', at most \(VariableName.lengthLimit); no paths"
            )
        }
    }
}
