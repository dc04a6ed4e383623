import Expressions
import Interpreter
import JSON
import StatesLanguage
import Testing

/// Activities, and services that any worker can call.
@Suite struct ActivityTests {
    private static let arn = "arn:aws:states:eu-west-1:123456789012:activity:approve"

    private func activity(_ more: String = "") throws -> StateMachine {
        try machine(
            startAt: "T",
            #""T": {"Type": "Task", "Resource": "\#(Self.arn)", \#(more) "Next": "P"}, "P": {"Type": "Pass", "End": true}"#
        )
    }

    @Test func waitsUntilSomebodyAsks() throws {
        var session = Session(try activity(#""TimeoutSeconds": 60, "HeartbeatSeconds": 5,"#), input: ["id": 1])
        #expect(session.on(.due) == .awaitAnswer(.activity(name: "approve")))
        #expect(session.branch.phase == .queued)
        #expect(session.types == [.taskStateEntered, .activityScheduled])
        let names = ["resource", "input", "timeoutInSeconds", "heartbeatInSeconds"]
        #expect(session.events[1].details.map(\.name) == names)
        session.branch.phase = .submitted
        #expect(session.on(.succeeded(["yes": true])) == .succeeded(["yes": true]))
        #expect(session.types[2...].prefix(2) == [.activitySucceeded, .taskStateExited])
    }

    @Test(
        arguments: [Branch.Phase.queued, .submitted],
        [
            (Outcome.failed(error: "E", cause: "c"), EventType.activityFailed, "E"),
            (.timedOut, .activityTimedOut, "States.Timeout"), (.heartbeatMissed, .activityTimedOut, "States.Timeout"),
        ]
    )
    func failures(phase: Branch.Phase, failure: (outcome: Outcome, event: EventType, error: String)) throws {
        var session = Session(try activity(#""TimeoutSeconds": 60,"#))
        _ = session.on(.due)
        session.branch.phase = phase
        guard case .endExecution(.failed(failure.error, _)) = session.on(failure.outcome) else {
            Issue.record("the execution went on")
            return
        }
        #expect(session.types.suffix(2) == [failure.event, .executionFailed])
    }

    @Test func oneThatDoesNotExistIsNotScheduled() throws {
        let interpreter = Interpreter(try activity(#""Catch": [{"ErrorEquals": ["States.ALL"], "Next": "P"}],"#))
        let asked = interpreter.begin()
        #expect(asked.next == .awaitAnswer(.activity(name: "approve")))
        // The decision never happened; what failed needs the number of the state's entry.
        let entered = interpreter.advance(asked.branch, on: .refused)
        #expect(entered.next == .proceed(function: nil))
        #expect(entered.branch.events.map(\.type) == [.taskStateEntered])
        var branch = entered.branch
        branch.recordEvents(from: 2)
        let again = interpreter.advance(branch, on: .due)
        #expect(again.next == .awaitAnswer(.activity(name: "approve")))
        let failed = interpreter.advance(again.branch, on: .refused)
        let sentence = "The activity \(Self.arn) does not exist."
        #expect(failed.next == .runtimeError(in: "T", entered: 2, sentence))
        #expect(failed.branch.events.map(\.type) == [.executionFailed])
        #expect(failed.branch.events.first?.previous == .recorded(2))
    }

    // MARK: Services

    private func service(_ action: String, _ more: String = "") throws -> StateMachine {
        try machine(
            startAt: "T",
            #"""
            "T": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:\#(action)",
                  "Parameters": {"Name.$": "$.name", "Token.$": "$$.Task.Token"}, \#(more) "End": true}
            """#
        )
    }

    @Test func aServiceIsCalledByAnyWorker() throws {
        let machine = try machine(
            startAt: "T",
            #"""
            "T": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:createActivity", "TimeoutSeconds": 10,
                  "Parameters": {"Name.$": "$.name"}, "End": true}
            """#
        )
        var session = Session(machine, input: ["name": "a"])
        var request = ServiceRequest(
            service: "aws-sdk:sfn",
            action: "createActivity",
            parameters: JSONDocument(["Name": "a"]),
            timeoutSeconds: 10
        )
        #expect(session.on(.due) == .request(request))
        request.timeoutSeconds = 6
        #expect(session.on(.due, after: 4) == .request(request))
        #expect(session.on(.succeeded(["ActivityArn": "x"])) == .succeeded(["ActivityArn": "x"]))
        #expect(
            session.types == [
                .taskStateEntered, .taskScheduled, .taskStarted, .taskSucceeded, .taskStateExited, .executionSucceeded,
            ]
        )
        #expect(
            session.events[1].details.prefix(2).map(\.value) == [.string("aws-sdk:sfn"), .string("createActivity")]
        )
    }

    @Test func aServiceMayBeGivenATaskToken() throws {
        var session = Session(try service("startExecution.waitForTaskToken"), input: ["name": "a"])
        let request = ServiceRequest(
            service: "aws-sdk:sfn",
            action: "startExecution",
            parameters: JSONDocument(["Name": "a", "Token": "1-0"]),
            carriesToken: true
        )
        #expect(session.on(.due) == .request(request))
        #expect(session.on(.succeeded(["x": 1])) == .awaitAnswer(.taskToken(heartbeatDue: nil)))
        #expect(session.on(.succeeded(7)) == .succeeded(7))
        #expect(session.types[3] == .taskSubmitted)
    }
}
