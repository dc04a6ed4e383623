import Expressions
import StatesLanguage
import Testing

@Suite("Fields of states")
struct StateFieldTests {
    private static let types = ["Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"]

    /// A value for each field that is valid wherever the field is, and the types that have the field.
    private static let jsonPathFields: [(name: String, value: String, types: Set<String>)] = [
        ("Comment", #""text""#, Set(types)),
        ("QueryLanguage", #""JSONPath""#, Set(types)),
        ("InputPath", #""$.a""#, Set(types).subtracting(["Fail"])),
        ("OutputPath", "null", Set(types).subtracting(["Fail"])),
        ("Parameters", #"{"a": 1}"#, ["Pass", "Task", "Parallel", "Map"]),
        ("ResultPath", "null", ["Pass", "Task", "Parallel", "Map"]),
        ("ResultSelector", #"{"a": 1}"#, ["Task", "Parallel", "Map"]),
        ("Result", "[1]", ["Pass"]),
        ("Assign", #"{"a": 1}"#, ["Pass", "Task", "Choice", "Wait", "Parallel", "Map"]),
        ("Retry", "[]", ["Task", "Parallel", "Map"]),
        ("Catch", "[]", ["Task", "Parallel", "Map"]),
        ("TimeoutSeconds", "5", ["Task"]),
        ("HeartbeatSeconds", "5", ["Task"]),
        ("TimeoutSecondsPath", #""$.a""#, ["Task"]),
        ("HeartbeatSecondsPath", #""$.a""#, ["Task"]),
        ("Credentials", #"{"RoleArn": "arn:aws:iam::1:role/r"}"#, ["Task"]),
        ("Default", #""A""#, ["Choice"]),
        ("Error", #""E""#, ["Fail"]),
        ("CausePath", #""$.a""#, ["Fail"]),
        ("ItemsPath", #""$.a""#, ["Map"]),
        ("ItemSelector", #"{"a": 1}"#, ["Map"]),
        ("MaxConcurrency", "2", ["Map"]),
        ("MaxConcurrencyPath", #""$.a""#, ["Map"]),
        ("Label", #""label""#, ["Map"]),
        ("Unheard", "1", []),
    ]

    private static let jsonataFields: [(name: String, types: Set<String>)] = [
        ("Output", ["Pass", "Task", "Choice", "Wait", "Succeed", "Parallel", "Map"]),
        ("Arguments", ["Task", "Parallel"]),
        ("Items", ["Map"]),
    ]

    @Test("Each type has the fields of the language's table and no others", arguments: types)
    func fields(type: String) {
        for field in Self.jsonPathFields where field.name != "Default" || type != "Choice" {
            let definition = Definition(parsing: Text.state(type, #""\#(field.name)": \#(field.value)"#))
            let refused = "ERROR SCHEMA_VALIDATION_FAILED at /States/A: Field '\(field.name)' is not supported"
            #expect(definition.lines.filter { $0 == refused }.count == (field.types.contains(type) ? 0 : 1))
            #expect(definition.lines.filter { $0.hasPrefix("ERROR") && $0 != refused } == Self.endless(type))
        }
    }

    @Test("Fields of JSONata are refused by name in JSONPath, and the other way round", arguments: types)
    func languages(type: String) {
        for field in Self.jsonataFields {
            let lines = Definition(parsing: Text.state(type, #""\#(field.name)": {}"#)).lines
            let message =
                field.types.contains(type)
                ? "The QueryLanguage is set to 'JSONPath', but field '\(field.name)' is only supported for the "
                    + "'JSONata' QueryLanguage"
                : "Field '\(field.name)' is not supported"
            #expect(lines == ["ERROR SCHEMA_VALIDATION_FAILED at /States/A: \(message)"] + Self.endless(type))
        }
        for field in Self.jsonPathFields where field.types.contains(type) {
            guard ["InputPath", "Parameters", "ResultPath", "ItemsPath", "CausePath"].contains(field.name) else {
                continue
            }
            let definition = Definition(
                parsing: Text.state(type, #""QueryLanguage": "JSONata", "\#(field.name)": \#(field.value)"#)
            )
            #expect(
                definition.lines.contains(
                    "ERROR SCHEMA_VALIDATION_FAILED at /States/A: The QueryLanguage is set to 'JSONata', but field "
                        + "'\(field.name)' is only supported for the 'JSONPath' QueryLanguage"
                )
            )
        }
    }

    @Test("A misspelt field comes with what was meant")
    func suggestion() {
        let definition = Definition(parsing: Text.pass(#""ResultPaht": "$""#))
        #expect(definition.diagnostics.map(\.hint) == ["did you mean 'ResultPath'?"])
    }

    /// The smallest Choice only leads to itself.
    private static func endless(_ type: String) -> [String] {
        type == "Choice" ? ["ERROR MISSING_END_STATE: Workflow has no terminal state"] : []
    }
}

@Suite("Rules for fields that several types have")
struct CommonFieldRuleTests {
    @Test("Every rule has its diagnostic", arguments: rules)
    func rule(_ rule: Rule) {
        #expect(Definition(parsing: rule.definition).lines == rule.lines)
    }

    private static let next = "This object should have only one of the following fields: [Next, End]"
    private static let template =
        "must be a valid JSONPath or a valid intrinsic function call"

    static let rules: [Rule] = [
        .schema("neither Next nor End", Text.machine(#"{"Type": "Pass"}"#), at: "/States/A", next)
            .with("ERROR MISSING_END_STATE: Workflow has no terminal state"),
        .schema("End false", Text.machine(#"{"Type": "Pass", "End": false}"#), at: "/States/A", next)
            .with("ERROR MISSING_END_STATE: Workflow has no terminal state"),
        .schema(
            "both Next and End",
            Text.machine(#"{"Type": "Pass", "Next": "A", "End": true}"#),
            at: "/States/A",
            "There should only be one of the following fields: [Next, End]"
        ),
        .schema(
            "End that is no Boolean",
            Text.machine(#"{"Type": "Pass", "End": "true"}"#),
            at: "/States/A/End",
            "Expected value of type Boolean"
        )
        .with("ERROR MISSING_END_STATE: Workflow has no terminal state"),
        .schema(
            "Next that is no string",
            Text.machine(#"{"Type": "Pass", "Next": 1}"#),
            at: "/States/A/Next",
            "Expected value of type String"
        )
        .with("ERROR MISSING_END_STATE: Workflow has no terminal state"),
        .schema("Comment", Text.pass(#""Comment": 1"#), at: "/States/A/Comment", "Expected value of type String"),
        .schema(
            "InputPath",
            Text.pass(#""InputPath": "a""#),
            at: "/States/A/InputPath",
            "Value must be a valid JSONPath."
        ),
        .schema(
            "OutputPath",
            Text.pass(#""OutputPath": "$[""#),
            at: "/States/A/OutputPath",
            "Value must be a valid JSONPath."
        ),
        .schema(
            "InputPath type",
            Text.pass(#""InputPath": {}"#),
            at: "/States/A/InputPath",
            "Expected value of type String"
        ),
        .schema(
            "ResultPath without $",
            Text.pass(#""ResultPath": "a.b""#),
            at: "/States/A/ResultPath",
            "Value is not a Reference Path: Reference path didn't start with '$'"
        ),
        .schema(
            "ResultPath that is no path",
            Text.pass(#""ResultPath": "$.a[""#),
            at: "/States/A/ResultPath",
            "Value is not a Reference Path"
        ),
        .schema(
            "ResultPath into the context",
            Text.pass(#""ResultPath": "$$.Execution""#),
            at: "/States/A/ResultPath",
            "Value is not a Reference Path"
        ),
        .schema(
            "ResultPath type",
            Text.pass(#""ResultPath": 1"#),
            at: "/States/A/ResultPath",
            "Expected value of type String"
        ),
        .schema(
            "a template's path",
            Text.pass(#""Parameters": {"a": [{"b.$": "foo"}]}"#),
            at: "/States/A/Parameters",
            "The value for the field 'b.$' \(template)"
        ),
        .schema(
            "a template's intrinsic",
            Text.task(#""ResultSelector": {"b.$": "States.Nothing($.a)"}"#),
            at: "/States/A/ResultSelector",
            "The value for the field 'b.$' \(template)"
        ),
        .schema(
            "a template's value",
            Text.pass(#""Parameters": {"b.$": 1}"#),
            at: "/States/A/Parameters",
            "The value for the field 'b.$' \(template)"
        ),
        .schema(
            "Assign that is no object",
            Text.pass(#""Assign": [1]"#),
            at: "/States/A/Assign",
            "Expected value of type Object"
        ),
        Rule(
            "Assign of a part",
            Text.pass(#""Assign": {"x.y": 1}"#),
            "ERROR INVALID_VARIABLE_NAME at /States/A/Assign/x.y: "
                + "Invalid variable name 'x.y': the variable name contains invalid characters."
        ),
        Rule(
            "Assign to a long name",
            Text.pass(#""Assign": {"\#(String(repeating: "v", count: 81)).$": "$"}"#),
            "ERROR INVALID_VARIABLE_NAME at /States/A/Assign/\(String(repeating: "v", count: 81)).$: "
                + "Invalid variable name '\(String(repeating: "v", count: 81))': "
                + "a name has at most 80 characters."
        ),
        Rule(
            "Assign to $states",
            Text.pass(#""Assign": {"states.$": "$"}"#),
            "ERROR RESERVED_VARIABLE_NAME at /States/A/Assign/states.$: "
                + "Cannot assign to reserved variable '$states'."
        ),
        Rule(
            "a path without .$",
            Text.pass(#""Parameters": {"a": "$.b", "c": ["States.UUID()"], "d": "$5", "e.$": "$.b"}"#),
            "WARNING NO_DOLLAR at /States/A/Parameters: "
                + "No '.$' on field 'a', whose value appears to be a JSONPath or an intrinsic function",
            "WARNING NO_DOLLAR at /States/A/Parameters: "
                + "No '.$' on field '[0]', whose value appears to be a JSONPath or an intrinsic function"
        ),
        Rule(
            "a path in a static result",
            Text.pass(#""Result": {"a.$": "$.b", "c": "cost: $5"}"#),
            "WARNING PASS_RESULT_IS_STATIC at /States/A/Result: "
                + "The Result of a Pass is static: the path in field 'a.$' is not evaluated"
        ),
        Rule(
            "a path in a constant",
            Text.fail(#""Error": "$.error", "Cause": "it cost $5""#),
            "WARNING NO_PATH at /States/A/Error: "
                + "The value of field 'Error' looks like a path, but the field's name does not end with 'Path'"
        ),
    ]
}
