import Expressions
import JSON
import StatesLanguage

extension Run {
    mutating func choose(_ state: State, _ choice: ChoiceState) throws(StateFailure) -> Step {
        let input = try effectiveInput(state)
        show(input, as: .afterInputPath, in: state)
        let scope = try scope(input, readsContext: choice.rules.contains { $0.condition.readsContext })
        let rule = try firstRule(of: choice, thatHoldsIn: scope)
        guard let next = rule?.next ?? choice.defaultNext else {
            throw StateFailure(
                runtime: "Failed to transition out of the state. The state does not point to a next state."
            )
        }
        let assigned = try assignments(rule == nil ? state.data.assign : rule?.assign, seeing: .input(input))
        let output =
            if let output = rule?.output {
                JSONDocument(try evaluate(output, seeing: .input(input)))
            } else if rule != nil {
                try select(state.data.outputPath, from: input)
            } else {
                try output(of: state, from: input)
            }
        return try leave(state, output: output, assigned: assigned, to: .next(next))
    }

    private mutating func firstRule(of choice: ChoiceState, thatHoldsIn scope: Scope) throws(StateFailure)
        -> ChoiceRule?
    {
        for rule in choice.rules where try holds(rule.condition, in: scope) { return rule }
        return nil
    }

    /// Whether a condition holds. Its depth is that of the definition, which is bounded.
    private mutating func holds(_ condition: ChoiceCondition, in scope: Scope) throws(StateFailure) -> Bool {
        switch condition {
        case .and(let conditions):
            for condition in conditions where try !holds(condition, in: scope) { return false }
            return true
        case .or(let conditions):
            for condition in conditions where try holds(condition, in: scope) { return true }
            return false
        case .not(let condition): return try !holds(condition, in: scope)
        case .constant(let bool): return bool
        case .jsonata(let field):
            return try evaluate(field, as: .boolean, seeing: .input(branch.input)).bool ?? false
        case .comparison(let variable, .isPresent(let expected)):
            return (try find(variable, in: scope) != nil) == expected
        case .comparison(let variable, let comparison):
            return try holds(comparison, for: reference(variable, in: scope), in: scope)
        }
    }

    private func holds(
        _ comparison: ChoiceComparison,
        for value: JSONValue,
        in scope: Scope
    ) throws(StateFailure) -> Bool {
        switch comparison {
        case .string(let order, let operand):
            guard case .string(let text) = value else { return false }
            return try self.operand(operand, in: scope, \.string).map { order.accepts(text.order(to: $0)) } ?? false
        case .numeric(let order, let operand):
            guard case .number(let number) = value else { return false }
            return try self.operand(operand, in: scope, \.number).map { order.accepts(number.order(to: $0)) } ?? false
        case .timestamp(let order, let operand):
            guard let time = value.timestamp else { return false }
            return try self.operand(operand, in: scope, \.timestamp).map { order.accepts(time.order(to: $0)) } ?? false
        case .boolean(let operand):
            guard case .bool(let bool) = value else { return false }
            return try self.operand(operand, in: scope, \.bool) == bool
        case .stringMatches(let pattern): return value.string.map { StringPattern(pattern).matches($0) } ?? false
        case .isNull(let expected): return value.isNull == expected
        case .isNumeric(let expected): return (value.number != nil) == expected
        case .isString(let expected): return (value.string != nil) == expected
        case .isBoolean(let expected): return (value.bool != nil) == expected
        case .isTimestamp(let expected): return (value.timestamp != nil) == expected
        case .isPresent(let expected): return expected
        }
    }

    /// The other side of a comparison; nil when what stands at its path has another type.
    private func operand<Constant>(
        _ operand: ChoiceComparison.Operand<Constant>,
        in scope: Scope,
        _ convert: (JSONValue) -> Constant?
    ) throws(StateFailure) -> Constant? {
        switch operand {
        case .constant(let constant): constant
        case .path(let path): convert(try reference(path, in: scope))
        }
    }

    private func reference(_ path: Path, in scope: Scope) throws(StateFailure) -> JSONValue {
        guard let value = try find(path, in: scope) else {
            throw StateFailure(
                runtime:
                    "Invalid path '\(path.jsonPath)': The choice state's condition path references an invalid value."
            )
        }
        return value
    }
}

extension ChoiceComparison.Order {
    /// Whether the left side may stand in this order to the right side: negative = less, zero = same.
    fileprivate func accepts(_ order: Int) -> Bool {
        switch self {
        case .equals: order == 0
        case .lessThan: order < 0
        case .greaterThan: order > 0
        case .lessThanEquals: order <= 0
        case .greaterThanEquals: order >= 0
        }
    }
}

extension Timestamp {
    fileprivate func order(to other: Timestamp) -> Int { self < other ? -1 : self == other ? 0 : 1 }
}

extension JSONValue {
    fileprivate var timestamp: Timestamp? { string.flatMap { Timestamp($0) } }
}

extension ChoiceCondition {
    /// Whether the context object is needed to decide it.
    fileprivate var readsContext: Bool {
        switch self {
        case .and(let conditions), .or(let conditions): conditions.contains(where: \.readsContext)
        case .not(let condition): condition.readsContext
        case .comparison(let variable, let comparison): variable.readsContext || comparison.readsContext
        // An expression in JSONata gets its own.
        case .constant, .jsonata: false
        }
    }
}

extension ChoiceComparison {
    fileprivate var readsContext: Bool {
        switch self {
        case .string(_, .path(let path)), .numeric(_, .path(let path)), .timestamp(_, .path(let path)),
            .boolean(.path(let path)):
            path.readsContext
        default: false
        }
    }
}
