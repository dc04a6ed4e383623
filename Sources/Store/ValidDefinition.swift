package import StatesLanguage

/// A definition that may be deployed, with what a start needs to know of it.
package struct ValidDefinition: Sendable {
    package let text: String
    package let warnings: [Diagnostic]
    /// What workers must offer besides functions.
    let needs: [ServiceNeed]
    let entryState: String
    let entryFunction: String
    let timeoutSeconds: Int32?

    /// - Throws: `.invalidDefinition` with every problem, and with all that this engine can't run.
    package init(_ text: String, type: MachineType = .standard) throws(StoreError) {
        let parsed = Definition(parsing: text, type: type)
        let obstacles = parsed.obstacles
        guard let machine = parsed.machine, obstacles.isEmpty else {
            throw .invalidDefinition(parsed.diagnostics + obstacles)
        }
        self.text = text
        warnings = parsed.diagnostics
        needs = parsed.needs
        entryState = machine.scope.startAt
        entryFunction = machine.entryFunction(at: machine.scope.startAt) ?? ""
        // An express execution's time is kept by the worker that runs it.
        timeoutSeconds = type == .express ? nil : machine.timeoutSeconds.map { Int32(clamping: $0) }
    }
}
