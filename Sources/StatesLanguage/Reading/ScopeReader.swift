import JSON

/// Reads one `StartAt` with its `States`: the machine, a branch or an item processor.
struct ScopeReader {
    /// How deep Parallel and Map states can be nested. Far beyond what anybody writes, and far below what would strain
    /// a stack.
    static let deepest = 50

    let fields: FieldReader
    let reading: Reading
    /// How many Parallel and Map states are around it.
    let depth: Int

    func read() -> StateScope? {
        fields.require("States", "StartAt")
        let startAt = fields.string("StartAt")
        guard let states = fields.nested("States") else { return nil }
        if states.object.isEmpty {
            fields.findings.error("Value cannot be empty", at: states.place)
            return nil
        }
        guard depth <= Self.deepest else {
            fields.findings.error(
                code: .tooDeeplyNested,
                "States are nested more than \(Self.deepest) levels deep",
                at: fields.place
            )
            return nil
        }

        var read: [State] = []
        for (name, value) in states.object {
            let place = states.place.field(name)
            checkName(name, at: place)
            guard let object = value.object else {
                fields.findings.error("Expected value of type Object", at: place)
                continue
            }
            let fields = FieldReader(object: object, place: place, findings: fields.findings)
            if let state = StateReader(name: name, fields: fields, reading: reading, depth: depth).read() {
                read.append(state)
            }
        }
        if depth > 0 || !reading.isLoneState { GraphRules(scope: fields, states: states, startAt: startAt).check() }
        return startAt.map { StateScope(startAt: $0, states: read) }
    }

    private func checkName(_ name: String, at place: Place) {
        if name.isEmpty {
            fields.findings.error(code: .invalidStateName, "State name cannot be empty", at: place)
        } else if name.unicodeScalars.count > 80 {
            fields.findings.error(
                code: .invalidStateName,
                "Invalid State name: State '\(name)' exceeds the 80-character limit allowed by the service",
                at: place
            )
        } else if name.unicodeScalars.contains("\0") {
            fields.findings.error(code: .invalidStateName, "State name contains the character U+0000", at: place)
        }
        if !reading.stateNames.insert(name).inserted {
            fields.findings.error(code: .duplicateStateName, "Duplicate State name: \(name)", at: place)
        }
    }
}
