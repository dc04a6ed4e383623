import Expressions
import JSON
import StatesLanguage
import Testing

@Suite("Definitions that are right")
struct DefinitionTests {
    @Test("The smallest workflow with a placeholder ARN")
    func processOrder() throws {
        let text = #"""
            {
              "Comment": "Order workflow",
              "StartAt": "ProcessOrder",
              "TimeoutSeconds": 300,
              "Version": "1.0",
              "States": {
                "ProcessOrder": {
                  "Type": "Task",
                  "Resource": "arn:aws:lambda:REGION:ACCOUNT_ID:function:process_order",
                  "End": true
                }
              }
            }
            """#
        let definition = Definition(parsing: text)
        #expect(definition.diagnostics == [])
        #expect(definition.obstacles == [])
        let machine = try #require(definition.machine)
        #expect(machine.comment == "Order workflow")
        #expect(machine.queryLanguage == .jsonPath)
        #expect(machine.timeoutSeconds == 300)
        #expect(machine.scope.startAt == "ProcessOrder")
        #expect(machine.entryFunction(at: "ProcessOrder") == "process_order")
        let state = try #require(machine.scope.states.first)
        #expect(state.transition == .end)
        guard case .task(let task) = state.kind else {
            Issue.record("no Task")
            return
        }
        #expect(task.timeout == nil)
        #expect(task.heartbeat == nil)
        #expect(task.credentials == nil)
        #expect(!machine.readsExecutionInput)
    }

    @Test("The path fields of a state")
    func dataFlow() throws {
        let text = Text.task(
            #"""
            "InputPath": null, "Parameters": {"a.$": "$.b"}, "ResultSelector": {"c.$": "$.d"}, "ResultPath": "$.e",
            "OutputPath": "$.f[*]", "Assign": {"v.$": "$.g"}, "TimeoutSecondsPath": "$.t", "HeartbeatSeconds": 3,
            "Credentials": {"RoleArn.$": "$.role"}, "Comment": "c"
            """#
        )
        let state = try #require(Definition(parsing: text).machine?.states["A"])
        #expect(state.comment == "c")
        #expect(state.data.inputPath == .nothing)
        #expect(state.data.parameters?.source == ["a.$": "$.b"])
        #expect(state.data.resultSelector?.source == ["c.$": "$.d"])
        #expect(state.data.resultPath == .put(try ReferencePath("$.e")))
        #expect(state.data.outputPath == .path(try Path("$.f[*]")))
        #expect(state.data.assign?.source == ["v.$": "$.g"])
        guard case .task(let task) = state.kind else {
            Issue.record("no Task")
            return
        }
        #expect(task.timeout == .path(try Path("$.t")))
        #expect(task.heartbeat == .constant(3))
        #expect(task.credentials?.source == ["RoleArn.$": "$.role"])
    }

    @Test("A lone $ and an absent field are the same")
    func whole() throws {
        let written = Text.pass(#""InputPath": "$", "OutputPath": "$", "ResultPath": "$", "Result": null"#)
        for (text, result) in [(written, JSONValue?.some(.null)), (Text.pass(""), JSONValue?.none)] {
            let state = try #require(Definition(parsing: text).machine?.states["A"])
            #expect(state.data.inputPath == .whole)
            #expect(state.data.outputPath == .whole)
            #expect(state.data.resultPath == .replace)
            guard case .pass(let pass) = state.kind else {
                Issue.record("no Pass")
                return
            }
            #expect(pass.result == result)
        }
    }

    @Test("The states of a scope keep their order")
    func order() throws {
        let names = (0..<40).map { "S\($0 * 7 % 40)" }
        let members = zip(names, names.dropFirst()).map { #""\#($0)": {"Type": "Pass", "Next": "\#($1)"}"# }
        let last = #""\#(names[39])": {"Type": "Succeed"}"#
        let text = #"{"StartAt": "S0", "States": {\#((members + [last]).joined(separator: ","))}}"#
        #expect(Definition(parsing: text).machine?.scope.states.map(\.name) == names)
    }

    /// Rules that came later are for those who deploy, not for executions that run.
    @Test("What an earlier version took runs on, as long as all of it can be read")
    func deployed() {
        let late = Text.machine(
            #"{"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true, "Surprise": 1}"#
        )
        #expect(Definition(parsing: late).machine == nil)
        #expect(Definition.deployed(late)?.states.count == 1)
        for text in [
            Text.machine(#"{"Type": "Task", "End": true}"#), Text.machine(#"{"Type": "Dance", "End": true}"#), "{",
            "[]",
            "",
        ] {
            #expect(Definition.deployed(text) == nil, "\(text)")
        }
    }

    @Test("Reasons not to run a valid machine yet", arguments: unsupported)
    func obstacles(text: String, places: [String]) {
        let definition = Definition(parsing: text)
        #expect(definition.lines == [])
        #expect(definition.machine != nil)
        #expect(definition.obstacles.map(\.location) == places)
        #expect(definition.obstacles.allSatisfy { $0.severity == .error && $0.position != nil })
        #expect(definition.obstacles.allSatisfy { $0.message.contains("not supported yet") })
    }

    private static let reader =
        #"{"Resource": "arn:aws:states:::s3:getObject", "#
        + #""Parameters": {"Bucket": "b", "Key": "k"}, "ReaderConfig": {"InputType": "PARQUET"}}"#

    static let unsupported: [(String, [String])] = [
        (Text.task(#""TimeoutSeconds": 5"#), []),
        (
            Text.machine(
                #"{"Type": "Map", "End": true, "ItemReader": \#(reader), "ItemProcessor": {"#
                    + #""ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "#
                    + #""StartAt": "X", "States": {"X": {"Type": "Succeed"}}}, "ToleratedFailureCount": 1}"#
            ),
            ["/States/A/ItemReader/ReaderConfig/InputType"]
        ),
        (
            #"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true, "#
                + #""Resource": "arn:aws:states:::glue:startJobRun", "Parameters": {}}}}"#,
            ["/States/A/Resource"]
        ),
    ]

    @Test(
        "Whether a machine needs the execution's input",
        arguments: [
            (Text.pass(#""InputPath": "$.Execution.Input""#), false),
            (Text.pass(#""InputPath": "$$.Execution.Id""#), false),
            (Text.pass(#""InputPath": "$$""#), true),
            (Text.pass(#""OutputPath": "$$.Execution""#), true),
            (Text.pass(#""Parameters": {"a": {"b.$": "$$.Execution.Input.c"}}"#), true),
            (Text.pass(#""Parameters": {"b.$": "States.Format('{}', $$.Execution.Input.c)"}"#), true),
            (Text.pass(#""Assign": {"b.$": "$$.Execution.Input"}"#), true),
            (Text.task(#""ResultSelector": {"b.$": "$$.Execution.Input"}"#), true),
            (Text.task(#""Credentials": {"RoleArn.$": "$$.Execution.Input.r"}"#), true),
            (Text.task(#""TimeoutSecondsPath": "$$.Execution.Input.t""#), true),
            (Text.task(#""HeartbeatSecondsPath": "$$.Execution.Input.t""#), true),
            (Text.wait(#""SecondsPath": "$$.Execution.Input.s""#), true),
            (Text.wait(#""TimestampPath": "$$.Execution.StartTime""#), false),
            (Text.fail(#""ErrorPath": "$$.Execution.Input.e""#), true),
            (Text.fail(#""CausePath": "States.JsonToString($$.Execution)""#), true),
            (Text.map(#""ItemsPath": "$$.Execution.Input.items""#), true),
            (Text.map(#""ItemSelector": {"i.$": "$$.Execution.Input"}"#), true),
            (Text.map(#""ItemSelector": {"i.$": "$$.Map.Item.Value"}"#), false),
            (Text.map(#""ItemsPath": "$$.Execution.Input.n""#), true),
            (Text.choice(#""Variable": "$$.Execution.Input.a", "IsNull": true, "Next": "B""#), true),
            (Text.choice(#""Not": {"Variable": "$$.Execution", "IsPresent": true}, "Next": "B""#), true),
            (
                Text.choice(
                    #""And": [{"Variable": "$.a", "StringEqualsPath": "$$.Execution.Input.b"}], "Next": "B""#
                ),
                true
            ),
            (
                Text.choice(#""Variable": "$.a", "IsNull": true, "Assign": {"x.$": "$$.Execution"}, "Next": "B""#),
                true
            ),
            (Text.choice(#""Variable": "$.a", "NumericEqualsPath": "$.Execution.Input", "Next": "B""#), false),
            (Text.catching(#"[{"ErrorEquals": ["E"], "Next": "B", "Assign": {"x.$": "$$.Execution.Input"}}]"#), true),
            (
                Text.machine(
                    #"{"Type": "Parallel", "End": true, "Branches": [{"StartAt": "X", "States": "#
                        + #"{"X": {"Type": "Pass", "InputPath": "$$.Execution.Input", "End": true}}}]}"#
                ),
                true
            ),
        ]
    )
    func executionInput(text: String, isRead: Bool) throws {
        #expect(try #require(Definition(parsing: text).machine).readsExecutionInput == isRead)
    }
}
