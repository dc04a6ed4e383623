import Expressions
import Interpreter
import JSON
import StatesLanguage
import Testing

@Suite struct TaskTests {
    static let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f"

    private func task(_ fields: String) throws -> StateMachine {
        try machine(
            startAt: "T",
            #"""
            "T": {"Type": "Task", "Resource": "\#(Self.arn)", \#(fields), "Next": "P"},
            "P": {"Type": "Pass", "End": true}
            """#
        )
    }

    @Test func callsAndGoesOnWithTheResult() throws {
        var session = Session(try task(#""Comment": "plain""#), input: ["id": 1])
        #expect(session.on(.due) == .invoke("f", ["id": 1]))
        #expect(session.branch.phase == .invoking)
        #expect(session.branch.taskInput == nil)
        #expect(session.branch.scheduledEvent == .recorded(3))
        #expect(session.branch.entry == 1)
        #expect(session.on(.succeeded(["done": true]), after: 2) == .succeeded(["done": true]))
        #expect(
            session.types == [
                .taskStateEntered, .lambdaFunctionScheduled, .lambdaFunctionStarted, .lambdaFunctionSucceeded,
                .taskStateExited, .passStateEntered, .passStateExited, .executionSucceeded,
            ]
        )
        #expect(session.branch.entry == 2)
    }

    @Test(arguments: [
        (#""TimeoutSeconds": 30, "HeartbeatSeconds": 10"#, 30, 10),
        (#""TimeoutSecondsPath": "$.timeout", "HeartbeatSecondsPath": "$.beat""#, 20, 5),
        (#""TimeoutSecondsPath": "$.timeout""#, 20, nil),
    ])
    func limitsTheCall(fields: String, timeout: Int, heartbeat: Int?) throws {
        var session = Session(try task(fields), input: ["timeout": "20", "beat": 5])
        let input = JSONDocument(["timeout": "20", "beat": 5])
        let call = FunctionCall(function: "f", input: input, timeoutSeconds: timeout, heartbeatSeconds: heartbeat)
        #expect(session.on(.due) == .invoke(call))
        #expect(session.branch.deadline == .start.adding(seconds: Int64(timeout)))
        #expect(session.branch.heartbeatSeconds == heartbeat)
        #expect(session.last("timeoutInSeconds") == .integer(timeout))
        // A call that was lost is made again, with what is left of its time.
        let again = FunctionCall(function: "f", input: input, timeoutSeconds: timeout - 3, heartbeatSeconds: heartbeat)
        #expect(session.on(.due, after: 3) == .invoke(again))
        #expect(session.on(.timedOut, after: Double(timeout)) == .failed("States.Timeout", nil))
        #expect(session.types.suffix(2) == [.lambdaFunctionTimedOut, .executionFailed])
    }

    @Test func aLostCallIsNotMadeAgainAfterItsTime() throws {
        var session = Session(try task(#""TimeoutSeconds": 30"#))
        _ = session.on(.due)
        #expect(session.on(.due, after: 30) == .failed("States.Timeout", nil))
    }

    @Test(arguments: ["0", "-1", "1.5", #""x""#, "null", "100000000", "1e300"]) func refusesTimeouts(value: String)
        throws
    {
        var session = Session(try task(#""TimeoutSecondsPath": "$.t""#), input: ["t": try JSONValue(parsing: value)])
        #expect(session.on(.due) == .proceed(function: nil))
        let shown = value.replacing("\"", with: "")
        let sentence = "The TimeoutSecondsPath parameter does not reference a valid number of seconds: $.t == \(shown)"
        #expect(session.on(.due) == .runtimeError(in: "T", entered: 2, sentence))
    }

    @Test(arguments: [("States.DataLimitExceeded", true), ("States.ALL", false)])
    func aResultBeyondTheLimitIsCaughtOnlyByItsName(name: String, isCaught: Bool) throws {
        let cause =
            "The state/task '\(Self.arn)' returned a result with a size exceeding the maximum number of bytes"
            + " service limit."
        let machine = try task(#""Catch": [{"ErrorEquals": ["\#(name)"], "Next": "P"}]"#)
        var session = Session(machine, limits: Limits(payloadBytes: 300))
        _ = session.on(.due)
        let next = session.on(.succeeded(.string(String(repeating: "x", count: 300))))
        #expect(session.types[3] == .lambdaFunctionFailed)
        #expect(
            next
                == (isCaught
                    ? .succeeded(["Error": "States.DataLimitExceeded", "Cause": .string(cause)])
                    : .failed("States.DataLimitExceeded", cause))
        )
    }

    @Test func parametersBeyondTheLimitAreRefused() throws {
        let fields = #""Parameters": {"twice.$": "States.Array($, $)"}"#
        let large = JSONValue.string(String(repeating: "x", count: 60))
        var session = Session(try task(fields), input: large, limits: Limits(payloadBytes: 100))
        let cause =
            "The state/task 'T' provided parameters with a size exceeding the maximum number of bytes service limit."
        #expect(session.on(.due) == .failed("States.DataLimitExceeded", cause))
        #expect(session.types == [.taskStateEntered, .executionFailed])
    }

    @Test(arguments: [
        (Outcome.joined([]), "joined"), (.submitted(JSONDocument(1)), "submitted"),
        (.branchFailed(BranchFailure(error: "E", cause: "c")), "branchFailed"),
    ])
    func anOutcomeThatFitsNothingIsShown(outcome: Outcome, name: String) throws {
        var session = Session(try task(#""Comment": """#))
        _ = session.on(.due)
        let cause = "The outcome '\(name)' does not fit the phase 'invoking' of 'T'."
        #expect(session.on(outcome) == .failed("States.Runtime", cause))
    }

    @Test func aStateThatIsGoneEndsTheExecution() throws {
        var session = Session(try task(#""Comment": """#))
        session.branch.state = "Gone"
        #expect(session.on(.due) == .failed("States.Runtime", "There is no state 'Gone'."))
    }
}
