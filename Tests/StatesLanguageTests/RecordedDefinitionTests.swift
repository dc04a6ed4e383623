import JSON
import StatesLanguage
import Testing

@Suite("Definitions recorded from AWS", .enabled(if: RecordedCases.isAvailable))
struct RecordedDefinitionTests {
    @Test("What AWS accepts is accepted", arguments: RecordedCases.names)
    func accepted(name: String) throws {
        for accepted in try RecordedCases.read(name).acceptedDefinitions {
            let definition = Definition(parsing: accepted.definition, type: accepted.type)
            #expect(definition.errors == [], "\(accepted.definition)")
            #expect(definition.machine != nil)
        }
    }

    @Test("What AWS refuses is refused with AWS's words")
    func refused() throws {
        let refusals = try RecordedCases.names.flatMap { try RecordedCases.read($0).refusals }
        #expect(!refusals.isEmpty)
        for refusal in refusals {
            let definition = Definition(parsing: refusal.definition, type: refusal.type)
            #expect(definition.errors == refusal.errors, "\(refusal.definition)")
            #expect(definition.machine == nil)
        }
    }

    @Test("What AWS says about definitions that it validates")
    func validated() throws {
        let validations = try RecordedCases.names.flatMap { try RecordedCases.read($0).validations }
        #expect(!validations.isEmpty)
        for validation in validations {
            let definition = Definition(parsing: validation.definition, type: validation.type)
            #expect((definition.machine != nil) == validation.isValid)
            #expect(definition.errors + definition.warnings == validation.diagnostics, "\(validation.definition)")
        }
    }
}

extension Definition {
    /// Errors as `CODE: message at location`.
    fileprivate var errors: [String] { diagnostics.filter { $0.severity == .error }.map(\.recordedText) }

    fileprivate var warnings: [String] { diagnostics.filter { $0.severity == .warning }.map(\.recordedText) }
}

extension Diagnostic {
    fileprivate var recordedText: String {
        "\(code.rawValue): \(message) at \(location.isEmpty ? "null" : location)"
    }
}
