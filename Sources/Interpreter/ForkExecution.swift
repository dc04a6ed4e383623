import Expressions
import JSON
import StatesLanguage

/// Parallel and Map: starting branches and iterations, and coming back from them.
extension Run {
    mutating func forkParallel(_ state: State, _ parallel: ParallelState) throws(StateFailure) -> Step {
        let input = try parameters(state)
        try checkSize(of: input, in: state)
        if let step = mocked(state) { return step }
        let started = append(.parallelStateStarted)
        guard !parallel.branches.isEmpty else { return joined(state, outputs: []) }
        branch.phase = .forked
        return .stop(
            .fork(
                Fork(
                    children: .branches(parallel.branches.map(\.startAt)),
                    input: input,
                    maxConcurrency: nil,
                    event: started
                )
            )
        )
    }

    mutating func forkMap(_ state: State, _ map: MapState) throws(StateFailure) -> Step {
        if let distributed = map.distributed, inspection == nil { return try startMapRun(state, map, distributed) }
        let input = try effectiveInput(state)
        show(input, as: .afterInputPath, in: state)
        let maxConcurrency = try maxConcurrency(of: map, on: input)
        let items = try items(of: map, in: input, language: state.queryLanguage)
        if let step = try inspected(map, in: state, items: items, input: input, maxConcurrency) { return step }
        let started = append(.mapStateStarted, [.init("length", .integer(items.count))])
        guard !items.isEmpty else { return joined(state, outputs: []) }
        branch.phase = .forked
        return .stop(
            .fork(
                Fork(
                    children: .iterations(items: items.map(JSONDocument.init), startAt: map.processor.startAt),
                    input: map.itemSelector == nil ? nil : input,
                    maxConcurrency: [maxConcurrency, limits.iterationsAtOnce].compactMap(\.self).min(),
                    event: started
                )
            )
        )
    }

    /// A Map under test, whose iterations are mocked; nil: this is an execution.
    private mutating func inspected(
        _ map: MapState,
        in state: State,
        items: [JSONValue],
        input: JSONDocument,
        _ maxConcurrency: Int?
    ) throws(StateFailure) -> Step? {
        guard inspection != nil else { return nil }
        inspection?.itemCount = items.count
        show(JSONDocument(.array(items)), as: .afterItemsPath, in: state)
        if let selector = map.itemSelector {
            var inputs: [JSONValue] = []
            for (index, item) in items.enumerated() {
                branch.item = MapItem(index: index, value: JSONDocument(item))
                inputs.append(try evaluate(selector, seeing: .input(input)))
            }
            branch.item = nil
            show(JSONDocument(.array(inputs)), as: .afterItemSelector, in: state)
        }
        inspection?.maxConcurrency = maxConcurrency ?? 0
        if let distributed = map.distributed {
            var run = MapRun(id: "", arn: "")
            try setTolerances(of: distributed, on: input, in: &run)
            inspection?.toleratedFailureCount = run.toleratedFailureCount
            inspection?.toleratedFailurePercentage = run.toleratedFailurePercentage
            let failures = inspection?.failedIterations ?? 0
            if run.tolerance.isStated, run.tolerance.isExceeded(by: failures, of: items.count) {
                let failure = StateFailure(
                    error: MapRunFailure.tooManyFailures.error,
                    cause: MapRunFailure.tooManyFailures.cause
                )
                return settle(failure, in: state, resumingWith: .failure(failure))
            }
        }
        return mocked(state)
    }

    mutating func items(
        of map: MapState,
        in input: JSONDocument,
        language: QueryLanguage
    ) throws(StateFailure) -> [JSONValue] {
        if let items = inspection?.items, case .array(let items) = try value(of: items) { return items }
        if let items = map.items {
            guard case .array(let items) = try evaluate(items, as: .array, seeing: .input(input)) else {
                throw StateFailure(query: "The field 'Items' must be an array.", location: "Items")
            }
            return items
        }
        let value = try itemsValue(of: map, in: input)
        guard case .array(let items) = value else { throw notItems(value, of: map, language) }
        return items
    }

    /// The items of a distributed Map that has no reader: the elements of an array, or, what an inline Map refuses, the
    /// members of an object.
    mutating func keyedItems(
        of map: MapState,
        in input: JSONDocument,
        language: QueryLanguage
    ) throws(StateFailure) -> [KeyedItem] {
        let value =
            if let items = map.items {
                try evaluate(items, as: .collection, seeing: .input(input))
            } else {
                try itemsValue(of: map, in: input)
            }
        switch value {
        case .array(let items): return items.map { KeyedItem(value: $0) }
        case .object(let members): return members.map { KeyedItem(key: $0.key, value: $0.value) }
        default: throw notItems(value, of: map, language)
        }
    }

