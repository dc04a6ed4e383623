import JSON
import StatesLanguage
import Testing

@Suite("Definitions in JSONata")
struct JSONataRuleTests {
    @Test("Every rule has its diagnostic", arguments: rules)
    func rule(_ rule: Rule) {
        #expect(Definition(parsing: rule.definition).lines == rule.lines)
    }

    @Test("A machine in JSONata is read with its graph, and refused at deployment for one reason")
    func machine() throws {
        let text = #"""
            {"QueryLanguage": "JSONata", "StartAt": "A", "States": {
              "A": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:f", "Arguments": "{% $states.input %}",
                    "TimeoutSeconds": "{% 5 %}", "Assign": {"x": "{% $states.result %}"}, "Next": "B",
                    "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 5}],
                    "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput %}", "Next": "D"}]},
              "B": {"Type": "Choice", "Choices": [{"Condition": "{% $x %}", "Output": 1, "Next": "C"}], "Default": "D"},
              "C": {"Type": "Map", "Items": "{% [1..3] %}", "MaxConcurrency": "{% 2 %}", "End": true,
                    "ItemProcessor": {"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}}},
              "D": {"Type": "Wait", "Timestamp": "{% $now() %}", "End": true}
            }}
            """#
        let definition = Definition(parsing: text)
        #expect(definition.lines == [])
        #expect(definition.obstacles.map(\.location) == ["/QueryLanguage"])
        let machine = try #require(definition.machine)
        #expect(machine.queryLanguage == .jsonata)
        #expect(Set(machine.states.keys) == ["A", "B", "C", "D", "X"])
        #expect(machine.states.values.allSatisfy { $0.queryLanguage == .jsonata })
        #expect(machine.readsExecutionInput)
        let task = try #require(machine.states["A"])
        #expect(task.transition == .next("B"))
        #expect(task.retriers == [Retrier(errorEquals: ["E"], maxAttempts: 5)])
        #expect(task.catchers.map(\.next) == ["D"])
        guard case .jsonata(let jsonata) = task.kind else {
            Issue.record("not JSONata")
            return
        }
        #expect(jsonata.type == "Task")
        #expect(jsonata.source["Arguments"] == "{% $states.input %}")
    }

    @Test("A JSONPath machine may have JSONata states, whose inner states are JSONPath again")
    func mixed() throws {
        let text = #"""
            {"StartAt": "A", "QueryLanguage": "JSONPath", "States": {"A": {
              "Type": "Map", "QueryLanguage": "JSONata", "End": true,
              "ItemProcessor": {"StartAt": "X", "States": {"X": {"Type": "Pass", "InputPath": "$.a", "End": true}}}
            }}}
            """#
        let definition = Definition(parsing: text)
        #expect(definition.lines == [])
        #expect(definition.obstacles.map(\.location) == ["/States/A/QueryLanguage"])
        #expect(definition.machine?.states["X"]?.queryLanguage == .jsonPath)
    }

    private static func state(_ fields: String) -> String {
        Text.machine(#"{"QueryLanguage": "JSONata", \#(fields)}"#)
    }

    private static func choice(_ rule: String) -> String {
        #"{"StartAt": "A", "States": {"A": {"Type": "Choice", "QueryLanguage": "JSONata", "Choices": [{\#(rule)}], "#
            + #""Default": "B"}, "B": {"Type": "Succeed"}}}"#
    }

    static let rules: [Rule] = [
        .schema(
            "no way back to JSONPath",
            #"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true, "QueryLanguage": "JSONPath"}}, "#
                + #""QueryLanguage": "JSONata"}"#,
            at: "/States/A",
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
        ),
        .schema(
            "an unknown language",
            Text.pass(#""QueryLanguage": "SQL", "Output": 1"#),
            at: "/States/A/QueryLanguage",
            "The field 'QueryLanguage' should have one of these values: [JSONPath, JSONata]"
        ),
        .schema(
            "a field of JSONPath",
            state(#""Type": "Pass", "InputPath": "$", "End": true"#),
            at: "/States/A",
            "The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' "
                + "QueryLanguage"
        ),
        .schema(
            "a catcher's field of JSONPath",
            state(
                #""Type": "Task", "Resource": "\#(Text.function)", "End": true, "#
                    + #""Catch": [{"ErrorEquals": ["E"], "Next": "A", "ResultPath": "$"}]"#
            ),
            at: "/States/A/Catch[0]",
            "The QueryLanguage is set to 'JSONata', but field 'ResultPath' is only supported for the 'JSONPath' "
                + "QueryLanguage"
        ),
        .schema(
            "no Resource",
            state(#""Type": "Task", "End": true"#),
            at: "/States/A",
            "These fields are required: [Resource]"
        ),
        .schema(
            "Credentials without a role",
            state(
                #""Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": "{% $state.input %}", "#
                    + #""Credentials": {"InvalidField": "invalid"}, "End": true"#
            ),
            at: "/States/A/Credentials",
            "The field 'RoleArn' is required but was missing"
        ),
        .schema(
            "a timeout that is neither number nor expression",
            state(#""Type": "Task", "Resource": "\#(Text.function)", "TimeoutSeconds": "5", "End": true"#),
            at: "/States/A/TimeoutSeconds",
            "Expected value of type Integer"
        ),
        .schema(
            "startExecution without a machine",
            state(
                #""Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "Arguments": {}, "End": true"#
            ),
            at: "/States/A/Arguments",
            "The field 'StateMachineArn' is required but was missing"
        ),
        Rule(
            "startExecution with computed arguments",
            state(
                #""Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "Arguments": "{% $a %}", "#
                    + #""End": true"#
            )
        ),
        .schema(
            "a rule without anything",
            choice(""),
            at: "/States/A/Choices[0]",
            "These fields are required: [Condition, Next]"
        ),
        .schema(
            "a rule in JSONPath",
            choice(#""Variable": "$.a", "Condition": true, "Next": "B""#),
            at: "/States/A/Choices[0]",
            "The QueryLanguage is set to 'JSONata', but field 'Variable' is only supported for the 'JSONPath' "
                + "QueryLanguage"
        ),
        .schema(
            "a condition that is neither Boolean nor expression",
            choice(#""Condition": "true", "Next": "B""#),
            at: "/States/A/Choices[0]/Condition",
            "Expected value of type Boolean"
        ),
        .schema(
            "no form of Wait",
            state(#""Type": "Wait", "End": true"#),
            at: "/States/A",
            "Exactly one of these fields is required: [Seconds, Timestamp]"
        ),
        .schema(
            "a timestamp that is none",
            state(#""Type": "Wait", "Timestamp": "now", "End": true"#),
            at: "/States/A/Timestamp",
            "String does not match RFC3339 timestamp"
        ),
        .schema(
            "a variable's part",
            state(#""Type": "Pass", "Assign": {"x[0]": 1}, "End": true"#),
            at: "/States/A/Assign",
            "Invalid variable name 'x[0]'"
        ),
        .schema(
            "Error type",
            state(#""Type": "Fail", "Error": 1"#),
            at: "/States/A/Error",
            "Expected value of type String"
        ),
        .schema(
            "Items type",
            state(#""Type": "Map", "Items": "$.a", "ItemProcessor": \#(Text.branch), "End": true"#),
            at: "/States/A/Items",
            "Expected value of type Array"
        ),
        .schema(
            "tolerated failures",
            state(
                #""Type": "Map", "Items": [1], "ItemProcessor": \#(Text.branch), "End": true, "#
                    + #""ToleratedFailureCount": "{% 1 %}", "ToleratedFailurePercentage": 101"#
            ),
            at: "/States/A/ToleratedFailurePercentage",
            "Maximum value is 100.0"
        ),
        Rule(
            "computed credentials and failures",
            state(
                #""Type": "Task", "Resource": "\#(Text.function)", "Credentials": "{% $role %}", "Next": "B"}, "#
                    + #""B": {"Type": "Map", "QueryLanguage": "JSONata", "ItemProcessor": \#(Text.branch), "#
                    + #""ToleratedFailurePercentage": "{% 1 %}", "End": true"#
            )
        ),
        Rule(
            "a target that is not there",
            state(#""Type": "Parallel", "Branches": [\#(Text.branch)], "Next": "Z""#),
            "ERROR MISSING_TRANSITION_TARGET at /States/A/Next: Missing 'Next' target: Z",
            "ERROR MISSING_END_STATE: Workflow has no terminal state"
        ),
    ]
}
