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
            guard let fault = Self.fault(inVariable: name) else { continue }
            findings.error(
                "Invalid variable name '\(name)': \(fault)",
                at: assign.place,
                exactly: assign.place.field(key)
            )
        }
    }

    private static func fault(inVariable name: String) -> String? {
        let scalars = name.unicodeScalars
        guard let first = scalars.first else { return "it is empty" }
        if scalars.count > 80 { return "it is longer than 80 characters" }
        guard first.properties.isIDStart || first == "_" else { return "it does not start with a letter" }
        guard scalars.allSatisfy({ $0.properties.isIDContinue }) else {
            return "only letters, digits and '_' are allowed; a variable is assigned as a whole"
        }
        return nil
    }
}
