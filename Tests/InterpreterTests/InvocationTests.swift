import Expressions
import Interpreter
import JSON
import StatesLanguage
import Testing

/// `lambda:invoke`: the wrapped call of a function.
@Suite struct InvocationTests {
    private func invoke(_ parameters: String, pattern: String = "", more: String = "") throws -> StateMachine {
        try machine(
            startAt: "T",
            #"""
            "T": {
                "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke\#(pattern)",
                "Parameters": {\#(parameters)}, \#(more) "End": true
            }
            """#
        )
    }

    @Test func callsTheFunctionAndWrapsItsResult() throws {
        var session = Session(try invoke(#""FunctionName": "f", "Payload": {"id.$": "$.id"}"#), input: ["id": 7])
        #expect(session.on(.due) == .invoke("f", ["id": 7]))
        #expect(session.branch.phase == .invoking)
        guard case .endExecution(.succeeded(let output)) = session.on(.succeeded([" a ": [1, 2]])) else {
            Issue.record("the execution did not succeed")
            return
        }
        let result = try output.value()
        let keys = ["ExecutedVersion", "Payload", "SdkHttpMetadata", "SdkResponseMetadata", "StatusCode"]
        #expect(result.object?.keys.map { $0 } == keys)
        #expect(result["ExecutedVersion"] == "$LATEST" && result["StatusCode"] == 200)
        #expect(result["Payload"] == [" a ": [1, 2]])
        #expect(result["SdkHttpMetadata"]?["HttpHeaders"]?["Content-Length"] == "13")
        #expect(
            session.types == [
                .taskStateEntered, .taskScheduled, .taskStarted, .taskSucceeded, .taskStateExited, .executionSucceeded,
            ]
        )
        #expect(session.events[1].details.map(\.name) == ["resourceType", "resource", "region", "parameters"])
        #expect(session.events[1].details[0].value == .string("lambda"))
        #expect(session.events[1].details[1].value == .string("invoke"))
    }

    @Test(arguments: [
        ("f", "f"), ("f:$LATEST", "f"), ("function", "function"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:f", "f"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:f:$LATEST", "f"), ("123456789012:function:f", "f"),
    ])
    func aFunctionIsNamedInManyWays(written: String, name: String) throws {
        let constant = try invoke(#""FunctionName": "\#(written)""#)
        #expect(constant.entryFunction(at: "T") == name)
        var session = Session(constant)
        // Without a payload, the event is an empty object.
        #expect(session.on(.due) == .invoke(name, [:]))
        let computed = try invoke(#""FunctionName.$": "$.f", "Payload": null"#)
        #expect(computed.entryFunction(at: "T") == nil)
        session = Session(computed, input: ["f": .string(written)])
        #expect(session.on(.due) == .invoke(name, [:]))
        // A call that was lost is made again, to the same function.
        #expect(session.on(.due) == .invoke(name, [:]))
    }

    /// What a version or an alias means is looked up when it is called, by any worker.
    @Test(arguments: [
        (#""FunctionName": "f:PROD""#, "PROD"), (#""FunctionName": "123456789012:function:f:7""#, "7"),
        (#""FunctionName": "arn:aws:lambda:eu-west-1:123456789012:function:f:7""#, "7"),
        (#""FunctionName": "f", "Qualifier": "7""#, "7"), (#""FunctionName": "f:7", "Qualifier": "7""#, "7"),
    ])
    func versionsAndAliasesAreNamedToo(parameters: String, qualifier: String) throws {
        let machine = try invoke(parameters)
        #expect(machine.entryFunction(at: "T") == nil)
        var session = Session(machine)
        _ = session.on(.due)
        let call = FunctionCall(function: "f", qualifier: qualifier, input: JSONDocument([:]))
        #expect(session.on(.due) == .invoke(call))
    }

    @Test(arguments: [
        (
            #"{"FunctionName":"f:6","Qualifier":"7"}"#,
            "The derived qualifier from the function name does not match the specified qualifier."
        ),
        (
            #"{"FunctionName":"f","Qualifier":7}"#,
            "The value for the field 'Qualifier' must be a version or an alias"
        ),
        (
            #"{"FunctionName":"f","Qualifier":"a:b"}"#,
            "The value for the field 'Qualifier' must be a version or an alias"
        ),
        (
            #"{"FunctionName":"f:1:2"}"#,
            "The value for the field 'FunctionName' must be the name or the ARN of a function"
        ),
    ])
    func qualifiersThatMakeNoSenseAreRefused(parameters: String, reason: String) throws {
        var session = Session(try invoke(String(parameters.dropFirst().dropLast())))
        _ = session.on(.due)
        let sentence = "The Parameters '\(parameters)' could not be used to start the Task: [\(reason)]"
        #expect(session.on(.due) == .runtimeError(in: "T", entered: 2, sentence))
    }

    @Test(arguments: [
        (#""true""#, "true"), (#""{\"a\":  1}""#, #"{"a":  1}"#), (#""no json""#, #""no json""#), ("[]", "[]"),
        ("7", "7"),
    ])
    func payloads(written: String, event: String) throws {
        var session = Session(try invoke(#""FunctionName": "f", "Payload": \#(written)"#))
        #expect(session.on(.due) == .invoke(FunctionCall(function: "f", input: JSONDocument(trusted: event))))
    }

    @Test func theCauseOfAFailureHasNoSpacing() throws {
        var session = Session(try invoke(#""FunctionName": "f""#))
        _ = session.on(.due)
        #expect(
            session.on(.failed(error: "E", cause: #"{"errorType": "E", "a": [1, 2]}"#))
                == .failed("E", #"{"errorType":"E","a":[1,2]}"#)
        )
        session = Session(try invoke(#""FunctionName": "f""#))
        _ = session.on(.due)
        #expect(session.on(.failed(error: "E", cause: "not JSON, at all")) == .failed("E", "not JSON, at all"))
    }

    @Test(arguments: [
        ("7", "The value for the field 'FunctionName' must be the name or the ARN of a function"),
        (
            #""arn:aws:lambda:r:a:function:""#,
            "The value for the field 'FunctionName' must be the name or the ARN of a function"
        ),
        ("null", #"The field "FunctionName" is required but was missing"#),
    ])
    func whatIsNoFunctionIsRefused(name: String, reason: String) throws {
        var session = Session(try invoke(#""FunctionName.$": "$.f""#), input: ["f": try JSONValue(parsing: name)])
        #expect(session.on(.due) == .proceed(function: nil))
        let sentence = "The Parameters '{\"FunctionName\":\(name)}' could not be used to start the Task: [\(reason)]"
        #expect(session.on(.due) == .runtimeError(in: "T", entered: 2, sentence))
    }

    @Test(arguments: [
        (Outcome.failed(error: "E", cause: "c"), EventType.taskFailed, "E"),
        (.timedOut, .taskTimedOut, "States.Timeout"), (.heartbeatMissed, .taskTimedOut, "States.Timeout"),
    ])
    func failures(outcome: Outcome, event: EventType, error: String) throws {
        var session = Session(
            try invoke(#""FunctionName": "f""#, more: #""TimeoutSeconds": 9, "HeartbeatSeconds": 3,"#)
        )
        let call = FunctionCall(function: "f", input: JSONDocument([:]), timeoutSeconds: 9, heartbeatSeconds: 3)
        #expect(session.on(.due) == .invoke(call))
        #expect(session.last("timeoutInSeconds") == .integer(9) && session.last("heartbeatInSeconds") == .integer(3))
        guard case .endExecution(.failed(error, _)) = session.on(outcome) else {
            Issue.record("the execution went on")
            return
        }
        #expect(session.types.suffix(2) == [event, .executionFailed])
        #expect(session.events.suffix(2).first?.details.prefix(2).map(\.name) == ["resourceType", "resource"])
    }

    @Test func nobodyLooksAtWhatComesOfAnEvent() throws {
        for outcome in [Outcome.succeeded(["a": 1]), .failed(error: "E", cause: "c")] {
            var session = Session(try invoke(#""FunctionName": "f", "InvocationType": "Event""#))
            #expect(session.on(.due) == .invoke("f", [:]))
            guard case .endExecution(.succeeded(let output)) = session.on(outcome) else {
                Issue.record("the execution did not succeed")
                return
            }
            #expect(try output.value()["StatusCode"] == 202 && output.value()["Payload"] == nil)
        }
    }

    // MARK: Task tokens

    private static let token = #""FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}"#

    @Test func waitsForWhoeverHasTheToken() throws {
        var session = Session(try invoke(Self.token, pattern: ".waitForTaskToken", more: #""HeartbeatSeconds": 60,"#))
        let call = FunctionCall(function: "f", input: JSONDocument(["token": "1-0"]), carriesToken: true)
        #expect(session.on(.due) == .invoke(call))
        let heartbeatDue = Timestamp.start.adding(seconds: 62.0)
        #expect(session.on(.succeeded("sent"), after: 2) == .awaitAnswer(.taskToken(heartbeatDue: heartbeatDue)))
        #expect(session.branch.phase == .submitted)
        #expect(session.on(.succeeded(["approved": true]), after: 100) == .succeeded(["approved": true]))
        #expect(
            session.types == [
                .taskStateEntered, .taskScheduled, .taskStarted, .taskSubmitted, .taskSucceeded, .taskStateExited,
                .executionSucceeded,
            ]
        )
        #expect(session.events[3].details[1].value == .string("invoke.waitForTaskToken"))
        #expect(session.events[3].details.last?.name == "output")
    }

    @Test func aRetryGetsAnotherToken() throws {
        let retry = #""Retry": [{"ErrorEquals": ["States.HeartbeatTimeout"]}],"#
        var session = Session(try invoke(Self.token, pattern: ".waitForTaskToken", more: retry))
        _ = session.on(.due)
        _ = session.on(.succeeded("sent"))
        #expect(session.on(.heartbeatMissed) == .pause(until: .start.adding(seconds: 1.0), function: "f"))
        let call = FunctionCall(function: "f", input: JSONDocument(["token": "1-1"]), carriesToken: true)
        #expect(session.on(.due, after: 1) == .invoke(call))
    }

    @Test func anAnswerWithoutNameAndCauseIsCaughtAsNulls() throws {
        let machine = try machine(
            startAt: "T",
            #"""
            "T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
                  "Parameters": {"FunctionName": "f"}, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "P"}]},
            "P": {"Type": "Pass", "End": true}
            """#
        )
        var session = Session(machine)
        _ = session.on(.due)
        _ = session.on(.succeeded("sent"))
        #expect(session.on(.failed(error: "", cause: "")) == .succeeded(["Error": nil, "Cause": nil]))
    }

    @Test func thereIsNoTokenElsewhere() throws {
        var session = Session(try invoke(Self.token))
        #expect(session.on(.due) == .proceed(function: nil))
        guard case .endExecution(.failed("States.Runtime", let cause)) = session.on(.due) else {
            Issue.record("the execution went on")
            return
        }
        #expect(cause?.contains("$$.Task.Token") == true)
    }
}
