import Foundation
import JSON
import StatesLanguage

/// A file with a definition, read and checked.
struct DefinitionFile {
    /// As the user named it.
    let file: String
    /// As it was read.
    let source: String
    /// The JSON of it, which is deployed.
    let text: String
    /// What keeps it from being valid, or from being run by this engine, and what is merely suspicious.
    let diagnostics: [Diagnostic]
    private let yaml: YAMLDefinition?

    init(reading file: String) throws(Failure) {
        self.file = file == "-" ? "<stdin>" : file
        source = try InputFile.read(file)
        yaml = try Self.isYAML(file) ? YAMLDefinition(parsing: source, file: file) : nil
        text = yaml?.json ?? source
        let definition = Definition(parsing: text)
        diagnostics = definition.diagnostics + definition.obstacles
    }

    private static func isYAML(_ file: String) -> Bool { file.hasSuffix(".yaml") || file.hasSuffix(".yml") }

    /// A problem as people read it, at its place in the file.
    func render(_ diagnostic: Diagnostic) -> String { located(diagnostic).render(source: source, file: file) }

    private func located(_ diagnostic: Diagnostic) -> Diagnostic {
        yaml?.located(diagnostic, in: source) ?? diagnostic
    }

    var isDeployable: Bool { !diagnostics.contains { $0.severity == .error } }

    /// What a state machine is called that nobody named: the file's name without `.asl.json` or `.asl.yaml`.
    var defaultName: String {
        let name = (file as NSString).lastPathComponent
        for suffix in [".asl.json", ".asl.yaml", ".asl.yml", ".json", ".yaml", ".yml", ".asl"]
        where name.hasSuffix(suffix) && name.count > suffix.count {
            return String(name.dropLast(suffix.count))
        }
        return name
    }

    /// For people: each problem with its line and a caret, then the verdict.
    func render() -> [String] {
        var lines = diagnostics.map { render($0) + "\n" }
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
            "diagnostics": .array(diagnostics.map { located($0).json }),
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
