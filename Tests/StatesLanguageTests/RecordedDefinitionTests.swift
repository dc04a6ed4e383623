import JSON
import StatesLanguage
import Testing

@Suite("Definitions recorded from AWS", .enabled(if: RecordedCases.isAvailable))
struct RecordedDefinitionTests {
    @Test("What AWS accepts is accepted", arguments: RecordedCases.names)
    func accepted(name: String) throws {
        let recorded = try RecordedCases.read(name)
        guard !recorded.isRefused else { return }
        for machine in recorded.value["machines"]?.array ?? [] {
            guard let definition = machine["definition"] else { continue }
            let type = machine["type"]?.string.flatMap(MachineType.init) ?? .standard
            let errors = Definition(parsing: definition.definitionText, type: type).errors
            #expect(errors == [], "\(definition.definitionText)")
        }
    }
}

extension RecordedCases.Case {
    /// Whether AWS refused a definition of the case.
    var isRefused: Bool {
        let text = value["recorded"]?.text ?? ""
        return text.contains("Invalid State Machine Definition")
    }
}

extension Definition {
    /// Errors as `CODE: message at location`.
    var errors: [String] {
        diagnostics.filter { $0.severity == .error }
            .map { "\($0.code.rawValue): \($0.message) at \($0.location)" + ($0.hint.map { " (\($0))" } ?? "") }
    }
}
