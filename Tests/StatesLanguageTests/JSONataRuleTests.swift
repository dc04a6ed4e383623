import Expressions
import JSON
import StatesLanguage
import Testing

@Suite("Definitions in JSONata")
struct JSONataRuleTests {
    @Test("Every rule has its diagnostic", arguments: rules)
    func rule(_ rule: Rule) {
        #expect(Definition(parsing: rule.definition).lines == rule.lines)
    }

    @Test("A machine in JSONata is read with all of its expressions")
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
        #expect(definition.obstacles.isEmpty)
        let machine = try #require(definition.machine)
        #expect(machine.queryLanguage == .jsonata)
        #expect(Set(machine.states.keys) == ["A", "B", "C", "D", "X"])
        #expect(machine.states.values.allSatisfy { $0.queryLanguage == .jsonata })
        #expect(!machine.readsExecutionInput)
        let task = try #require(machine.states["A"])
        #expect(task.transition == .next("B"))
        #expect(task.retriers == [Retrier(errorEquals: ["E"], maxAttempts: 5)])
        #expect(task.catchers.map(\.next) == ["D"])
        #expect(task.data.parameters?.source == "{% $states.input %}")
        #expect(task.data.assign?.variableNames == [])
        #expect(task.catchers[0].output?.expression?.field == "Catch[0]/Output")
        guard case .task(let kind) = task.kind, case .choice(let choice)? = machine.states["B"]?.kind,
            case .map(let map)? = machine.states["C"]?.kind, case .wait(let wait)? = machine.states["D"]?.kind
        else {
            Issue.record("other kinds")
            return
        }
        #expect(kind.timeout == .jsonata(try JSONataField("{% 5 %}", field: "TimeoutSeconds")))
        #expect(choice.rules[0].output?.source == 1)
        guard case .jsonata(let condition) = choice.rules[0].condition, case .timestampExpression(let time) = wait
        else {
            Issue.record("other fields")
            return
        }
        #expect(condition.field == "Choices[0]/Condition")
        #expect(condition.variableNames == ["x"])
        #expect(map.items?.expression?.text == "[1..3]")
        #expect(map.maxConcurrency == .jsonata(try JSONataField("{% 2 %}", field: "MaxConcurrency")))
        #expect(time.text == "$now()")
    }

    @Test(
        "Only what may look at the context asks for the execution's input",
        arguments: [
            ("$states.input.a & $states . result", false), ("$x", false), ("$states.context.Execution.Input", true),
            ("$states", true), ("$lookup($states, 'context')", true), ("$states.*", true), ("$states.inputs", true),
        ]
    )
    func context(expression: String, readsContext: Bool) throws {
        let task = #""Type": "Task", "Resource": "\#(Text.function)""#
        let text = Self.state(#"\#(task), "Output": "{% \#(expression) %}", "End": true"#)
        let machine = try #require(Definition(parsing: text).machine)
        #expect(machine.readsExecutionInput == readsContext)
    }

    @Test(
        "Expressions that fail in Step Functions are warned of",
        arguments: [
            ("Output", "{'x': *}", "reads '*'"), ("Output", "$eval('1')", "calls $eval"),
            ("Output", "1 ?? 2", "uses '??'"), ("Output", "$states.input.a ?: 2", "uses '?:'"),
            ("Output", "$states.output", "reads $states.output, which doesn't exist"),
        ]
    )
    func suspicious(field: String, expression: String, message: String) throws {
        let task = #""Type": "Task", "Resource": "\#(Text.function)", "End": true"#
        let definition = Definition(parsing: Self.state(#"\#(task), "\#(field)": {"a": "{% \#(expression) %}"}"#))
        #expect(definition.machine != nil)
        let warning = try #require(definition.diagnostics.first)
        #expect(definition.diagnostics.count == 1)
        #expect(warning.severity == .warning && warning.code == .suspiciousJSONata)
        #expect(warning.message.hasPrefix("The JSONata expression of field '\(field)/a' \(message)"), "\(warning)")
        #expect(warning.location == "/States/A/\(field)" && warning.position != nil)
    }

    @Test(
        "Expressions that AWS refuses have its code, message and place",
        arguments: [
            ("Output", "$", "Reference to '$' at the top level is not supported."),
            ("Output", "$$.a", "Reference to '$$' is not supported."),
            ("Output", "a.b", "Reference to 'a' at the top level is not supported."),
            ("Output", "$sum(items.price)", "Reference to 'items' at the top level is not supported."),
            ("Output", "{aaa: 1}", "Reference to 'aaa' at the top level is not supported."),
            ("Output", "function($x) { name }(1)", "Reference to 'name' at the top level is not supported."),
            ("Arguments", "$states.result.a", "Field '$states.result' does not exist."),
            ("Output", "$states.errorOutput", "Field '$states.errorOutput' does not exist."),
        ]
    )
    func unsupported(field: String, expression: String, message: String) {
        let task = #""Type": "Task", "Resource": "\#(Text.function)", "End": true"#
        let text = Self.state(#"\#(task), "\#(field)": {"a": [1, "{% \#(expression) %}"]}"#)
        #expect(
            Definition(parsing: text).lines
                == ["ERROR UNSUPPORTED_JSONATA_EXPRESSION at /States/A/\(field)/a[1]: \(message)"]
        )
    }

    @Test(
        "Text that is no JSONata is refused with the parser's own sentence",
        arguments: [
            ("a[1,2)", #"Expected "]", got ",""#),
            (#"\"open"#, "String literal must be terminated by a matching quote"),
            ("1 +", "Unexpected end of expression"),
            (#"{\"a\":}"#, #"The symbol "}" cannot be used as a unary operator"#),
            ("$x :=", "Unexpected end of expression"),
            (#"$match(\"a\", /abc"#, "No terminating / in regular expression"),
            ("", "Unexpected end of expression"),
        ]
    )
    func invalid(expression: String, message: String) {
        let text = Self.state(#""Type": "Pass", "End": true, "Output": "{% \#(expression) %}""#)
        #expect(
            Definition(parsing: text).lines
                == ["ERROR INVALID_JSONATA_EXPRESSION at /States/A/Output: \(message)"]
        )
    }

    @Test(
        "Expressions that have a context where they read it are not",
        arguments: [
            "$states.input.items[price > 1 and $.price < 9].{'p': price, 'all': $}", "$states.result.a.b",
            "$states.context.Execution.Id", "$map($states.input, function($v) { $v.a })", "$states.input^(price).name",
            "$states.input{kind: $sum(price)}", "$states.input ~> |items|{'p': price * 2}, 'old'|", "$x.y.*",
            "$states.input.items@$i.$i.name", "$states.input.items#$n[$n = 1]", "$states.input.(a + b)",
        ]
    )
    func unsuspicious(expression: String) {
        let task = #""Type": "Task", "Resource": "\#(Text.function)", "End": true"#
        #expect(Definition(parsing: Self.state(#"\#(task), "Output": "{% \#(expression) %}""#)).lines == [])
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
        #expect(definition.obstacles.isEmpty)
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
            "Value should be one of the following: [JSONPath, JSONata]"
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
        Rule(
            "a variable that would hide $states",
            state(#""Type": "Pass", "Assign": {"states": 1}, "End": true"#),
            "ERROR RESERVED_VARIABLE_NAME at /States/A/Assign/states: Cannot assign to reserved variable '$states'."
        ),
        .schema(
            "an expression that does not end",
            state(#""Type": "Pass", "Output": {"a": [1, "{% 1"]}, "End": true"#),
            at: "/States/A/Output/a[1]",
            "JSONata string must start with {% and end with %}"
        ),
        .schema(
            "an Error that does not end",
            state(#""Type": "Fail", "Error": "{% 'e' %} ""#),
            at: "/States/A/Error",
            "JSONata string must start with {% and end with %}"
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
            "startExecution without arguments",
            state(#""Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": true"#),
            at: "/States/A/Resource",
            "Arguments field is required for resource ARN: arn:aws:states:::states:startExecution"
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
            "These fields are required: [Next]"
        )
        .with(
            "ERROR SCHEMA_VALIDATION_FAILED at /States/A/Choices[0]: "
                + "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]"
        ),
        .schema(
            "a rule in JSONPath",
            choice(#""Variable": "$.a", "Next": "B""#),
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
            "This object should have only one of the following fields: [Seconds, Timestamp]"
        ),
        .schema(
            "a timestamp that is none",
            state(#""Type": "Wait", "Timestamp": "now", "End": true"#),
            at: "/States/A/Timestamp",
            "String does not match RFC3339 timestamp"
        ),
        Rule(
            "a variable's part",
            state(#""Type": "Pass", "Assign": {"x[0]": 1}, "End": true"#),
            "ERROR INVALID_VARIABLE_NAME at /States/A/Assign/x[0]: "
                + "Invalid variable name 'x[0]': the variable name contains invalid characters."
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
            "an expression that is none",
            state(#""Type": "Pass", "Output": {"a": [1, "{% 1 + %}"]}, "End": true"#),
            "ERROR INVALID_JSONATA_EXPRESSION at /States/A/Output/a[1]: Unexpected end of expression"
        ),
        Rule(
            "a condition that is none",
            choice(#""Condition": "{% ) %}", "Next": "B""#),
            "ERROR INVALID_JSONATA_EXPRESSION at /States/A/Choices[0]/Condition:"
                + " The symbol \")\" cannot be used as a unary operator"
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
