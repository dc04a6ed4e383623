import Interpreter
import JSON
import Simulation
import StatesLanguage
import Testing

/// Whole runs, event by event.
@Suite struct HistoryTests {
    private static let function = "arn:aws:lambda:eu-west-1:123456789012:function:f"

    @Test(arguments: [false, true]) func aFailureNamesTheEventOfItsStatesEntry(recordsCallsLate: Bool) throws {
        let machine = try machine(
            startAt: "A",
            #"""
            "A": {"Type": "Task", "Resource": "\#(Self.function)", "OutputPath": "$.no.such", "Next": "B"},
            "B": {"Type": "Pass", "End": true}
            """#
        )
        let execution = Simulator.run(
            machine,
            functions: ["f": { (.succeeded($0.input), 1) }],
            recordsCallsLate: recordsCallsLate
        )
        #expect(
            execution.lines == [
                "1 <- 0 ExecutionStarted", "2 <- 0 TaskStateEntered", "3 <- 2 LambdaFunctionScheduled",
                "4 <- 3 LambdaFunctionStarted", "5 <- 4 LambdaFunctionSucceeded", "6 <- 5 ExecutionFailed",
            ]
        )
        let cause =
            "An error occurred while executing the state 'A' (entered at the event id #2)."
            + " Invalid path '$.no.such' : Missing property in path $['no']"
        #expect(execution.end == .failed(error: "States.Runtime", cause: cause))
    }
}
