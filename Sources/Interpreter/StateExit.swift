import JSON
import StatesLanguage

/// How states, branches and executions end well.
extension Run {
    /// Treats the result of a state's work: `ResultSelector`, `Assign`, `ResultPath`, `OutputPath`, or `Assign` and
    /// `Output`, and leaves the state.
    ///
    /// - Parameter origin: what the exit refers to as its previous event; nil: the last event of the branch.
    mutating func conclude(_ state: State, result: JSONDocument, origin: EventReference? = nil) -> Step {
        do throws(StateFailure) {
            if case .task = state.kind { show(result, as: .result, in: state) }
            let selected =
                if let selector = state.data.resultSelector {
                    JSONDocument(try evaluate(selector, on: result))
                } else {
                    result
                }
            show(selected, as: .afterResultSelector, in: state)
            // To JSONata, what a Pass makes of its input is no result.
            let sight = state.kind.hasResult ? Sight.result(selected) : .input(selected)
            let assigned = try assignments(state.data.assign, seeing: sight)
            let output =
                if let output = state.data.output {
                    JSONDocument(try evaluate(output, seeing: sight))
                } else {
                    try select(state.data.outputPath, from: afterResultPath(selected, in: state))
                }
            return try leave(state, output: output, assigned: assigned, to: state.transition, origin: origin)
        } catch {
            return settle(error, in: state, resumingWith: .result(result))
        }
    }

    private mutating func afterResultPath(
        _ result: JSONDocument,
        in state: State
    ) throws(StateFailure) -> JSONDocument {
        let merged = try put(result, at: state.data.resultPath)
        show(merged, as: .afterResultPath, in: state)
        return merged
    }

    /// Leaves a state: its output is the input of the next, or of whoever waits for the end of this scope.
    mutating func leave(
        _ state: State,
        output: JSONDocument,
        assigned: [HistoryEvent.AssignedVariable],
        to transition: Transition?,
        origin: EventReference? = nil
    ) throws(StateFailure) -> Step {
        guard output.fits(limits.payloadBytes) else {
            throw StateFailure(tooLargeAt: state.name, verb: "returned a result")
        }
        try store(assigned)
        if inspection != nil {
            if case .next(let name) = transition { inspection?.nextState = name }
            return .stop(.endBranch(output))
        }
        if let origin { branch.lastEvent = origin }
        if let exited = state.kind.exitedEvent {
            var details: [HistoryEvent.Detail] = [
                .init("name", .string(state.name)), .init("output", .payload(output)),
            ]
            if !assigned.isEmpty { details.append(.init("assignedVariables", .variables(assigned))) }
            append(exited, details)
        }
        if case .next(let name) = transition { return .enter(name, input: output) }
        return finish(output: output)
    }

    /// The scope's last state has been left.
    private mutating func finish(output: JSONDocument) -> Step {
        branch.taskInput = nil
        guard let owner = owner(of: branch.state) else {
            append(.executionSucceeded, [.init("output", .payload(output))])
            return .stop(.endExecution(.succeeded(output)))
        }
        if case .map = owner.kind { appendAside(.mapIterationSucceeded, iterationDetails(of: owner)) }
        return .stop(.endBranch(output))
    }

    /// The Parallel or Map around a state in this execution: the items of a distributed Map have executions of their own.
    func owner(of name: String) -> State? {
        guard let owner = machine.owners[name].flatMap({ machine.states[$0] }) else { return nil }
        if case .map(let map) = owner.kind, map.distributed != nil { return nil }
        return owner
    }

    func iterationDetails(of map: State, _ index: Int? = nil) -> [HistoryEvent.Detail] {
        [.init("name", .string(map.name)), .init("index", .integer(index ?? branch.item?.index ?? 0))]
    }
}
