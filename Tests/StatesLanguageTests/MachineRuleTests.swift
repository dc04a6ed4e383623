import StatesLanguage
import Testing

@Suite("Rules for the machine as a whole")
struct MachineRuleTests {
    @Test("Every rule has its diagnostic", arguments: rules)
    func rule(_ rule: Rule) {
        let definition = Definition(parsing: rule.definition)
        #expect(definition.lines == rule.lines)
        #expect((definition.machine == nil) == definition.hasErrors)
    }

    @Test("A definition is at most 1,048,576 bytes long")
    func size() {
        let text = Text.pass("")
        let padding = String(repeating: " ", count: Definition.maximumByteCount - text.utf8.count)
        #expect(Definition(parsing: text + padding).lines == [])
        #expect(
            Definition(parsing: text + padding + " ").lines
                == ["ERROR SCHEMA_VALIDATION_FAILED at /: Definition is longer than 1048576 bytes"]
        )
    }

    @Test("Text that is not JSON is one diagnostic with its place")
    func syntax() throws {
        let definition = Definition(parsing: "{\n  \"StartAt\": \"é\" oops\n}")
        let diagnostic = try #require(definition.diagnostics.first)
        #expect(definition.diagnostics.count == 1)
        #expect(diagnostic.code == .invalidJSONDescription)
        #expect(diagnostic.position == SourcePosition(offset: 20, line: 2, column: 18))
        #expect(diagnostic.message.contains("line 2, column 18"))
    }

    @Test("All problems are reported at once, in the order of the text")
    func everything() {
        let text = #"""
            {"Version": "2.0", "StartAt": "A", "Stats": {}, "States": {
              "A": {"Type": "Wait", "Seconds": -1, "Next": "Nowhere"},
              "B": {"Type": "Task", "Resource": "x", "Retry": {}, "End": 1}
            }}
            """#
        #expect(
            Definition(parsing: text).diagnostics.map { "\($0.location): \($0.message)" } == [
                "/Version: Value should be one of the following: [1.0]",
                "/: Field 'Stats' is not supported",
                "/States/A/Seconds: Minimum value is 0",
                "/States/A/Next: Missing 'Next' target: Nowhere",
                "/States/B/Resource: Value is not a valid resource ARN",
                "/States/B/Retry: Expected value of type Array",
                "/States/B/End: Expected value of type Boolean",
                ": Workflow has no terminal state",
            ]
        )
    }

    @Test("No more than 1,000 diagnostics are kept, errors before warnings")
    func limit() {
        let states = (0..<1_500).map { #""S\#($0)": {"Type": "Pass", "Parameters": {"a": "$.b"}, "Oops": 1}"# }
        let definition = Definition(
            parsing: #"{"StartAt": "S0", "States": {\#(states.joined(separator: ", "))}}"#
        )
        #expect(definition.diagnostics.count == 1_000)
        #expect(definition.diagnostics.allSatisfy { $0.severity == .error })
        #expect(definition.machine == nil)
    }

    @Test("An error after a thousand warnings still refuses the machine")
    func errorAfterWarnings() {
        let values = (0..<2_000).map { #""k\#($0)": "$.x""# }.joined(separator: ", ")
        let definition = Definition(parsing: Text.pass(#""Parameters": {\#(values)}, "Oops": 1"#))
        #expect(definition.diagnostics.count == 1_000)
        #expect(definition.lines.contains("ERROR SCHEMA_VALIDATION_FAILED at /States/A: Field 'Oops' is not supported"))
        #expect(definition.machine == nil)
    }

    static let rules: [Rule] = [
        Rule("empty text", "", "ERROR MISSING_DESCRIPTION at /: Definition must be a valid JSON object"),
        Rule("only space", " \n", "ERROR MISSING_DESCRIPTION at /: Definition must be a valid JSON object"),
        Rule(
            "not an object",
            "[]",
            "ERROR INVALID_JSON_DESCRIPTION at /: Definition must be a valid JSON object"
        ),
        .schema("required fields", "{}", at: "/", "These fields are required: [States, StartAt]"),
        .schema(
            "no StartAt",
            #"{"States": {"A": {"Type": "Succeed"}}}"#,
            at: "/",
            "These fields are required: [StartAt]"
        ),
        .schema("no States", #"{"StartAt": "A"}"#, at: "/", "These fields are required: [States]"),
        .schema("empty States", #"{"StartAt": "A", "States": {}}"#, at: "/States", "Value cannot be empty"),
        .schema(
            "States that is no object",
            #"{"StartAt": "A", "States": []}"#,
            at: "/States",
            "Expected value of type Object"
        ),
        .schema(
            "StartAt that is no string",
            #"{"StartAt": 1, "States": {"A": {"Type": "Succeed"}}}"#,
            at: "/StartAt",
            "Expected value of type String"
        ),
        .schema("unknown field", top(#""Foo": 1"#), at: "/", "Field 'Foo' is not supported"),
        .schema("Comment", top(#""Comment": 1"#), at: "/Comment", "Expected value of type String"),
        .schema(
            "Version",
            top(#""Version": "1.1""#),
            at: "/Version",
            "Value should be one of the following: [1.0]"
        ),
        .schema("Version type", top(#""Version": 1.0"#), at: "/Version", "Expected value of type String"),
        .schema(
            "QueryLanguage",
            top(#""QueryLanguage": "JSONpath""#),
            at: "/QueryLanguage",
            "Value should be one of the following: [JSONPath, JSONata]"
        ),
        .schema(
            "TimeoutSeconds",
            top(#""TimeoutSeconds": -1"#),
            at: "/TimeoutSeconds",
            "Minimum value is 0"
        ),
        Rule(
            "repeated field",
            top(#""Comment": "a", "Comment": "b""#),
            "WARNING SCHEMA_VALIDATION_FAILED at /Comment: Field 'Comment' appears more than once: the last one counts"
        ),
        .schema(
            "state that is no object",
            #"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "B": 1}}"#,
            at: "/States/B",
            "Expected value of type Object"
        )
        .with("ERROR MISSING_TRANSITION_TARGET at /States/B: State \"B\" is not reachable."),
        .schema("no Type", Text.machine(#"{"End": true}"#), at: "/States/A", "These fields are required: [Type]"),
        .schema(
            "unknown Type",
            Text.machine(#"{"Type": "TypeThatDoesNotExist", "End": true}"#),
            at: "/States/A/Type",
            "The field 'Type' should have one of these values: "
                + "[Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]"
        ),
    ]

    private static func top(_ field: String) -> String {
        #"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}, \#(field)}"#
    }
}
