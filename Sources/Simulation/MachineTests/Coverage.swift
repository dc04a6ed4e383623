package import StatesLanguage

/// Which states of a machine tests have entered, and which ways out of them they have taken.
package struct Coverage: Sendable {
    /// What is covered of how much, and the rest by name.
    package struct Share: Sendable, Hashable {
        package var covered: Int
        package var total: Int
        package var missing: [String]

        package init(covered: Int, total: Int, missing: [String]) {
            self.covered = covered
            self.total = total
            self.missing = missing
        }
    }

    private let states: [String]
    private let steps: [StateStep]
    private var entered: Set<String> = []
    private var taken: Set<StateStep> = []

    package init(of machine: StateMachine) {
        var states: [String] = []
        var steps: [StateStep] = []
        Self.collect(machine.scope, &states, &steps)
        self.states = states
        self.steps = steps
    }

    package mutating func add(_ report: MachineTestReport) {
        entered.formUnion(report.path)
        taken.formUnion(report.steps)
    }

    package var stateShare: Share {
        let missing = states.filter { !entered.contains($0) }
        return Share(covered: states.count - missing.count, total: states.count, missing: missing)
    }

    /// Ways out of the states that have more than one.
    package var branchShare: Share {
        let missing = steps.filter { !taken.contains($0) }
        return Share(
            covered: steps.count - missing.count,
            total: steps.count,
            missing: missing.map { "\($0.from) > \($0.to ?? "end")" }
        )
    }

    /// The nesting of a valid definition is bounded.
    private static func collect(_ scope: StateScope, _ states: inout [String], _ steps: inout [StateStep]) {
        for state in scope.states {
            states.append(state.name)
            let ways = waysOut(of: state)
            if ways.count > 1 { steps += ways }
            for inner in state.kind.scopes { collect(inner, &states, &steps) }
        }
    }

    private static func waysOut(of state: State) -> [StateStep] {
        var targets: [String?] = []
        switch state.transition {
        case .next(let name): targets.append(name)
        case .end: targets.append(nil)
        case nil: break
        }
        if case .choice(let choice) = state.kind {
            targets += choice.rules.map(\.next)
            if let name = choice.defaultNext { targets.append(name) }
        }
        targets += state.catchers.map(\.next)
        var seen: Set<String?> = []
        return targets.filter { seen.insert($0).inserted }.map { StateStep(from: state.name, to: $0) }
    }
}
