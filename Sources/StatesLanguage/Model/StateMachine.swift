import Expressions
import JSON

/// A definition that has passed validation: typed, with every path and template compiled. Immutable and shared by all
/// executions of its revision.
package final class StateMachine: Sendable {
    package let comment: String?
    package let queryLanguage: QueryLanguage
    /// The limit of a whole execution, in seconds.
    package let timeoutSeconds: Int?
    /// The top-level scope.
    package let scope: StateScope
    /// Every state of every scope. Names are unique across the whole machine, so a name says where a branch stands.
    package let states: [String: State]
    /// The Parallel or Map around a state, by the state's name; top-level states have none.
    package let owners: [String: String]
    /// Whether some expression reads the execution's own input (`$$`, `$$.Execution`, `$$.Execution.Input…`): only
    /// then must it be at hand while the machine runs.
    package let readsExecutionInput: Bool
    /// Whether some Task waits for the end of an execution that it starts.
    package let waitsForExecutions: Bool

    package init(comment: String?, queryLanguage: QueryLanguage, timeoutSeconds: Int?, scope: StateScope) {
        self.comment = comment
        self.queryLanguage = queryLanguage
        self.timeoutSeconds = timeoutSeconds
        self.scope = scope
        var states: [String: State] = [:]
        var owners: [String: String] = [:]
        scope.collect(into: &states, owners: &owners, owner: nil)
        self.states = states
        self.owners = owners
        waitsForExecutions = states.values.contains {
            guard case .task(let task) = $0.kind else { return false }
            return task.resource.waitsForExecution
        }
        readsExecutionInput = states.values.contains(where: \.readsExecutionInput)
    }

    /// The label of the distributed Map for whose children a state is; nil: it is the machine's own.
    package func mapLabel(around state: String) -> String? {
        var next = owners[state]
        while let owner = next {
            if case .map(let map) = states[owner]?.kind, let distributed = map.distributed { return distributed.label }
            next = owners[owner]
        }
        return nil
    }

    /// The function whose workers should enter a state: the one that it calls, where that is settled by the definition;
    /// nil: any worker can. What versions and aliases mean is looked up when they are called.
    package func entryFunction(at state: String) -> String? {
        guard let state = states[state], case .task(let task) = state.kind else { return nil }
        switch task.resource {
        case .function(let function, _): return function.queue
        case .integration(let integration) where integration.performer == .function:
            let parameters = state.data.parameters?.source
            guard parameters?["Qualifier"] == nil, parameters?["Qualifier.$"] == nil else { return nil }
            return parameters?["FunctionName"]?.string.flatMap(FunctionReference.init)?.queue
        case .integration, .activity, .unsupported: return nil
        }
    }
}

/// The language of a state's expressions.
package enum QueryLanguage: String, Sendable, Hashable {
    case jsonPath = "JSONPath"
    case jsonata = "JSONata"
}

/// One `StartAt` with its `States`: the machine itself, a branch of a Parallel, the item processor of a Map.
package struct StateScope: Sendable {
    package let startAt: String
    /// The states of this scope in the order of the definition.
    package let states: [State]

    package init(startAt: String, states: [State]) {
        self.startAt = startAt
        self.states = states
    }

    fileprivate func collect(into all: inout [String: State], owners: inout [String: String], owner: String?) {
        for state in states {
            all[state.name] = state
            owners[state.name] = owner
            for scope in state.kind.scopes { scope.collect(into: &all, owners: &owners, owner: state.name) }
        }
    }
}
