import Interpreter
import JSON
import StatesLanguage
import Testing

/// InputPath → Parameters → result → ResultSelector → ResultPath → OutputPath.
@Suite struct DataFlowTests {
    private static let input: JSONValue = ["order": ["id": 7, "total": 12], "user": "kim"]

    @Test(
        arguments: [
            (#""Comment": "nothing""#, Self.input),
            (#""InputPath": "$.order""#, ["id": 7, "total": 12]),
            (#""InputPath": null"#, [:]),
            (#""OutputPath": "$.user""#, "kim"),
            (#""OutputPath": null"#, [:]),
            (#""Result": {"a": [1]}"#, ["a": [1]]),
            (#""Result": null"#, nil),
            (#""Parameters": {"id.$": "$.order.id", "is": "$.order.id"}"#, ["id": 7, "is": "$.order.id"]),
            (#""InputPath": "$.order", "Parameters": {"id.$": "$.id"}"#, ["id": 7]),
            (#""ResultPath": null, "Result": 1"#, Self.input),
            (#""ResultPath": "$", "Result": 1"#, 1),
            (#""ResultPath": "$.user", "Result": 1"#, ["order": ["id": 7, "total": 12], "user": 1]),
            (
                #""InputPath": "$.user", "ResultPath": "$.order.by"#
                    + #"", "OutputPath": "$.order""#, ["id": 7, "total": 12, "by": "kim"]
            ),
            (
                #""Parameters": {"name.$": "$$.State.Name", "machine.$": "$$.StateMachine.Name"}"#,
                ["name": "P", "machine": "orders"]
            ),
            (#""InputPath": "$$.Execution.Input""#, ["execution": "input"]),
            (#""InputPath": "$$.Execution.StartTime""#, "2023-11-14T22:13:20.000Z"),
        ] as [(String, JSONValue)]
    )
    func passGives(fields: String, output: JSONValue) throws {
        var session = Session(
            try machine(startAt: "P", #""P": {"Type": "Pass", \#(fields), "End": true}"#),
            input: Self.input
        )
        #expect(session.on(.due) == .succeeded(output))
    }

    @Test func aTaskSelectsAndPutsItsResult() throws {
        let machine = try machine(
            startAt: "T",
            #"""
            "T": {
                "Type": "Task", "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:charge",
                "InputPath": "$.order", "Parameters": {"amount.$": "$.total"},
                "ResultSelector": {"receipt.$": "$.no"}, "ResultPath": "$.payment", "OutputPath": "$.payment",
                "End": true
            }
            """#
        )
        var session = Session(machine, input: Self.input)
        #expect(session.on(.due) == .invoke("charge", ["amount": 12]))
        #expect(session.branch.taskInput == JSONDocument(["amount": 12]))
        #expect(session.on(.succeeded(["no": 99, "more": true])) == .succeeded(["receipt": 99]))
    }

    @Test func dataThatIsOnlyPassedAlongKeepsItsTextAndIsNotParsed() throws {
        let machine = try machine(
            startAt: "A",
            #"""
            "A": {"Type": "Pass", "Next": "B"},
            "B": {"Type": "Succeed"}
            """#
        )
        // Not JSON: whoever parses it fails.
        let input = JSONDocument(trusted: "[1,  2")
        let decision = Interpreter(machine).advance(Branch(startAt: "A", input: input), on: .due)
        #expect(decision.next == .endExecution(.succeeded(input)))
    }

    @Test func textThatIsNotJSONEndsTheExecutionAndNotTheProcess() throws {
        var session = Session(try machine(startAt: "A", #""A": {"Type": "Pass", "InputPath": "$.a", "End": true}"#))
        session.branch.input = JSONDocument(trusted: "[1,  2")
        #expect(session.on(.due) == .proceed(function: nil))
        guard case .endExecution(.failed("States.Runtime", _)) = session.on(.due) else {
            Issue.record("the execution went on")
            return
        }
    }

    @Test(arguments: [
        (#""InputPath": "$.no""#, "Invalid path '$.no' : No results for path: $['no']"),
        (#""OutputPath": "$.order.no""#, "Invalid path '$.order.no' : No results for path: $['order']['no']"),
        (
            #""Parameters": {"x.$": "$.no"}"#,
            "The JSONPath '$.no' specified for the field 'x.$' could not be found in the input '\(Self.input.text)'"
        ),
    ])
    func aPathThatLeadsNowhereFailsTheExecution(fields: String, sentence: String) throws {
        var session = Session(
            try machine(startAt: "P", #""P": {"Type": "Pass", \#(fields), "End": true}"#),
            input: Self.input
        )
        // The entry's number is not known before it is recorded.
        #expect(session.on(.due) == .proceed(function: nil))
        #expect(session.on(.due) == .runtimeError(in: "P", entered: 2, sentence))
        #expect(session.types == [.passStateEntered, .executionFailed])
    }
}
