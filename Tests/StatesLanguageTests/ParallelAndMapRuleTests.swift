import Expressions
import JSON
import StatesLanguage
import Testing

@Suite("Rules for Parallel and Map")
struct ParallelAndMapRuleTests {
    @Test("Every rule has its diagnostic", arguments: rules)
    func rule(_ rule: Rule) {
        #expect(Definition(parsing: rule.definition).lines == rule.lines)
    }

    @Test("Branches keep their order; every state knows the one around it")
    func branches() throws {
        let text = #"""
            {"StartAt": "A", "States": {"A": {"Type": "Parallel", "End": true, "Branches": [
              {"StartAt": "X", "States": {"X": {"Type": "Succeed"}}},
              {"StartAt": "Y", "Comment": "c", "States": {"Y": {"Type": "Map", "End": true,
                "Iterator": {"StartAt": "Z", "States": {"Z": {"Type": "Succeed"}}}}}}
            ]}}}
            """#
        let machine = try #require(Definition(parsing: text).machine)
        guard case .parallel(let parallel) = machine.states["A"]?.kind else {
            Issue.record("no Parallel")
            return
        }
        #expect(parallel.branches.map(\.startAt) == ["X", "Y"])
        #expect(Set(machine.states.keys) == ["A", "X", "Y", "Z"])
        #expect(machine.owners == ["X": "A", "Y": "A", "Z": "Y"])
    }

    @Test("The fields of an inline Map")
    func map() throws {
        let text = Text.map(
            #"""
            "ItemsPath": "$.items", "ItemSelector": {"v.$": "$$.Map.Item.Value"}, "MaxConcurrencyPath": "$.n",
            "ResultPath": "$.results", "ResultSelector": {"all.$": "$"}
            """#
        )
        let state = try #require(Definition(parsing: text).machine?.states["A"])
        guard case .map(let map) = state.kind, case .path(let concurrency) = map.maxConcurrency,
            case .put(let resultPath) = state.data.resultPath
        else {
            Issue.record("other fields: \(state)")
            return
        }
        #expect(map.itemsPath?.text == "$.items")
        #expect(map.itemSelector?.source == ["v.$": "$$.Map.Item.Value"])
        #expect(concurrency.text == "$.n")
        #expect(resultPath.text == "$.results")
        #expect(state.data.resultSelector?.source == ["all.$": "$"])
        #expect(map.distributed == nil)
    }

    @Test("A Map's Parameters are its item selector")
    func parameters() throws {
        let state = try #require(Definition(parsing: Text.map(#""Parameters": {"a": 1}"#)).machine?.states["A"])
        guard case .map(let map) = state.kind else {
            Issue.record("no Map")
            return
        }
        #expect(map.itemSelector?.source == ["a": 1])
        #expect(state.data.parameters == nil)
        #expect(map.maxConcurrency == .constant(0))
        #expect(map.itemsPath == nil)
    }

    @Test("Express machines have no Distributed Map")
    func express() {
        let text = Self.config(#"{"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}"#)
        #expect(Definition(parsing: text).lines == [])
        #expect(
            Definition(parsing: text, type: .express).lines == [
                "ERROR SCHEMA_VALIDATION_FAILED at /States/A/ItemProcessor/ProcessorConfig/Mode: "
                    + "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines"
            ]
        )
    }

    private static func processor(_ processor: String, _ fields: String = "") -> String {
        Text.machine(#"{"Type": "Map", "ItemProcessor": \#(processor), "End": true\#(fields)}"#)
    }

    private static func config(_ config: String) -> String {
        processor(#"{"ProcessorConfig": \#(config), "StartAt": "X", "States": {"X": {"Type": "Succeed"}}}"#)
    }

    private static let label =
        "A Label has 1 to 40 characters, without spaces, brackets, wildcards and special characters"

    private static let getObject = "arn:aws:states:::s3:getObject"
    private static let object = #""Parameters": {"Bucket": "b", "Key": "k"}"#

    static let rules: [Rule] = [
        .schema(
            "no Branches",
            Text.machine(#"{"Type": "Parallel", "End": true}"#),
            at: "/States/A",
            "These fields are required: [Branches]"
        ),
        .schema(
            "empty Branches",
            Text.machine(#"{"Type": "Parallel", "Branches": [], "End": true}"#),
            at: "/States/A/Branches",
            "Value cannot be empty"
        ),
        .schema(
            "a branch's type",
            Text.machine(#"{"Type": "Parallel", "Branches": [\#(Text.branch), 1], "End": true}"#),
            at: "/States/A/Branches[1]",
            "Expected value of type Object"
        ),
        .schema(
            "a branch without anything",
            Text.machine(#"{"Type": "Parallel", "Branches": [{}], "End": true}"#),
            at: "/States/A/Branches[0]",
            "These fields are required: [States, StartAt]"
        ),
        .schema(
            "a branch's language",
            Text.machine(
                #"{"Type": "Parallel", "End": true, "Branches": ["#
                    + #"{"QueryLanguage": "JSONata", "StartAt": "X", "States": {"X": {"Type": "Succeed"}}}]}"#
            ),
            at: "/States/A/Branches[0]",
            "Field 'QueryLanguage' is not supported"
        ),
        .schema(
            "no processor",
            Text.machine(#"{"Type": "Map", "End": true}"#),
            at: "/States/A",
            "This object should have only one of the following fields: [ItemProcessor, Iterator]"
        ),
        .schema(
            "two processors",
            processor(Text.branch, #", "Iterator": \#(Text.branch)"#),
            at: "/States/A",
            "There should only be one of the following fields: [ItemProcessor, Iterator]"
        ),
        .schema(
            "two selectors",
            Text.map(#""ItemSelector": {}, "Parameters": {}"#),
            at: "/States/A",
            "There should only be one of the following fields: [ItemSelector, Parameters]"
        ),
        .schema(
            "two concurrencies",
            Text.map(#""MaxConcurrency": 1, "MaxConcurrencyPath": "$.n""#),
            at: "/States/A",
            "There should only be one of the following fields: [MaxConcurrency, MaxConcurrencyPath]"
        ),
        .schema(
            "MaxConcurrency",
            Text.map(#""MaxConcurrency": -1"#),
            at: "/States/A/MaxConcurrency",
            "Minimum value is 0"
        ),
        .schema(
            "ItemsPath",
            Text.map(#""ItemsPath": "items""#),
            at: "/States/A/ItemsPath",
            "Value must be a valid JSONPath."
        ),
        .schema(
            "ItemsPath null",
            Text.map(#""ItemsPath": null"#),
            at: "/States/A/ItemsPath",
            "Expected value of type String"
        ),
        .schema(
            "ItemSelector",
            Text.map(#""ItemSelector": {"a.$": "b"}"#),
            at: "/States/A/ItemSelector",
            "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call"
        ),
        .schema(
            "the processor's type",
            processor("[]"),
            at: "/States/A/ItemProcessor",
            "Expected value of type Object"
        ),
        .schema(
            "the processor's language",
            processor(#"{"QueryLanguage": "JSONPath", "StartAt": "X", "States": {"X": {"Type": "Succeed"}}}"#),
            at: "/States/A/ItemProcessor",
            "Field 'QueryLanguage' is not supported"
        ),
        .schema(
            "a state of the processor",
            processor(#"{"StartAt": "X", "States": {"X": {"Type": "Succeed", "Output": 1}}}"#),
            at: "/States/A/ItemProcessor/States/X",
            "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' "
                + "QueryLanguage"
        ),
        .schema(
            "Mode",
            config(#"{"Mode": "OUTLINE"}"#),
            at: "/States/A/ItemProcessor/ProcessorConfig/Mode",
            "Value should be one of the following: [INLINE, DISTRIBUTED]"
        ),
        .schema(
            "ExecutionType inline",
            config(#"{"Mode": "INLINE", "ExecutionType": "STANDARD"}"#),
            at: "/States/A/ItemProcessor/ProcessorConfig",
            "Field 'ExecutionType' is not supported"
        ),
        .schema(
            "no ExecutionType",
            config(#"{"Mode": "DISTRIBUTED"}"#),
            at: "/States/A/ItemProcessor/ProcessorConfig",
            "These fields are required: [ExecutionType]"
        ),
        .schema(
            "ExecutionType",
            config(#"{"Mode": "DISTRIBUTED", "ExecutionType": "FAST"}"#),
            at: "/States/A/ItemProcessor/ProcessorConfig/ExecutionType",
            "Value should be one of the following: [STANDARD, EXPRESS]"
        ),
        .schema(
            "an unknown setting",
            config(#"{"Mood": "INLINE"}"#),
            at: "/States/A/ItemProcessor/ProcessorConfig",
            "Field 'Mood' is not supported"
        ),
        Rule(
            "a label with a space",
            Text.map(#""Label": "my label""#),
            "ERROR INVALID_LABEL_NAME at /States/A/Label: \(label)"
        ),
        Rule(
            "a long label",
            Text.map(#""Label": "\#(String(repeating: "l", count: 41))""#),
            "ERROR INVALID_LABEL_NAME at /States/A/Label: Invalid Label name: Label '"
                + String(repeating: "l", count: 41) + "' exceeds the 40-character limit allowed by the service"
        ),
        Rule(
            "a label twice",
            #"{"StartAt": "A", "States": {"#
                + #""A": {"Type": "Map", "Label": "l", "ItemProcessor": \#(Text.branch), "Next": "B"}, "#
                + #""B": {"Type": "Map", "Label": "l", "End": true, "#
                + #""ItemProcessor": {"StartAt": "Y", "States": {"Y": {"Type": "Succeed"}}}}}}"#,
            "ERROR DUPLICATE_LABEL_NAME at /States/B/Label: Duplicate Label name: l"
        ),
        .schema(
            "ToleratedFailureCount",
            Text.map(#""ToleratedFailureCount": -1"#),
            at: "/States/A/ToleratedFailureCount",
            "Minimum value is 0"
        ),
        .schema(
            "ToleratedFailurePercentage",
            Text.map(#""ToleratedFailurePercentage": 100.5"#),
            at: "/States/A/ToleratedFailurePercentage",
            "Maximum value is 100.0"
        ),
        .schema(
            "two tolerated counts",
            Text.map(#""ToleratedFailureCount": 1, "ToleratedFailureCountPath": "$.n""#),
            at: "/States/A",
            "There should only be one of the following fields: [ToleratedFailureCount, ToleratedFailureCountPath]"
        ),
        .schema(
            "ToleratedFailureCountPath",
            Text.map(#""ToleratedFailureCountPath": "n""#),
            at: "/States/A/ToleratedFailureCountPath",
            "Value is not a Reference Path: Reference path didn't start with '$'"
        ),
        .schema(
            "ToleratedFailurePercentagePath",
            Text.map(#""ToleratedFailurePercentagePath": "$.a[*]""#),
            at: "/States/A/ToleratedFailurePercentagePath",
            "Value is not a Reference Path"
        ),
        .schema(
            "ToleratedFailureCountPath of the context",
            Text.map(#""ToleratedFailureCountPath": "$$.Execution.Input.n""#),
            at: "/States/A/ToleratedFailureCountPath",
            "Value is not a Reference Path"
        ),
        .schema(
            "MaxConcurrencyPath of the context",
            Text.map(#""MaxConcurrencyPath": "$$.Execution.Input.n""#),
            at: "/States/A/MaxConcurrencyPath",
            "Value is not a Reference Path"
        ),
        .schema(
            "MaxItemsPerBatchPath of the context",
            Text.map(#""ItemBatcher": {"MaxItemsPerBatchPath": "$$.Execution.Input.n"}"#),
            at: "/States/A/ItemBatcher/MaxItemsPerBatchPath",
            "Value is not a Reference Path"
        ),
        .schema(
            "CSV without the place of its header",
            Text.map(#""ItemReader": {"Resource": "\#(getObject)", \#(object), "ReaderConfig": {"InputType": "CSV"}}"#),
            at: "/States/A/ItemReader/ReaderConfig",
            "The field 'CSVHeaderLocation' is required"
        ),
        .schema(
            "JSON with the place of a header",
            Text.map(
                #""ItemReader": {"Resource": "\#(getObject)", \#(object), "#
                    + #""ReaderConfig": {"InputType": "JSON", "CSVHeaderLocation": "FIRST_ROW"}}"#
            ),
            at: "/States/A/ItemReader/ReaderConfig",
            "Field 'CSVHeaderLocation' is not supported"
        ),
        .schema(
            "ItemReader",
            Text.map(#""ItemReader": {"ReaderConfig": {"InputType": "JSON"}}"#),
            at: "/States/A/ItemReader",
            "These fields are required: [Resource]"
        ),
        .schema(
            "InputType",
            Text.map(#""ItemReader": {"Resource": "\#(getObject)", \#(object), "ReaderConfig": {"InputType": "XML"}}"#),
            at: "/States/A/ItemReader/ReaderConfig/InputType",
            "Value should be one of the following: [CSV, JSON, JSONL, PARQUET, MANIFEST]"
        ),
        .schema(
            "ItemBatcher",
            Text.map(#""ItemBatcher": {"MaxInputBytesPerBatch": 262145}"#),
            at: "/States/A/ItemBatcher/MaxInputBytesPerBatch",
            "Maximum value is 262144"
        ),
    ]
}
