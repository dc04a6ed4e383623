import Expressions
import Interpreter
import JSON
import Simulation
import StatesLanguage
import Testing

@Suite struct ChildExecutionTests {
    private static let child = "arn:aws:states:eu-west-1:123456789012:stateMachine:child"

    private func parent(_ pattern: String, _ parameters: String, more: String = "") throws -> StateMachine {
        try machine(
            startAt: "T",
            #"""
            "T": {
                "Type": "Task", "Resource": "arn:aws:states:::states:startExecution\#(pattern)",
                "Parameters": {"StateMachineArn": "\#(Self.child)", \#(parameters)}, \#(more) "End": true
            }
            """#
        )
    }

    private func start(_ name: String?, _ input: String, isAwaited: Bool) -> Decision.Next {
        .startExecution(
            ChildStart(
                stateMachine: Self.child,
                name: name,
                input: JSONDocument(trusted: input),
                isAwaited: isAwaited
            )
        )
    }

    @Test func startsAndGoesOn() throws {
        var session = Session(try parent("", #""Input.$": "$", "Name": "c-1""#), input: ["a": 1])
        #expect(session.on(.due) == start("c-1", #"{"a":1}"#, isAwaited: false))
        #expect(session.branch.phase == .starting)
        #expect(session.branch.scheduledEvent == .recorded(3))
        guard
            case .endExecution(.succeeded(let output)) = session.on(.succeeded(["ExecutionArn": "x", "StartDate": 7]))
        else {
            Issue.record("the execution did not succeed")
            return
        }
        let members = try #require(try output.value().object)
        #expect(members.keys.map { $0 } == ["ExecutionArn", "SdkHttpMetadata", "SdkResponseMetadata", "StartDate"])
        #expect(members["ExecutionArn"] == "x" && members["StartDate"] == 7)
        #expect(members["SdkHttpMetadata"]?["HttpHeaders"]?["Date"] == "Tue, 14 Nov 2023 22:13:20 GMT")
        #expect(
            session.types == [
                .taskStateEntered, .taskScheduled, .taskStarted, .taskSucceeded, .taskStateExited, .executionSucceeded,
            ]
        )
        let details = Dictionary(uniqueKeysWithValues: session.events[1].details.map { ($0.name, $0.value) })
        #expect(details["resourceType"] == .string("states"))
        #expect(details["resource"] == .string("startExecution"))
        #expect(details["region"] == .string("eu-west-1"))
    }

    @Test func waitsForTheChild() throws {
        let machine = try parent(
            ".sync:2",
            #""Input": {"a": 1}"#,
            more: #""TimeoutSeconds": 60, "ResultPath": "$.child","#
        )
        var session = Session(machine)
        #expect(session.on(.due) == start(nil, #"{"a":1}"#, isAwaited: true))
        #expect(session.branch.deadline == .start.adding(seconds: 60.0))
        #expect(session.on(.submitted(JSONDocument(["ExecutionArn": "x"]))) == .awaitAnswer(.execution))
        #expect(session.branch.phase == .submitted)
        #expect(session.on(.succeeded(["Output": 7])) == .succeeded(["child": ["Output": 7]]))
        #expect(
            session.types == [
                .taskStateEntered, .taskScheduled, .taskStarted, .taskSubmitted, .taskSucceeded, .taskStateExited,
                .executionSucceeded,
            ]
        )
        #expect(session.last("timeoutInSeconds") == .integer(60))
    }

    @Test func aChildIsSubmittedOnce() throws {
        var session = Session(try parent(".sync:2", #""Input": {}"#))
        _ = session.on(.due)
        _ = session.on(.submitted(JSONDocument(1)))
        let cause = "The outcome 'submitted' does not fit the phase 'submitted' of 'T'."
        #expect(session.on(.submitted(JSONDocument(1))) == .failed("States.Runtime", cause))
    }

    @Test(arguments: [
        (#""Input": null"#, "{}"), (#""Name": "n""#, "{}"), (#""Input": "[1,  2]""#, "[1,  2]"),
        (#""Input": "\"text\"""#, #""text""#), (#""Input": 7"#, "7"),
    ])
    func inputs(field: String, input: String) throws {
        var session = Session(try parent("", field))
        #expect(session.on(.due) == start(field.contains("Name") ? "n" : nil, input, isAwaited: false))
    }

    @Test func aStringThatIsNoJSONIsRefused() throws {
        var session = Session(try parent("", #""Input": "no json""#))
        let cause = "Invalid State Machine Execution Input: the string is not JSON"
        #expect(session.on(.due) == .failed("StepFunctions.InvalidExecutionInputException", cause))
        #expect(session.types == [.taskStateEntered, .taskScheduled, .taskStarted, .taskFailed, .executionFailed])
    }

    @Test(arguments: [
        (Outcome.failed(error: "States.TaskFailed", cause: "c"), EventType.taskFailed, "States.TaskFailed"),
        (.timedOut, .taskTimedOut, "States.Timeout"), (.heartbeatMissed, .taskTimedOut, "States.Timeout"),
    ])
    func aChildThatFails(outcome: Outcome, event: EventType, error: String) throws {
        for isSubmitted in [false, true] {
            var session = Session(try parent(".sync:2", #""Input": {}"#))
            _ = session.on(.due)
            if isSubmitted { _ = session.on(.submitted(JSONDocument(["ExecutionArn": "x"]))) }
            guard case .endExecution(.failed(error, _)) = session.on(outcome) else {
                Issue.record("the execution went on")
                return
            }
            #expect(session.types.suffix(2) == [event, .executionFailed])
            #expect(session.events.suffix(2).first?.details.prefix(2).map(\.name) == ["resourceType", "resource"])
        }
    }

    @Test func parametersWithoutAMachineAreRefused() throws {
        let machine = try machine(
            startAt: "T",
            #"""
            "T": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": true,
                  "Parameters": {"StateMachineArn.$": "$.no[0]"}}
            """#
        )
        var session = Session(machine, input: ["no": []])
        #expect(session.on(.due) == .proceed(function: nil))
        let sentence =
            "The Parameters '{\"StateMachineArn\":null}' could not be used to start the Task: [The field"
            + " \"StateMachineArn\" is required but was missing]"
        #expect(session.on(.due) == .runtimeError(in: "T", entered: 2, sentence))
    }
}

extension ChildExecutionTests {
    private static let description = #"{"Input":"{\"a\":1}","Name":"c","Output":"[1]","Status":"SUCCEEDED"}"#

    @Test(arguments: [
        (".sync", description),
        (".sync:2", #"{"Input":{"a":1},"Name":"c","Output":[1],"Status":"SUCCEEDED"}"#),
    ])
    func showsTheChildAsThePatternHasIt(pattern: String, shown: String) throws {
        let machine = try machine(
            startAt: "T",
            #"""
            "T": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution\#(pattern)", "End": true,
                  "Parameters": {"StateMachineArn": "m"}}
            """#
        )
        for outcome in [
            Outcome.succeeded(JSONDocument(trusted: Self.description)),
            .failed(error: "States.TaskFailed", cause: Self.description),
        ] {
            var session = Session(machine)
            _ = session.on(.due)
            #expect(session.on(.submitted(JSONDocument(["ExecutionArn": "x"]))) == .awaitAnswer(.execution))
            switch session.on(outcome) {
            case .endExecution(.succeeded(let output)): #expect(output.text == shown)
            case .endExecution(.failed("States.TaskFailed", let cause)): #expect(cause == shown)
            case let next: Issue.record("\(next)")
            }
        }
    }

    @Test func mayWaitForATokenInstead() throws {
        let machine = try machine(
            startAt: "T",
            #"""
            "T": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.waitForTaskToken", "End": true,
                  "Parameters": {"StateMachineArn": "m", "Input": {"token.$": "$$.Task.Token"}}, "HeartbeatSeconds": 9}
            """#
        )
        var session = Session(machine)
        let start = ChildStart(
            stateMachine: "m",
            name: nil,
            input: JSONDocument(["token": "1-0"]),
            isAwaited: false
        )
        #expect(session.on(.due) == .startExecution(start))
        let due = Timestamp.start.adding(seconds: 9.0)
        #expect(
            session.on(.succeeded(["ExecutionArn": "x"])) == .awaitAnswer(.taskToken(heartbeatDue: due))
        )
        #expect(session.on(.succeeded("done")) == .succeeded("done"))
    }

    @Test func aChildThatTimesOutSaysSo() throws {
        func machine(_ name: String, _ definition: String) throws -> Simulator.Machine {
            Simulator.Machine(
                arn: "arn:aws:states:us-east-1:111111111111:stateMachine:\(name)",
                name: name,
                definition: try #require(Definition(parsing: definition).machine)
            )
        }
        let simulator = Simulator()
        simulator.machines = [
            try machine(
                "Parent",
                #"""
                {"StartAt": "T", "States": {"T": {
                    "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": true,
                    "Parameters": {"StateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:Child"}}}}
                """#
            ),
            try machine(
                "Child",
                #"{"StartAt": "W", "TimeoutSeconds": 1, "States": {"W": {"Type": "Wait", "Seconds": 9, "End": true}}}"#
            ),
        ]
        let execution = simulator.start(simulator.machines[0], name: "p", input: JSONDocument([:]))
        simulator.run()
        guard case .failed("States.TaskFailed", let cause?) = execution.end else {
            Issue.record("\(String(describing: execution.end))")
            return
        }
        #expect(try JSONValue(parsing: cause)["Status"] == "TIMED_OUT")
    }
}
