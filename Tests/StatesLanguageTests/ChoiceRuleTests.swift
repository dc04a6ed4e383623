import Expressions
import JSON
import StatesLanguage
import Testing

@Suite("Rules for Choice")
struct ChoiceRuleTests {
    @Test("Every rule has its diagnostic", arguments: rules)
    func rule(_ rule: Rule) {
        #expect(Definition(parsing: rule.definition).lines == rule.lines)
    }

    @Test("Each of the 39 operators takes its own type of operand and no other", arguments: operators)
    func operand(name: String, valid: String, type: String) throws {
        let accepted = Definition(parsing: Text.choice(#""Variable": "$.x", "\#(name)": \#(valid), "Next": "B""#))
        #expect(accepted.lines == [])
        #expect(accepted.machine != nil)
        let refused = Definition(parsing: Text.choice(#""Variable": "$.x", "\#(name)": [], "Next": "B""#))
        #expect(
            refused.lines == [
                "ERROR SCHEMA_VALIDATION_FAILED at /States/A/Choices[0]/\(name): Expected value of type \(type)"
            ]
        )
    }

    @Test("There are 39 operators")
    func count() {
        #expect(Set(Self.operators.map(\.0)).count == 39)
    }

    @Test("Rules become conditions, in order and nested as written")
    func conditions() throws {
        let text = Text.choices(
            #"""
            [
              {"And": [{"Variable": "$.a", "NumericGreaterThanPath": "$limit"},
                       {"Not": {"Variable": "$$.Execution.Name", "StringMatches": "x*"}}], "Next": "B",
               "Assign": {"seen": true}},
              {"Or": [{"Variable": "$.b", "IsPresent": false}], "Comment": "c", "Next": "B"},
              {"Variable": "$.n", "NumericEquals": 1.50, "Next": "B"}
            ]
            """#
        )
        guard case .choice(let choice) = Definition(parsing: text).machine?.states["A"]?.kind else {
            Issue.record("no Choice")
            return
        }
        #expect(choice.defaultNext == "B")
        try #require(choice.rules.count == 3)
        #expect(choice.rules[0].assign?.source == ["seen": true])
        #expect(choice.rules.map(\.next) == ["B", "B", "B"])
        guard case .and(let both) = choice.rules[0].condition, both.count == 2,
            case .comparison(let variable, .numeric(.greaterThan, .path(let limit))) = both[0],
            case .not(.comparison(let name, .stringMatches("x*"))) = both[1],
            case .or(let either) = choice.rules[1].condition, either.count == 1,
            case .comparison(_, .isPresent(false)) = either[0],
            case .comparison(_, .numeric(.equals, .constant(let number))) = choice.rules[2].condition
        else {
            Issue.record("other conditions: \(choice.rules)")
            return
        }
        #expect(variable.text == "$.a")
        #expect(limit.root == .variable("limit"))
        #expect(name.root == .context)
        #expect(number.text == "1.50")
    }

    @Test("Rules may be nested 50 deep", arguments: [(50, true), (51, false), (400, false)])
    func depth(levels: Int, isAllowed: Bool) {
        let comparison = #""Variable": "$.x", "IsNull": true"#
        let nested = (0..<levels).reduce(comparison) { rule, _ in #""Not": {\#(rule)}"# }
        let definition = Definition(parsing: Text.choice(nested + #", "Next": "B""#))
        #expect((definition.machine != nil) == isAllowed)
        #expect(definition.diagnostics.map(\.code) == (isAllowed ? [] : [.tooDeeplyNested]))
    }

    static let operators: [(String, String, String)] = {
        let orders = ["Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals"]
        var operators: [(String, String, String)] = []
        for order in orders {
            operators.append(("String" + order, #""text""#, "String"))
            operators.append(("Numeric" + order, "1e3", "Number"))
            operators.append(("Timestamp" + order, #""2024-02-29T12:00:00+09:00""#, "String"))
            for type in ["String", "Numeric", "Timestamp"] {
                operators.append((type + order + "Path", #""$.other""#, "String"))
            }
        }
        for test in ["IsNull", "IsPresent", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp"] {
            operators.append((test, "false", "Boolean"))
        }
        operators.append(("BooleanEquals", "true", "Boolean"))
        operators.append(("BooleanEqualsPath", #""$.other""#, "String"))
        operators.append(("StringMatches", #""a*""#, "String"))
        return operators
    }()

    private static func rule(_ description: String, _ fields: String, at place: String = "", _ message: String) -> Rule
    {
        .schema(description, Text.choice(fields), at: "/States/A/Choices[0]\(place)", message)
    }

    private static let selectors =
        "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]"
    private static let names = operators.map(\.0).sorted().joined(separator: ", ")

    static let rules: [Rule] = [
        .schema(
            "no Choices",
            Text.machine(#"{"Type": "Choice", "Default": "A"}"#),
            at: "/States/A",
            "These fields are required: [Choices]"
        )
        .with("ERROR MISSING_END_STATE: Workflow has no terminal state"),
        .schema("empty Choices", Text.choices("[]"), at: "/States/A/Choices", "Value cannot be empty"),
        .schema("Choices type", Text.choices("{}"), at: "/States/A/Choices", "Expected value of type Array"),
        .schema("a rule's type", Text.choices("[1]"), at: "/States/A/Choices[0]", "Expected value of type Object"),
        .schema(
            "Next of the state",
            Text.choices(#"[{"Variable": "$.x", "IsNull": true, "Next": "B"}]"#, #", "Next": "B""#),
            at: "/States/A",
            "Field 'Next' is not supported"
        ),
        .schema(
            "End of the state",
            Text.choices(#"[{"Variable": "$.x", "IsNull": true, "Next": "B"}]"#, #", "End": true"#),
            at: "/States/A",
            "Field 'End' is not supported"
        ),
        rule("no Next", #""Variable": "$", "StringMatches": "Test""#, "These fields are required: [Next]"),
        rule("Next type", #""Variable": "$", "IsNull": true, "Next": 1"#, at: "/Next", "Expected value of type String"),
        rule("nothing that says what it is", #""Next": "B""#, selectors),
        rule(
            "a comparison and more",
            #""And": [{"Variable": "$.x", "IsNull": true}], "Variable": "$.x", "IsNull": true, "Next": "B""#,
            selectors
        ),
        rule("a misspelt Variable", #""Varible": "$.x", "Next": "B""#, selectors)
            .with("ERROR SCHEMA_VALIDATION_FAILED at /States/A/Choices[0]: Field 'Varible' is not supported"),
        rule("no Variable", #""IsNull": true, "Next": "B""#, selectors),
        rule(
            "no operator",
            #""Variable": "$.x", "Next": "B""#,
            "This object should have only one of the following fields: [\(names)]"
        ),
        rule(
            "two operators",
            #""Variable": "$.x", "IsNull": true, "NumericEquals": 1, "Next": "B""#,
            "There should only be one of the following fields: [IsNull, NumericEquals]"
        ),
        rule(
            "Variable without $",
            #""Variable": "Test", "IsNull": true, "Next": "B""#,
            at: "/Variable",
            "Value is not a Reference Path: Reference path didn't start with '$'"
        ),
        rule(
            "Variable that names several nodes",
            #""Variable": "$.a[*]", "IsNull": true, "Next": "B""#,
            at: "/Variable",
            "Value is not a Reference Path"
        ),
        rule(
            "Variable that is no path",
            #""Variable": "$.a[", "IsNull": true, "Next": "B""#,
            at: "/Variable",
            "Value is not a Reference Path"
        ),
        rule(
            "operand that is no timestamp",
            #""Variable": "$.a", "TimestampEquals": "2024-02-30T00:00:00Z", "Next": "B""#,
            at: "/TimestampEquals",
            "String does not match RFC3339 timestamp"
        ),
        rule(
            "operand that is no path",
            #""Variable": "$.a", "StringEqualsPath": "b", "Next": "B""#,
            at: "/StringEqualsPath",
            "Value is not a Reference Path: Reference path didn't start with '$'"
        ),
        rule(
            "unknown field",
            #""Variable": "$.a", "IsNull": true, "Foo": 1, "Next": "B""#,
            "Field 'Foo' is not supported"
        ),
        rule(
            "Condition",
            #""Condition": true, "Next": "B""#,
            "The QueryLanguage is set to 'JSONPath', but field 'Condition' is only supported for the 'JSONata' "
                + "QueryLanguage"
        ),
        rule(
            "a comparison with And",
            #""And": [{"Variable": "$.a", "IsNull": true}], "Variable": "$.a", "Next": "B""#,
            selectors
        ),
        rule(
            "And with Or",
            #""And": [{"Variable": "$.a", "IsNull": true}], "Or": [], "Next": "B""#,
            selectors
        ),
        rule("empty And", #""And": [], "Next": "B""#, at: "/And", "Value cannot be empty"),
        rule("Or type", #""Or": {}, "Next": "B""#, at: "/Or", "Expected value of type Array"),
        rule("Not type", #""Not": [], "Next": "B""#, at: "/Not", "Expected value of type Object"),
        rule(
            "nested Next",
            #""And": [{"Variable": "$.a", "IsNull": true, "Next": "B"}], "Next": "B""#,
            at: "/And[0]",
            "Field 'Next' is not supported"
        ),
        rule(
            "nested operand",
            #""Not": {"Or": [{"Variable": "$.a", "IsNull": "x"}]}, "Next": "B""#,
            at: "/Not/Or[0]/IsNull",
            "Expected value of type Boolean"
        ),
        Rule(
            "operand that looks like a path",
            Text.choice(#""Variable": "$.a", "StringEquals": "$.b", "Next": "B""#),
            "WARNING NO_PATH at /States/A/Choices[0]/StringEquals: "
                + "The value of field 'StringEquals' looks like a path, but the field's name does not end with 'Path'"
        ),
        Rule("no Default", Text.choice(#""Variable": "$", "IsNull": true, "Next": "B""#)),
    ]
}
