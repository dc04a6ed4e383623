import Interpreter
import JSON
import StatesLanguage
import Testing

@Suite struct ChoiceTests {
    private static let input: JSONValue = [
        "s": "b", "star": "a*c", "n": 10, "f": 10, "t": "2024-02-29T12:00:00Z", "t2": "2024-02-29T21:00:00+09:00",
        "yes": true, "no": false, "null": nil, "list": [], "object": [:], "é": "é",
    ]

    /// Whether the machine takes the rule.
    private func holds(_ rule: String) throws -> Bool {
        let machine = try machine(
            startAt: "C",
            #"""
            "C": {"Type": "Choice", "Choices": [{\#(rule), "Next": "Yes"}], "Default": "No"},
            "Yes": {"Type": "Pass", "Result": true, "End": true},
            "No": {"Type": "Pass", "Result": false, "End": true}
            """#
        )
        var session = Session(machine, input: Self.input)
        let next = session.on(.due)
        #expect(next == .succeeded(true) || next == .succeeded(false))
        return next == .succeeded(true)
    }

    private static func comparison(_ variable: String, _ operation: String, _ operand: String) -> String {
        #""Variable": "\#(variable)", "\#(operation)": \#(operand)"#
    }

    @Test(arguments: [
        ("Equals", [false, true, false]), ("LessThan", [false, false, true]), ("GreaterThan", [true, false, false]),
        ("LessThanEquals", [false, true, true]), ("GreaterThanEquals", [true, true, false]),
    ])
    func orders(name: String, expected: [Bool]) throws {
        for (operand, expected) in zip([#""a""#, #""b""#, #""c""#], expected) {
            #expect(try holds(Self.comparison("$.s", "String" + name, operand)) == expected)
        }
        for (operand, expected) in zip(["9.5", "10.0", "1e2"], expected) {
            #expect(try holds(Self.comparison("$.n", "Numeric" + name, operand)) == expected)
        }
        let times = [#""2024-02-29T11:59:59.999Z""#, #""2024-02-29T13:00:00+01:00""#, #""2024-03-01T00:00:00Z""#]
        for (operand, expected) in zip(times, expected) {
            #expect(try holds(Self.comparison("$.t", "Timestamp" + name, operand)) == expected)
        }
        let isSame = expected[1]
        #expect(try holds(Self.comparison("$.s", "String\(name)Path", #""$.s""#)) == isSame)
        #expect(try holds(Self.comparison("$.n", "Numeric\(name)Path", #""$.f""#)) == isSame)
        #expect(try holds(Self.comparison("$.t", "Timestamp\(name)Path", #""$.t2""#)) == isSame)
    }

    @Test(arguments: [
        ("$.s", "StringEquals", #""b""#, true), ("$.n", "StringEquals", #""10""#, false),
        ("$.s", "NumericEquals", "1", false), ("$.s", "StringEqualsPath", #""$.n""#, false),
        ("$.s", "TimestampEquals", #""2024-02-29T12:00:00Z""#, false),
        ("$.yes", "BooleanEquals", "true", true), ("$.no", "BooleanEquals", "true", false),
        ("$.s", "BooleanEquals", "false", false), ("$.yes", "BooleanEqualsPath", #""$.yes""#, true),
        ("$.yes", "BooleanEqualsPath", #""$.s""#, false),
        ("$.star", "StringMatches", #""a*""#, true), ("$.star", "StringMatches", #""*c""#, true),
        ("$.star", "StringMatches", #""a\\*c""#, true), ("$.s", "StringMatches", #""a*""#, false),
        ("$.s", "StringMatches", #""*b*""#, true), ("$.n", "StringMatches", #""*""#, false),
        ("$.null", "IsNull", "true", true), ("$.s", "IsNull", "true", false), ("$.s", "IsNull", "false", true),
        ("$.s", "IsPresent", "true", true), ("$.nowhere", "IsPresent", "true", false),
        ("$.nowhere", "IsPresent", "false", true), ("$.null", "IsPresent", "true", true),
        ("$.n", "IsNumeric", "true", true), ("$.s", "IsNumeric", "false", true),
        ("$.s", "IsString", "true", true), ("$.list", "IsString", "false", true),
        ("$.no", "IsBoolean", "true", true), ("$.null", "IsBoolean", "false", true),
        ("$.t", "IsTimestamp", "true", true), ("$.s", "IsTimestamp", "true", false),
        ("$.n", "IsTimestamp", "false", true),
        ("$$.State.Name", "StringEquals", #""C""#, true), ("$.s", "StringEqualsPath", #""$$.State.Name""#, false),
        // Two spellings of one character are two strings.
        ("$['é']", "StringEquals", #""e\u0301""#, false),
    ])
    func comparisons(variable: String, operation: String, operand: String, expected: Bool) throws {
        #expect(try holds(Self.comparison(variable, operation, operand)) == expected)
    }

    @Test(arguments: [
        (#""And": [{"Variable": "$.yes", "IsBoolean": true}, {"Variable": "$.n", "NumericLessThan": 11}]"#, true),
        (#""And": [{"Variable": "$.yes", "IsBoolean": true}, {"Variable": "$.n", "NumericLessThan": 1}]"#, false),
        (#""Or": [{"Variable": "$.n", "NumericLessThan": 1}, {"Variable": "$.yes", "IsBoolean": true}]"#, true),
        (#""Or": [{"Variable": "$.n", "NumericLessThan": 1}, {"Variable": "$.yes", "IsNull": true}]"#, false),
        (#""Not": {"Variable": "$.n", "NumericLessThan": 1}"#, true),
        (#""Not": {"Not": {"Variable": "$.n", "NumericLessThan": 1}}"#, false),
        // What is decided already is not looked at.
        (#""And": [{"Variable": "$.no.where", "IsPresent": true}, {"Variable": "$.no.where", "IsNull": true}]"#, false),
    ])
    func combinations(rule: String, expected: Bool) throws { #expect(try holds(rule) == expected) }

    @Test(arguments: [
        ("$.nowhere", #""StringEquals": "a""#, "$.nowhere"), ("$.s", #""StringEqualsPath": "$.nowhere""#, "$.nowhere"),
    ])
    func aMissingValueFails(variable: String, comparison: String, missing: String) throws {
        let machine = try machine(
            startAt: "C",
            #"""
            "C": {"Type": "Choice", "Choices": [{"Variable": "\#(variable)", \#(comparison), "Next": "P"}], "Default": "P"},
            "P": {"Type": "Pass", "End": true}
            """#
        )
        var session = Session(machine, input: Self.input)
        #expect(session.on(.due) == .proceed(function: nil))
        let sentence = "Invalid path '\(missing)': The choice state's condition path references an invalid value."
        #expect(session.on(.due) == .runtimeError(in: "C", entered: 2, sentence))
    }

    @Test func noRuleAndNoDefaultFails() throws {
        let machine = try machine(
            startAt: "C",
            #"""
            "C": {"Type": "Choice", "Choices": [{"Variable": "$.s", "StringEquals": "a", "Next": "P"}]},
            "P": {"Type": "Pass", "End": true}
            """#
        )
        var session = Session(machine, input: Self.input)
        #expect(session.on(.due) == .proceed(function: nil))
        let sentence = "Failed to transition out of the state. The state does not point to a next state."
        #expect(session.on(.due) == .runtimeError(in: "C", entered: 2, sentence))
        #expect(session.types == [.choiceStateEntered, .executionFailed])
    }
}
