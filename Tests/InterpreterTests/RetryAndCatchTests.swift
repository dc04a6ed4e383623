import Expressions
import Interpreter
import JSON
import Simulation
import StatesLanguage
import Testing

@Suite struct RetryAndCatchTests {
    private func task(_ fields: String) throws -> StateMachine {
        let recovery = #", "Q": {"Type": "Pass", "Result": "q", "ResultPath": "$.q", "Next": "P"}"#
        return try machine(
            startAt: "T",
            #"""
            "T": {"Type": "Task", "Resource": "\#(TaskTests.arn)", \#(fields), "Next": "P"},
            "P": {"Type": "Pass", "End": true}\#(fields.contains(#""Next": "Q""#) ? recovery : "")
            """#
        )
    }

    private let broken = Outcome.failed(error: "Broken", cause: "it broke")

    @Test func waitsLongerEveryTimeUpToTheLimit() throws {
        let machine = try task(
            #"""
            "Retry": [{
                "ErrorEquals": ["Broken"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 4, "MaxDelaySeconds": 20
            }]
            """#
        )
        var session = Session(machine)
        #expect(session.on(.due) == .invoke("f", [:]))
        for (attempt, delay) in [2, 6, 18, 20].enumerated() {
            #expect(session.on(broken) == .pause(until: session.now.adding(seconds: Int64(delay)), function: "f"))
            #expect(session.branch.phase == .retrying)
            #expect(session.branch.retryCount == attempt + 1)
            #expect(session.branch.retrierUses == [attempt + 1])
            #expect(session.on(.due, after: Double(delay)) == .invoke("f", [:]))
        }
        #expect(session.on(broken) == .failed("Broken", "it broke"))
        #expect(session.types.count { $0 == .lambdaFunctionScheduled } == 5)
        #expect(session.types.count { $0 == .taskStateEntered } == 1)
    }

    @Test func defaultsAreThreeAttemptsFromOneSecond() throws {
        var session = Session(try task(#""Retry": [{"ErrorEquals": ["States.ALL"]}]"#))
        _ = session.on(.due)
        for delay in [1, 2, 4] {
            #expect(session.on(broken) == .pause(until: session.now.adding(seconds: Int64(delay)), function: "f"))
            _ = session.on(.due, after: Double(delay))
        }
        #expect(session.on(broken) == .failed("Broken", "it broke"))
    }

    @Test func fullJitterStaysWithinTheDelay() throws {
        let machine = try task(
            #""Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 8, "MaxAttempts": 50, "BackoffRate": 1, "JitterStrategy": "FULL"}]"#
        )
        var session = Session(machine)
        _ = session.on(.due)
        var delays: Set<Int64> = []
        for _ in 0..<50 {
            guard case .pause(let until, "f") = session.on(broken) else {
                Issue.record("no pause")
                return
            }
            let delay = until.microseconds - session.now.microseconds
            #expect((0...8_000_000).contains(delay))
            delays.insert(delay)
            _ = session.on(.due)
        }
        #expect(delays.count > 40)
    }

    @Test func everyRetrierCountsForItselfAndTheFirstThatMatchesDecides() throws {
        let machine = try task(
            #"""
            "Retry": [
                {"ErrorEquals": ["A"], "MaxAttempts": 1, "IntervalSeconds": 1},
                {"ErrorEquals": ["B", "A"], "MaxAttempts": 2, "IntervalSeconds": 5, "BackoffRate": 1},
                {"ErrorEquals": ["C"], "MaxAttempts": 0}
            ]
            """#
        )
        var session = Session(machine)
        _ = session.on(.due)
        for (error, delay, uses) in [("B", 5, [0, 1]), ("A", 1, [1, 1]), ("B", 5, [1, 2])] {
            let pause = Decision.Next.pause(until: session.now.adding(seconds: Int64(delay)), function: "f")
            #expect(session.on(.failed(error: error, cause: "")) == pause)
            #expect(session.branch.retrierUses == uses)
            _ = session.on(.due)
        }
        #expect(session.on(.failed(error: "A", cause: "")) == .failed("A", nil))
        var none = Session(machine)
        _ = none.on(.due)
        #expect(none.on(.failed(error: "C", cause: "")) == .failed("C", nil))
    }

    @Test func theCountsStartAgainInTheNextState() throws {
        let retry = #""Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]"#
        let machine = try machine(
            startAt: "A",
            #"""
            "A": {"Type": "Task", "Resource": "\#(TaskTests.arn)", \#(retry), "Next": "B"},
            "B": {"Type": "Task", "Resource": "\#(TaskTests.arn)", \#(retry), "Parameters": {"n.$": "$$.State.RetryCount"}, "End": true}
            """#
        )
        var session = Session(machine)
        _ = session.on(.due)
        _ = session.on(broken)
        _ = session.on(.due)
        #expect(session.on(.succeeded([:])) == .invoke("f", ["n": 0]))
        #expect(session.branch.retrierUses == [])
        #expect(session.on(broken) == .pause(until: session.now.adding(seconds: Int64(1)), function: "f"))
        #expect(session.on(.due) == .invoke("f", ["n": 1]))
    }

    /// Which names mean which outcome.
    @Test(arguments: [
        ("Broken", Outcome.failed(error: "Broken", cause: ""), true),
        ("Other", .failed(error: "Broken", cause: ""), false),
        ("States.ALL", .failed(error: "Broken", cause: ""), true),
        ("States.TaskFailed", .failed(error: "Broken", cause: ""), true),
        ("States.TaskFailed", .timedOut, false), ("States.ALL", .timedOut, true), ("States.Timeout", .timedOut, true),
        ("States.HeartbeatTimeout", .timedOut, false), ("States.HeartbeatTimeout", .heartbeatMissed, true),
        ("States.Timeout", .heartbeatMissed, true), ("States.ALL", .heartbeatMissed, true),
        ("States.ALL", .failed(error: "States.DataLimitExceeded", cause: ""), false),
        ("States.TaskFailed", .failed(error: "States.DataLimitExceeded", cause: ""), false),
        ("States.DataLimitExceeded", .failed(error: "States.DataLimitExceeded", cause: ""), true),
        ("States.ALL", .failed(error: "States.Runtime", cause: ""), false),
        ("States.Runtime", .failed(error: "States.Runtime", cause: ""), false),
        ("States.BranchFailed", .failed(error: "Broken", cause: ""), false),
    ])
    func names(name: String, outcome: Outcome, matches: Bool) throws {
        var session = Session(try task(#""Catch": [{"ErrorEquals": ["\#(name)"], "Next": "P"}]"#))
        _ = session.on(.due)
        _ = session.on(outcome)
        #expect(session.types.contains(.passStateEntered) == matches)
        var retried = Session(try task(#""Retry": [{"ErrorEquals": ["\#(name)"]}]"#))
        _ = retried.on(.due)
        _ = retried.on(outcome)
        #expect((retried.branch.phase == .retrying) == matches)
    }

    @Test(
        arguments: [
            (
                #""Comment": """#, Outcome.failed(error: "Broken", cause: "it broke"),
                ["Error": "Broken", "Cause": "it broke", "q": "q"]
            ),
            (
                #""ResultPath": "$.error""#, .failed(error: "Broken", cause: "it broke"),
                ["in": 1, "error": ["Error": "Broken", "Cause": "it broke"], "q": "q"]
            ),
            (#""ResultPath": null"#, .failed(error: "Broken", cause: "it broke"), ["in": 1, "q": "q"]),
            (#""Comment": """#, .timedOut, ["Error": "States.Timeout", "Cause": "", "q": "q"]),
            (#""Comment": """#, .failed(error: "", cause: ""), ["Error": nil, "Cause": nil, "q": "q"]),
        ] as [(String, Outcome, JSONValue)]
    )
    func aCatcherHandsTheErrorOn(fields: String, outcome: Outcome, output: JSONValue) throws {
        let machine = try task(
            #""OutputPath": "$.unused", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Q", \#(fields)}]"#
        )
        var session = Session(machine, input: ["in": 1])
        _ = session.on(.due)
        #expect(session.on(outcome) == .succeeded(output))
        #expect(session.types[4] == .taskStateExited)
    }

    @Test func aCatchComesAfterTheLastRetry() throws {
        let machine = try task(
            #"""
            "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["Other"], "Next": "P"}, {"ErrorEquals": ["Broken"], "Next": "Q"}]
            """#
        )
        var session = Session(machine)
        _ = session.on(.due)
        #expect(session.on(broken) == .pause(until: .start.adding(seconds: Int64(1)), function: "f"))
        _ = session.on(.due, after: 1)
        #expect(session.on(broken) == .succeeded(["Error": "Broken", "Cause": "it broke", "q": "q"]))
    }

    @Test func aCatcherThatCannotPutItsErrorFailsTheExecution() throws {
        let machine = try task(#""Catch": [{"ErrorEquals": ["States.ALL"], "Next": "P", "ResultPath": "$.a.b"}]"#)
        for isLate in [false, true] {
            let execution = Simulator.run(
                machine,
                input: #"{"a": 1}"#,
                functions: ["f": { _ in (.failed(error: "Broken", cause: ""), 1) }],
                recordsCallsLate: isLate
            )
            guard case .failed("States.ResultPathMatchFailure", let cause) = execution.end else {
                Issue.record("\(String(describing: execution.end))")
                return
            }
            #expect(
                cause?.hasPrefix("An error occurred while executing the state 'T' (entered at the event id #2).")
                    == true
            )
        }
    }

    @Test func aFailingIntrinsicCanBeRetriedAndCaught() throws {
        let machine = try task(
            #"""
            "Parameters": {"n.$": "States.ArrayGetItem($.list, 5)"},
            "Retry": [{"ErrorEquals": ["States.IntrinsicFailure"], "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Q", "ResultPath": "$.error"}]
            """#
        )
        let execution = Simulator.run(machine, input: #"{"list": []}"#)
        #expect(
            execution.lines == [
                "1 <- 0 ExecutionStarted", "2 <- 0 TaskStateEntered", "3 <- 2 TaskStateExited",
                "4 <- 3 PassStateEntered",
                "5 <- 4 PassStateExited", "6 <- 5 PassStateEntered", "7 <- 6 PassStateExited",
                "8 <- 7 ExecutionSucceeded",
            ]
        )
    }
}
