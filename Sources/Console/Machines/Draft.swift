import StatesLanguage

/// A definition as somebody writes it: what is wrong with it, and its graph while nothing is.
struct Draft {
    let findings: [Finding]
    let isGood: Bool
    let drawing: MachineDrawing?
    let states: [String]

    static func read(_ text: String, type: MachineType, _ visit: Visit) async -> Draft {
        let definition = Definition(parsing: text, type: type)
        var drawing: MachineDrawing?
        var states: [String] = []
        if let machine = definition.machine {
            drawing = await MachineDrawing.of(machine, visit, address: "#state-test") { _ in nil }
            states = StateList(machine).lines.prefix(500).map(\.name)
        }
        let findings = Finding.all(of: definition)
        return Draft(
            findings: findings,
            isGood: definition.machine != nil && definition.obstacles.isEmpty,
            drawing: drawing,
            states: states
        )
    }
}
