package import JSON

/// A definition's text, read once: the machine, if there is one, and everything there is to say about the text.
package struct Definition: Sendable {
    /// nil when a diagnostic is an error.
    package let machine: StateMachine?
    /// In the order of the text; errors and warnings together.
    package let diagnostics: [Diagnostic]

    /// Reads and validates a definition; all problems are found in one pass.
    package init(parsing text: String) {
        machine = nil
        diagnostics = []
    }

    /// Why this engine can't run a valid machine yet (JSONata states, Distributed Map, unsupported resources): reasons
    /// for refusing it at deployment.
    package var obstacles: [Diagnostic] { [] }
}
