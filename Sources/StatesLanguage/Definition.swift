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
    /// What workers must offer besides functions for this machine to get through.
    package let needs: [ServiceNeed]

    /// Reads and validates a definition; all problems are found in one pass.
    ///
    /// - Parameter type: an express machine may not wait for tokens, jobs and activities.
    package init(parsing text: String, type: MachineType = .standard) {
        self.init(text, type, isLoneState: false)
    }

    /// The machine of a text that has been deployed, perhaps by a version with fewer rules: its executions go on. nil if one of
    /// its states can't be read any more.
    package static func deployed(_ text: String) -> StateMachine? {
        read(text, .standard, isLoneState: false, isDeployed: true, Findings())
    }

    /// Reads one state, `{"Type": …}`, as a machine that has nothing else. Where the state leads to is not looked at.
    package init(parsingState text: String) {
        guard text.utf8.contains(where: { $0 > UInt8(ascii: " ") }), (try? JSONValue(parsing: text)) != nil else {
            self.init(text, .standard, isLoneState: true)
            return
        }
        let name = Self.loneStateName
        self.init(#"{"StartAt":"\#(name)","States":{"\#(name)":\#(text)}}"#, .standard, isLoneState: true)
    }

    /// What AWS calls a state without a name.
    package static let loneStateName = "StateName"

    private init(_ text: String, _ type: MachineType, isLoneState: Bool) {
        let findings = Findings()
        machine = Self.read(text, type, isLoneState: isLoneState, findings)
        (diagnostics, obstacles, needs) = findings.resolved(in: text)
    }

    private static func read(
        _ text: String,
        _ type: MachineType,
        isLoneState: Bool,
        isDeployed: Bool = false,
        _ findings: Findings
    ) -> StateMachine? {
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
        return MachineReader(
            fields: fields,
            machineType: type,
            isLoneState: isLoneState,
            isDeployed: isDeployed
        )
        .read()
    }

    /// How the API refuses it: all errors in one sentence; nil when there are none.
    package var refusal: String? {
        let errors = diagnostics.filter { $0.severity == .error }
            .map { "\($0.code.rawValue): \($0.message)" + ($0.location.isEmpty ? "" : " at \($0.location)") }
        return errors.isEmpty ? nil : "Invalid State Machine Definition: '\(errors.joined(separator: ", "))'"
    }
}

/// A Task that only some workers can do.
package struct ServiceNeed: Sendable, Hashable {
    /// What they offer: ``ServiceIntegration/offer``.
    package let offer: String
    /// What there is to say where none of them does.
    package let warning: Diagnostic
}
