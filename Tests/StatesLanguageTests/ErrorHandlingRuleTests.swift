import Expressions
import JSON
import StatesLanguage
import Testing

@Suite("Rules for Retry and Catch")
struct ErrorHandlingRuleTests {
    @Test("Every rule has its diagnostic", arguments: retryRules + catchRules)
    func rule(_ rule: Rule) {
        #expect(Definition(parsing: rule.definition).lines == rule.lines)
    }

    @Test("A retrier has the language's defaults and what is written")
    func retriers() throws {
        let text = Text.task(
            #"""
            "Retry": [
              {"ErrorEquals": ["States.Timeout", "Mine"]},
              {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 3, "MaxAttempts": 0, "BackoffRate": 1.5,
               "MaxDelaySeconds": 60, "JitterStrategy": "FULL", "Comment": "c"}
            ]
            """#
        )
        let state = try #require(Definition(parsing: text).machine?.states["A"])
        #expect(
            state.retriers == [
                Retrier(errorEquals: ["States.Timeout", "Mine"]),
                Retrier(
                    errorEquals: ["States.ALL"],
                    intervalSeconds: 3,
                    maxAttempts: 0,
                    backoffRate: 1.5,
                    maxDelaySeconds: 60,
                    hasFullJitter: true
                ),
            ]
        )
    }

    @Test("A catcher says where to go and what to keep")
    func catchers() throws {
        let text = Text.catching(
            #"[{"ErrorEquals": ["E"], "Next": "B", "ResultPath": null, "Assign": {"e.$": "$.Error"}}]"#
        )
        let catcher = try #require(Definition(parsing: text).machine?.states["A"]?.catchers.first)
        #expect(catcher.errorEquals == ["E"])
        #expect(catcher.next == "B")
        #expect(catcher.resultPath == .discard)
        #expect(catcher.assign?.source == ["e.$": "$.Error"])
    }

    private static func retry(_ fields: String) -> String {
        Text.task(#""Retry": [{"ErrorEquals": ["E"], \#(fields)}]"#)
    }

    static let retryRules: [Rule] = [
        .schema("Retry type", Text.task(#""Retry": {}"#), at: "/States/A/Retry", "Expected value of type Array"),
        .schema(
            "a retrier's type",
            Text.task(#""Retry": ["x"]"#),
            at: "/States/A/Retry[0]",
            "Expected value of type Object"
        ),
        .schema(
            "no ErrorEquals",
            Text.task(#""Retry": [{}]"#),
            at: "/States/A/Retry[0]",
            "These fields are required: [ErrorEquals]"
        ),
        .schema(
            "empty ErrorEquals",
            Text.task(#""Retry": [{"ErrorEquals": []}]"#),
            at: "/States/A/Retry[0]/ErrorEquals",
            "Value cannot be empty"
        ),
        .schema(
            "ErrorEquals type",
            Text.task(#""Retry": [{"ErrorEquals": "E"}]"#),
            at: "/States/A/Retry[0]/ErrorEquals",
            "Expected value of type Array"
        ),
        .schema(
            "an error's type",
            Text.task(#""Retry": [{"ErrorEquals": ["E", 1]}]"#),
            at: "/States/A/Retry[0]/ErrorEquals[1]",
            "Expected value of type String"
        ),
        .schema(
            "States.ALL among others",
            Text.task(#""Retry": [{"ErrorEquals": ["E", "States.ALL"]}]"#),
            at: "/States/A/Retry[0]/ErrorEquals[1]",
            "States.ALL must appear alone and at end of list"
        ),
        .schema(
            "States.ALL not last",
            Text.task(#""Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}]"#),
            at: "/States/A/Retry[0]/ErrorEquals[0]",
            "States.ALL must appear alone and at end of list"
        ),
        .schema(
            "an unknown field",
            retry(#""MaxAttempt": 1"#),
            at: "/States/A/Retry[0]",
            "Field 'MaxAttempt' is not supported"
        ),
        .schema(
            "IntervalSeconds",
            retry(#""IntervalSeconds": -1"#),
            at: "/States/A/Retry[0]/IntervalSeconds",
            "Minimum value is 0"
        ),
        .schema(
            "MaxAttempts",
            retry(#""MaxAttempts": -1"#),
            at: "/States/A/Retry[0]/MaxAttempts",
            "Minimum value is 0"
        ),
        .schema(
            "BackoffRate",
            retry(#""BackoffRate": 0.99"#),
            at: "/States/A/Retry[0]/BackoffRate",
            "Minimum value is 1.0"
        ),
        .schema(
            "MaxDelaySeconds",
            retry(#""MaxDelaySeconds": 31622401"#),
            at: "/States/A/Retry[0]/MaxDelaySeconds",
            "Maximum value is 31622400"
        ),
        .schema(
            "JitterStrategy",
            retry(#""JitterStrategy": "SOME""#),
            at: "/States/A/Retry[0]/JitterStrategy",
            "Value should be one of the following: [NONE, FULL]"
        ),
        .schema(
            "Comment",
            retry(#""Comment": 1"#),
            at: "/States/A/Retry[0]/Comment",
            "Expected value of type String"
        ),
    ]

    static let catchRules: [Rule] = [
        .schema("Catch type", Text.catching("{}"), at: "/States/A/Catch", "Expected value of type Array"),
        .schema(
            "required fields",
            Text.catching("[{}]"),
            at: "/States/A/Catch[0]",
            "These fields are required: [ErrorEquals, Next]"
        ),
        .schema(
            "States.ALL not last",
            Text.catching(#"[{"ErrorEquals": ["States.ALL"], "Next": "B"}, {"ErrorEquals": ["E"], "Next": "B"}]"#),
            at: "/States/A/Catch[0]/ErrorEquals[0]",
            "States.ALL must appear alone and at end of list"
        ),
        .schema(
            "Next type",
            Text.catching(#"[{"ErrorEquals": ["E"], "Next": true}]"#),
            at: "/States/A/Catch[0]/Next",
            "Expected value of type String"
        ),
        .schema(
            "ResultPath",
            Text.catching(#"[{"ErrorEquals": ["E"], "Next": "B", "ResultPath": "error"}]"#),
            at: "/States/A/Catch[0]/ResultPath",
            "Value is not a Reference Path: Reference path didn't start with '$'"
        ),
        Rule(
            "Assign",
            Text.catching(#"[{"ErrorEquals": ["E"], "Next": "B", "Assign": {"1st": 1}}]"#),
            "ERROR INVALID_VARIABLE_NAME at /States/A/Catch[0]/Assign/1st: "
                + "Invalid variable name '1st': the variable name contains invalid characters."
        ),
        .schema(
            "an unknown field",
            Text.catching(#"[{"ErrorEquals": ["E"], "Next": "B", "End": true}]"#),
            at: "/States/A/Catch[0]",
            "Field 'End' is not supported"
        ),
        .schema(
            "a field of JSONata",
            Text.catching(#"[{"ErrorEquals": ["E"], "Next": "B", "Output": 1}]"#),
            at: "/States/A/Catch[0]",
            "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' "
                + "QueryLanguage"
        ),
    ]
}
