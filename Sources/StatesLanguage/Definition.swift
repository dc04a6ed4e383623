import JSON

/// A definition's text, read once: the machine, if there is one, and everything there is to say about the text.
package struct Definition: Sendable {
    /// The longest text that is read, in UTF-8 bytes.
    package static let maximumByteCount = 1_048_576

    /// nil when a diagnostic is an error.
    package let machine: StateMachine?
    /// In the order of the text; errors and warnings together, at most 1,000.
    package let diagnostics: [Diagnostic]
    /// Why this engine can't run a valid machine yet (JSONata states, Distributed Map, unsupported resources): reasons
    /// for refusing it at deployment.
    package let obstacles: [Diagnostic]

    /// Reads and validates a definition; all problems are found in one pass.
    ///
    /// - Parameter type: an express machine may not wait for tokens, jobs and activities.
    package init(parsing text: String, type: MachineType = .standard) {
        let findings = Findings()
        machine = Self.read(text, type, findings)
        (diagnostics, obstacles) = findings.resolved(in: text)
    }

    private static func read(_ text: String, _ type: MachineType, _ findings: Findings) -> StateMachine? {
        let root = Place()
        guard text.utf8.count <= maximumByteCount else {
            findings.error("Definition is longer than \(maximumByteCount) bytes", at: root)
            return nil
        }
        guard text.utf8.contains(where: { $0 > UInt8(ascii: " ") }) else {
            findings.error(code: .missingDescription, "Definition must be a valid JSON object", at: root)
            return nil
        }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: text)
        } catch {
            findings.syntaxError(error)
            return nil
        }
        guard let object = value.object else {
            findings.error(code: .invalidJSONDescription, "Definition must be a valid JSON object", at: root)
            return nil
        }
        findings.reportDuplicateKeys(of: value, in: text)
        let fields = FieldReader(object: object, place: root, findings: findings)
        return MachineReader(fields: fields, machineType: type).read()
    }
}
