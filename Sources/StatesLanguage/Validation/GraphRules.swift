import JSON

/// How the states of one scope lead to each other: every target exists, something leads to every state, something
/// ends.
///
/// It looks at the raw fields, so that a state with other faults does not hide where it leads.
struct GraphRules {
    private struct Node {
        let name: String
        let place: Place
        let targets: [(name: String, place: Place)]
        let isTerminal: Bool
    }

    let scope: FieldReader
    let states: FieldReader
    let startAt: String?

    func check() {
        let nodes = states.object.map { node($0.key, $0.value, at: states.place.field($0.key)) }
        if let startAt { checkTarget(startAt, at: scope.place.field("StartAt")) }
        for node in nodes {
            for target in node.targets { checkTarget(target.name, at: target.place) }
        }
        guard nodes.contains(where: \.isTerminal) else {
            // AWS gives the machine's own lack of an end no location.
            let place = scope.place.steps.isEmpty ? nil : scope.place
            scope.findings.error(code: .missingEndState, "Workflow has no terminal state", at: place)
            return
        }
        checkReachability(nodes)
    }

    private func checkTarget(_ name: String, at place: Place) {
        guard states.object[name] == nil else { return }
        scope.findings.error(
            code: .missingTransitionTarget,
            "Missing 'Next' target: \(name)",
            at: place,
            hint: suggestion(for: name, among: states.object.lazy.map(\.key))
        )
    }

    /// A state that nothing leads to is an error; one that is only led to by states which are never reached
    /// themselves is legal, but worth a warning.
    private func checkReachability(_ nodes: [Node]) {
        // Without a start, it is not known what the first state is.
        guard let startAt else { return }
        let targeted = Set(nodes.flatMap { $0.targets.map(\.name) } + [startAt])
        let untargeted = nodes.filter { !targeted.contains($0.name) }
        for node in untargeted {
            scope.findings.error(
                code: .missingTransitionTarget,
                "State \"\(node.name)\" is not reachable.",
                at: node.place
            )
        }
        guard untargeted.isEmpty, states.has(startAt) else { return }

        let byName = Dictionary(nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var reached: Set<String> = [startAt]
        var waiting = [startAt]
        while let name = waiting.popLast() {
            for target in byName[name]?.targets ?? [] where reached.insert(target.name).inserted {
                waiting.append(target.name)
            }
        }
        for node in nodes where !reached.contains(node.name) {
            scope.findings.warning(
                code: .missingTransitionTarget,
                "State \"\(node.name)\" is not reachable from \"\(startAt)\".",
                at: node.place
            )
        }
    }

    private func node(_ name: String, _ value: JSONValue, at place: Place) -> Node {
        var targets: [(name: String, place: Place)] = []
        func add(_ value: JSONValue?, _ place: Place) {
            if let name = value?.string { targets.append((name, place)) }
        }
        add(value["Next"], place.field("Next"))
        add(value["Default"], place.field("Default"))
        for list in ["Choices", "Catch"] {
            for (index, element) in (value[list]?.array ?? []).enumerated() {
                add(element["Next"], place.field(list).item(index).field("Next"))
            }
        }
        // A state of an unknown type may be meant to end: one problem is enough.
        let type = value["Type"]?.string.flatMap(StateType.init)
        let isTerminal = type == nil || type == .succeed || type == .fail || value["End"]?.bool == true
        return Node(name: name, place: place, targets: targets, isTerminal: isTerminal)
    }
}
