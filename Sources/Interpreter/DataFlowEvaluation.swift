import Expressions
import JSON
import StatesLanguage

/// The path fields of a state, each applied only where it says something: a document that is merely passed along stays
/// the same document and is not parsed.
extension Run {
    /// The state's effective input: `InputPath` applied to the raw input.
    func effectiveInput(_ state: State) throws(StateFailure) -> JSONDocument {
        try select(state.data.inputPath, from: branch.input)
    }

    /// `InputPath` or `OutputPath` applied to a document.
    func select(_ path: PathOrNothing, from document: JSONDocument) throws(StateFailure) -> JSONDocument {
        switch path {
        case .whole: document
        case .nothing: JSONDocument(.object([:]))
        case .path(let path): JSONDocument(try evaluate(path, on: document))
        }
    }

    /// What a path leads to.
    func evaluate(_ path: Path, on document: JSONDocument) throws(StateFailure) -> JSONValue {
        let scope = try scope(document, readsContext: path.readsContext)
        do throws(ExpressionError) {
            return try path.evaluate(in: scope)
        } catch {
            throw StateFailure(error)
        }
    }

    /// What a path leads to; nil where it leads nowhere.
    func find(_ path: Path, in scope: Scope) throws(StateFailure) -> JSONValue? {
        do throws(ExpressionError) {
            return try path.find(in: scope)
        } catch {
            throw StateFailure(error)
        }
    }

    /// The output of a state without a result of its own: what `OutputPath` or JSONata's `Output` make of its effective
    /// input.
    mutating func output(of state: State, from input: JSONDocument) throws(StateFailure) -> JSONDocument {
        guard let output = state.data.output else { return try select(state.data.outputPath, from: input) }
        return JSONDocument(try evaluate(output, seeing: .input(input)))
    }

    /// The raw input with a state's result put where `ResultPath` says.
    func put(_ result: JSONDocument, at path: ResultPath) throws(StateFailure) -> JSONDocument {
        switch path {
        case .replace: return result
        case .discard: return branch.input
        case .put(let reference):
            let (result, input) = (try value(of: result), try value(of: branch.input))
            do throws(ExpressionError) {
                return JSONDocument(try reference.put(result, into: input))
            } catch {
                throw StateFailure(error)
            }
        }
    }

    /// The variables that `Assign` sets, evaluated with the values variables had on entry.
    mutating func assignments(_ template: Template?, seeing sight: Sight) throws(StateFailure)
        -> [HistoryEvent.AssignedVariable]
    {
        guard let template else { return [] }
        guard case .object(let members) = try evaluate(template, seeing: sight) else { return [] }
        var assigned: [HistoryEvent.AssignedVariable] = []
        for (name, value) in members {
            guard branch.outerVariables[name] == nil else {
                throw StateFailure(
                    runtime: "The variable '\(name)' belongs to an outer scope and cannot be assigned here."
                )
            }
            assigned.append(.init(name: name, value: JSONDocument(value)))
        }
        guard assigned.lazy.map(\.value).fit(limits.assignedBytes) else {
            throw StateFailure(tooLargeAt: branch.state, verb: "assigned variables")
        }
        return assigned
    }

    /// Makes assigned variables visible to the states that follow.
    mutating func store(_ assigned: [HistoryEvent.AssignedVariable]) throws(StateFailure) {
        guard !assigned.isEmpty else { return }
        var variables = branch.variables
        for variable in assigned { variables[variable.name] = try value(of: variable.value) }
        let all = variables.count + branch.outerVariables.count
        // Nobody could reach the limit with so few: the sum is only worth computing when somebody might have.
        if all > limits.variableBytes / max(limits.assignedBytes, 1) {
            var bytes = 0
            for value in variables.values { bytes += JSONDocument(value).byteCount }
            for value in branch.outerVariables.values { bytes += JSONDocument(value).byteCount }
            guard bytes <= limits.variableBytes else {
                throw StateFailure(tooLargeAt: branch.state, verb: "stored variables")
            }
        }
        branch.variables = variables
    }
}