    private func itemsValue(of map: MapState, in input: JSONDocument) throws(StateFailure) -> JSONValue {
        if let path = map.itemsPath { try evaluate(path, on: input) } else { try value(of: input) }
    }

    private func notItems(_ value: JSONValue, of map: MapState, _ language: QueryLanguage) -> StateFailure {
        language == .jsonata
            ? StateFailure(query: "Map state input must be an array but was: \(value.text)", location: nil)
            : StateFailure(runtime: "Reference path \"\(map.itemsPath?.jsonPath ?? "$")\" must point to array.")
    }

    /// How many iterations may run at once; nil = any number.
    mutating func maxConcurrency(of map: MapState, on input: JSONDocument) throws(StateFailure) -> Int? {
        switch map.maxConcurrency {
        case .constant(let number): return number > 0 ? number : nil
        case .path(let path):
            let limit = try integer(at: path, "MaxConcurrency", on: input)
            guard limit >= 0 else {
                throw StateFailure(
                    runtime: "Expected non-negative integer for MaxConcurrency, got '\(limit)' instead."
                )
            }
            return limit > 0 ? limit : nil
        case .jsonata(let field):
            let limit = try integer(field, in: .min...99_999_999, seeing: .input(input))
            guard limit >= 0 else {
                throw StateFailure(
                    query: "Expected non-negative integer for MaxConcurrency, got '\(limit)' instead.",
                    location: field.field
                )
            }
            return limit > 0 ? Int(limit) : nil
        }
    }

    private func checkSize(of document: JSONDocument, in state: State) throws(StateFailure) {
        guard document.fits(limits.payloadBytes) else {
            throw StateFailure(tooLargeAt: state.name, verb: "provided parameters")
        }
    }

    /// The first state of a branch or iteration.
    mutating func beginBranch() -> Step {
        let first = branch.state
        guard let owner = owner(of: first), case .map(let map) = owner.kind, let item = branch.item else {
            return .enter(first, input: branch.input)
        }
        var input = item.value
        if let selector = map.itemSelector {
            branch.enteredAt = now
            do throws(StateFailure) {
                input = JSONDocument(try evaluate(selector, seeing: .input(branch.input)))
            } catch {
                // The iteration has not started yet: the failure is the Map's, which also knows its own entry.
                return .stop(.failBranch(error: error.error, cause: error.cause))
            }
        }
        append(.mapIterationStarted, iterationDetails(of: owner))
        return .enter(first, input: input)
    }

    /// All branches have ended.
    mutating func join(_ state: State, outputs: [JSONDocument]) -> Step {
        if case .map = state.kind, case .recorded(let id) = branch.lastEvent {
            // What an iteration leaves behind is the event before its MapIterationSucceeded, from which AWS goes on to
            // the next iteration; after the last one it goes on from MapIterationSucceeded itself.
            branch.lastEvent = .recorded(id + 1)
        }
        return joined(state, outputs: outputs)
    }

    private mutating func joined(_ state: State, outputs: [JSONDocument]) -> Step {
        let origin = branch.lastEvent
        guard outputs.fit(limits.payloadBytes) else {
            let failure = StateFailure(tooLargeAt: state.name, verb: "returned a result")
            return settle(failure, in: state, resumingWith: .failure(failure))
        }
        if case .map = state.kind { append(.mapStateSucceeded) } else { append(.parallelStateSucceeded) }
        let text = "[" + outputs.lazy.map(\.compactText).joined(separator: ",") + "]"
        return conclude(state, result: JSONDocument(trusted: text), origin: origin)
    }

    /// A branch has failed, and the others are gone.
    mutating func branchFailed(_ state: State, _ failed: BranchFailure) -> Step {
        for branch in failed.aborted { recordAbortion(of: branch) }
        if case .map = state.kind, let index = failed.iteration {
            appendAside(.mapIterationFailed, iterationDetails(of: state, index))
        }
        var failure = StateFailure(error: failed.error, cause: failed.cause, alias: ErrorName.branchFailed)
        // A fatal failure inside a branch ends the execution by itself; here it can only be that of an ItemSelector. One
        // of a query that names no state is that of an ItemSelector as well.
        failure.lacksFrame = failure.isFatal || (failure.isOfQuery && !failure.hasFrame)
        if failure.isOfQuery { failure.location = "ItemSelector" }
        return settle(failure, in: state, resumingWith: .failure(failure))
    }

    /// Records where a branch was cut short: all of these events refer to the one that failed.
    private mutating func recordAbortion(of aborted: AbortedBranch) {
        guard let state = machine.states[aborted.state] else { return }
        if let owner = owner(of: aborted.state), case .map = owner.kind {
            appendAside(.mapIterationAborted, iterationDetails(of: owner, aborted.index))
        }
        if !aborted.isBetweenStates, let event = state.kind.abortedEvent { appendAside(event) }
    }
}
