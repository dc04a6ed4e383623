import Expressions
import JSON

extension StateReader {
    func readChoice() -> State.Kind? {
        fields.require("Choices")
        let defaultNext = fields.string("Default")
        guard let choices = fields.nestedNonEmptyList("Choices") else { return nil }
        let rules = choices.enumerated()
            .compactMap { index, fields in
                language == .jsonPath ? readRule(fields) : readJSONataRule(fields, below: "Choices[\(index)]/")
            }
        return .choice(ChoiceState(rules: rules, defaultNext: defaultNext))
    }

    private func readRule(_ fields: FieldReader) -> ChoiceRule? {
        fields.require("Next")
        let next = fields.string("Next")
        let assign = fields.assignments(in: .jsonPath)
        guard let condition = RuleReader(fields: fields, depth: 0).read(), let next else { return nil }
        return ChoiceRule(condition: condition, next: next, assign: assign)
    }

    private func readJSONataRule(_ fields: FieldReader, below parent: String) -> ChoiceRule? {
        fields.rejectOthers(than: .choiceRule, language: .jsonata)
        fields.require("Next")
        if !fields.selectsOne { fields.reportSelectors() }
        _ = fields.string("Comment")
        let next = fields.string("Next")
        let output = fields.jsonataTemplate("Output", below: parent)
        let assign = fields.assignments(in: .jsonata, below: parent)
        let condition: ChoiceCondition? =
            fields.isJSONata("Condition")
            ? fields.jsonata("Condition", below: parent).map { .jsonata($0) }
            : fields.boolean("Condition").map { .constant($0) }
        guard let condition, let next else { return nil }
        return ChoiceRule(condition: condition, next: next, output: output, assign: assign)
    }
}

extension FieldReader {
    /// What a rule is: exactly one of these fields says it.
    fileprivate static let ruleSelectors = ["And", "Or", "Not", "Variable", "Condition"]

    fileprivate var selectsOne: Bool { Self.ruleSelectors.count(where: has) == 1 }

    fileprivate func reportSelectors() {
        findings.error(
            "The object must have only one of the following fields, "
                + "[\(Self.ruleSelectors.joined(separator: ", "))]",
            at: place
        )
    }
}

/// Reads a rule of a Choice, or a rule inside another's `And`, `Or` or `Not`.
private struct RuleReader {
    private static let combinators = ["And", "Or", "Not"]

    let fields: FieldReader
    /// How many rules are around it.
    let depth: Int

    func read() -> ChoiceCondition? {
        guard depth <= ScopeReader.deepest else {
            fields.findings.error(
                code: .tooDeeplyNested,
                "Rules are nested more than \(ScopeReader.deepest) levels deep",
                at: fields.place
            )
            return nil
        }
        _ = fields.string("Comment")
        guard fields.selectsOne else {
            rejectOthers(than: Self.combinators + ["Variable"] + operators)
            fields.reportSelectors()
            return nil
        }
        guard let combinator = Self.combinators.first(where: fields.has) else { return readComparison() }
        rejectOthers(than: [combinator])
        switch combinator {
        case "And": return readNested("And").map(ChoiceCondition.and)
        case "Or": return readNested("Or").map(ChoiceCondition.or)
        default:
            return fields.nested("Not").flatMap { RuleReader(fields: $0, depth: depth + 1).read() }
                .map(ChoiceCondition.not)
        }
    }

    private func readNested(_ name: String) -> [ChoiceCondition]? {
        fields.nestedNonEmptyList(name)?.compactMap { RuleReader(fields: $0, depth: depth + 1).read() }
    }

    private func readComparison() -> ChoiceCondition? {
        let operators = operators
        rejectOthers(than: ["Variable"] + operators)
        // A rule in JSONata is one problem, not three.
        guard operators.first != nil || !fields.has("Condition") else { return nil }
        let variable = fields.referencePath("Variable")
        guard let name = operators.first, let comparison = ComparisonOperator(name: name) else {
            let names = ComparisonOperator.names.joined(separator: ", ")
            fields.findings.error(
                "This object should have only one of the following fields: [\(names)]",
                at: fields.place,
                hint: "a comparison needs an operator"
            )
            return nil
        }
        guard operators.count == 1 else {
            fields.findings.error(
                "There should only be one of the following fields: [\(operators.joined(separator: ", "))]",
                at: fields.place,
                exactly: fields.place.field(operators[1])
            )
            return nil
        }
        let read = comparison.read(fields)
        guard let variable, let read else { return nil }
        return .comparison(variable: variable, read)
    }

    private var operators: [String] { fields.object.keys.filter { ComparisonOperator(name: $0) != nil } }

    private func rejectOthers(than own: [String]) {
        let allowed = Set(own + ["Comment"] + (depth > 0 ? [] : ["Next", "Assign"]))
        for (name, _) in fields.object where !allowed.contains(name) {
            let hint = suggestion(for: name, among: ComparisonOperator.names)
            fields.reject(name, from: .choiceRule, in: .jsonPath, hint: hint)
        }
    }
}
