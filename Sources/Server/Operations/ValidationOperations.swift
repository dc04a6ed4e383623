import JSON
import StatesLanguage

/// Checking definitions without deploying them.
enum ValidationOperations {
    static let all = [validate]

    private static let validate = Operation(
        "ValidateStateMachineDefinition",
        about: .nothing,
        [
            .required("definition", Constraints.definition), .optional("type", Constraints.type),
            .optional("severity", .choice(["ERROR", "WARNING"])), .optional("maxResults", .integer(0...100)),
        ]
    ) { call in
        let type = MachineType(rawValue: call.arguments.text("type") ?? "") ?? .standard
        let definition = Definition(parsing: try call.arguments.required("definition"), type: type)
        let wantsWarnings = call.arguments.text("severity") == "WARNING"
        let diagnostics = definition.diagnostics.filter { wantsWarnings || $0.severity == .error }
        let limit = call.arguments.integer("maxResults").flatMap { $0 > 0 ? $0 : nil } ?? 100
        return [
            "result": .string(definition.machine == nil ? "FAIL" : "OK"),
            "diagnostics": .array(diagnostics.prefix(limit).map(\.answer)),
            "truncated": .bool(diagnostics.count > limit),
        ]
    }
}

extension Diagnostic {
    fileprivate var answer: JSONValue {
        var answer: JSONObject = [
            "severity": .string(severity.rawValue), "code": .string(code.rawValue), "message": .string(message),
        ]
        if !location.isEmpty { answer["location"] = .string(location) }
        return .object(answer)
    }
}
