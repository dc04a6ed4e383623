import Expressions
import JSON
import StatesLanguage

/// The data that the expressions of a state see at one point of its life.
struct Sight {
    /// What the data is to JSONata, which sees the state's raw input at all times.
    enum Role {
        case input
        case result
        case errorOutput
    }

    /// `$` of JSONPath; `$states.result` or `$states.errorOutput` of JSONata, by its role.
    var document: JSONDocument
    var role: Role

    static func input(_ document: JSONDocument) -> Sight { Sight(document: document, role: .input) }
    static func result(_ document: JSONDocument) -> Sight { Sight(document: document, role: .result) }
    static func errorOutput(_ document: JSONDocument) -> Sight { Sight(document: document, role: .errorOutput) }
}

/// Evaluating expressions and templates of either language.
extension Run {
    /// A template with its values.
    mutating func evaluate(_ template: Template, seeing sight: Sight) throws(StateFailure) -> JSONValue {
        switch template {
        case .jsonPath(let template): try evaluate(template, on: sight.document)
        case .jsonata(let template): try evaluate(template, seeing: sight)
        }
    }

    /// A payload template with its values, `$` being a document.
    mutating func evaluate(_ template: PayloadTemplate, on document: JSONDocument) throws(StateFailure) -> JSONValue {
        guard !template.expressions.isEmpty else { return template.source }
        let scope = try scope(document, readsContext: template.readsContext)
        do throws(ExpressionError) {
            return try template.evaluate(in: scope, random: &random)
        } catch {
            throw StateFailure(error)
        }
    }

    /// A JSONata template with its values.
    ///
    /// - Parameter type: what it must be when it is one expression; nil: anything.
    mutating func evaluate(
        _ template: JSONataTemplate,
        as type: JSONataType? = nil,
        seeing sight: Sight
    ) throws(StateFailure) -> JSONValue {
        guard !template.expressions.isEmpty else { return template.source }
        let scope = try jsonataScope(sight, readsContext: template.readsContext)
        defer { evaluationTime += scope.elapsed }
        do throws(ExpressionError) {
            return try template.evaluate(as: type, in: scope, random: &random)
        } catch {
            throw StateFailure(error)
        }
    }

    /// The value of one expression of a field.
    mutating func evaluate(
        _ field: JSONataField,
        as type: JSONataType,
        seeing sight: Sight
    ) throws(StateFailure) -> JSONValue {
        let scope = try jsonataScope(sight, readsContext: field.readsContext)
        defer { evaluationTime += scope.elapsed }
        do throws(ExpressionError) {
            return try field.evaluate(as: type, in: scope, random: &random)
        } catch {
            throw StateFailure(error)
        }
    }

    /// The value of an expression that must be a whole number in a range.
    mutating func integer(
        _ field: JSONataField,
        in range: ClosedRange<Int64>,
        seeing sight: Sight
    ) throws(StateFailure) -> Int64 {
        let value = try evaluate(field, as: .number, seeing: sight)
        guard let integer = value.number?.integer, range.contains(integer) else {
            throw StateFailure(
                query: "The JSONata expression '\(field.text)' specified for the field '\(field.field)' returned"
                    + " \(value.text), which is not an integer from \(range.lowerBound) to \(range.upperBound).",
                location: field.field
            )
        }
        return integer
    }

    /// What JSONPath expressions see with a document as `$`.
    func scope(_ document: JSONDocument, readsContext: Bool) throws(StateFailure) -> Scope {
        Scope(
            input: try value(of: document),
            context: readsContext ? try contextObject() : .object([:]),
            variables: visibleVariables
        )
    }

    private func jsonataScope(_ sight: Sight, readsContext: Bool) throws(StateFailure) -> JSONataScope {
        var states: JSONObject = ["input": try value(of: branch.input)]
        switch sight.role {
        case .input: break
        case .result: states["result"] = try value(of: sight.document)
        case .errorOutput: states["errorOutput"] = try value(of: sight.document)
        }
        if readsContext { states["context"] = try contextObject() }
        var bounds = JSONataBounds()
        bounds.time = min(bounds.time, limits.evaluationTimePerState - (evaluationTime - earlierEvaluationTime))
        return JSONataScope(states: states, variables: visibleVariables, now: now, bounds: bounds)
    }

    private var visibleVariables: [String: JSONValue] {
        branch.outerVariables.isEmpty
            ? branch.variables : branch.outerVariables.merging(branch.variables) { _, own in own }
    }
}
