import Expressions
import JSON
import StatesLanguage

extension Run {
    mutating func pass(_ state: State, _ pass: PassState) throws(StateFailure) -> Step {
        if let result = pass.result {
            let result = JSONDocument(result)
            show(result, as: .result, in: state)
            return conclude(state, result: result)
        }
        return conclude(state, result: try parameters(state))
    }

    /// The effective input, or what `Parameters` make of it.
    mutating func parameters(_ state: State) throws(StateFailure) -> JSONDocument {
        let input = try effectiveInput(state)
        show(input, as: .afterInputPath, in: state)
        let parameters =
            if let parameters = state.data.parameters {
                JSONDocument(try evaluate(parameters, seeing: .input(input)))
            } else {
                input
            }
        show(parameters, as: .afterParameters, in: state)
        show(parameters, as: .afterArguments, in: state)
        return parameters
    }

    mutating func succeed(_ state: State) throws(StateFailure) -> Step {
        let input = try effectiveInput(state)
        show(input, as: .afterInputPath, in: state)
        let output = try output(of: state, from: input)
        return try leave(state, output: output, assigned: [], to: .end)
    }

    mutating func fail(_ state: State, _ fail: FailState) throws(StateFailure) -> Step {
        show(branch.input, as: .afterInputPath, in: state)
        let error = try evaluate(fail.error, named: "ErrorPath")
        let cause = try evaluate(fail.cause, named: "CausePath")
        return end(with: StateFailure(error: error, cause: cause))
    }

    private mutating func evaluate(_ field: StringField?, named name: String) throws(StateFailure) -> String {
        switch field {
        case nil: return ""
        case .constant(let text): return text
        case .jsonata(let field): return try evaluate(field, as: .string, seeing: .input(branch.input)).string ?? ""
        case .expression(let expression):
            let value = try evaluate(expression, on: branch.input)
            guard case .string(let text) = value else {
                throw StateFailure(
                    runtime: "The \(name) parameter does not reference a string: \(expression.text) == \(value.text)"
                )
            }
            return text
        }
    }

    private mutating func evaluate(
        _ expression: TemplateExpression,
        on document: JSONDocument
    ) throws(StateFailure) -> JSONValue {
        let scope = try scope(document, readsContext: expression.readsContext)
        do throws(ExpressionError) {
            return try expression.evaluate(in: scope, random: &random)
        } catch {
            throw StateFailure(error)
        }
    }
}
