import Foundation
import JSON
import StatesLanguage

/// A file with a definition, read and checked.
struct DefinitionFile {
    /// As the user named it.
    let file: String
    let text: String
    /// What keeps it from being valid, or from being run by this engine, and what is merely suspicious.
    let diagnostics: [Diagnostic]

    init(reading file: String) throws(Failure) {
        self.file = file == "-" ? "<stdin>" : file
        text = try InputFile.read(file)
        let definition = Definition(parsing: text)
        diagnostics = definition.diagnostics + definition.obstacles
    }

    var isDeployable: Bool { !diagnostics.contains { $0.severity == .error } }

    /// What a state machine is called that nobody named: the file's name without `.asl.json`.
    var defaultName: String {
        let name = (file as NSString).lastPathComponent
        for suffix in [".asl.json", ".json", ".asl"] where name.hasSuffix(suffix) && name.count > suffix.count {
            return String(name.dropLast(suffix.count))
        }
        return name
    }

    /// For people: each problem with its line and a caret, then the verdict.
    func render() -> [String] {
        var lines = diagnostics.map { $0.render(source: text, file: file) + "\n" }
        let errors = diagnostics.count { $0.severity == .error }
        let warnings = diagnostics.count - errors
        let counts = [(errors, "error"), (warnings, "warning")].filter { $0.0 > 0 }
            .map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }
        let verdict = isDeployable ? "valid" : "invalid"
        lines.append("\(file.printable): \(([verdict] + counts).joined(separator: ", "))")
        return lines
    }

    /// For programs: AWS's answer to `ValidateStateMachineDefinition`, with the file and the places in it.
    var json: JSONValue {
        [
            "file": .string(file),
            "result": isDeployable ? "OK" : "FAIL",
            "diagnostics": .array(diagnostics.map(\.json)),
        ]
    }
}

extension Diagnostic {
    var json: JSONValue {
        var object: JSONObject = [
            "severity": .string(severity.rawValue), "code": .string(code.rawValue), "message": .string(message),
        ]
        if !location.isEmpty { object["location"] = .string(location) }
        if let position {
            object["line"] = .number(JSONNumber(position.line))
            object["column"] = .number(JSONNumber(position.column))
        }
        if let hint { object["hint"] = .string(hint) }
        return .object(object)
    }
}
