import Expressions
import Interpreter
import JSON
import Simulation
import StatesLanguage
import Testing

@Suite struct ParallelTests {
    private func parallel(_ fields: String, second: String = #""Type": "Pass", "End": true"#) throws -> StateMachine {
        try machine(
            startAt: "F",
            #"""
            "F": {"Type": "Parallel", \#(fields), "Next": "P", "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "a", "End": true}}},
                {"StartAt": "B", "States": {"B": {\#(second)}}}
            ]},
            "P": {"Type": "Pass", "End": true}
            """#
        )
    }

    @Test func branchesThatAFailureCutsShortAreRecorded() throws {
        let machine = try machine(
            startAt: "F",
            #"""
            "F": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 100, "End": true}}},
                {"StartAt": "B", "States": {
                    "B": {"Type": "Wait", "Seconds": 1, "Next": "X"}, "X": {"Type": "Fail", "Error": "E"}}},
                {"StartAt": "D", "States": {"D": {"Type": "Pass", "End": true}}}
            ]}
            """#
        )
        let lines = Simulator.run(machine).lines
        let failed = try #require(lines.firstIndex { $0.hasSuffix("FailStateEntered") })
        #expect(
            lines[failed...] == [
                "\(failed + 1) <- \(failed) FailStateEntered", "\(failed + 2) <- \(failed + 1) WaitStateAborted",
                "\(failed + 3) <- \(failed + 1) ParallelStateFailed", "\(failed + 4) <- \(failed + 3) ExecutionFailed",
            ]
        )
    }

    @Test func forksAndJoins() throws {
        let machine = try parallel(
            #""Parameters": {"n.$": "$.n"}, "ResultSelector": {"both.$": "$"}, "ResultPath": "$.out""#
        )
        var session = Session(machine, input: ["n": 1, "m": 2])
        let fork = Fork(
            children: .branches(["A", "B"]),
            input: JSONDocument(["n": 1]),
            maxConcurrency: nil,
            event: .pending(1)
        )
        #expect(session.on(.due) == .fork(fork))
        #expect(session.branch.phase == .forked)
        session.branch.lastEvent = .recorded(9)
        let outputs = [JSONDocument("a"), JSONDocument(["b": 1])]
        #expect(session.on(.joined(outputs)) == .succeeded(["n": 1, "m": 2, "out": ["both": ["a", ["b": 1]]]]))
        #expect(session.events[2].previous == .recorded(9))
        #expect(session.events[3].previous == .recorded(9))
    }

    @Test func aBranchBeginsAndEnds() throws {
        let machine = try parallel(#""Comment": """#)
        var session = Session(machine, startAt: "A", input: [:])
        #expect(session.on(.due) == .endBranch(JSONDocument("a")))
        #expect(session.types == [.passStateEntered, .passStateExited])
        #expect(session.branch.lastEvent == .recorded(3))
    }

    @Test func aBranchFails() throws {
        let machine = try parallel(#""Comment": """#, second: #""Type": "Fail", "Error": "E", "Cause": "c""#)
        var session = Session(machine, startAt: "B", input: [:])
        #expect(session.on(.due) == .failBranch(error: "E", cause: "c"))
        #expect(session.types == [.failStateEntered])
        #expect(session.branch.lastEvent == .recorded(2))
    }

    @Test func aTaskThatFailsItsBranchIsAborted() throws {
        let machine = try parallel(
            #""Comment": """#,
            second: #""Type": "Task", "Resource": "\#(TaskTests.arn)", "End": true"#
        )
        var session = Session(machine, startAt: "B", input: [:])
        _ = session.on(.due)
        #expect(session.on(.failed(error: "E", cause: "c")) == .failBranch(error: "E", cause: "c"))
        #expect(session.types.suffix(2) == [.lambdaFunctionFailed, .taskStateAborted])
        #expect(session.branch.lastEvent == .recorded(5))
    }

    @Test func aFatalFailureInABranchEndsTheExecution() throws {
        let machine = try parallel(
            #""Catch": [{"ErrorEquals": ["States.ALL"], "Next": "P"}]"#,
            second: #""Type": "Pass", "InputPath": "$.no", "End": true"#
        )
        let execution = Simulator.run(machine)
        #expect(
            execution.lines == [
                "1 <- 0 ExecutionStarted", "2 <- 0 ParallelStateEntered", "3 <- 2 ParallelStateStarted",
                "4 <- 3 PassStateEntered", "5 <- 4 PassStateExited", "6 <- 3 PassStateEntered",
                "7 <- 6 ExecutionFailed",
            ]
        )
        let sentence = "Invalid path '$.no' : No results for path: $['no']"
        guard case .failed("States.Runtime", let cause) = execution.end else {
            Issue.record("\(String(describing: execution.end))")
            return
        }
        #expect(cause == "An error occurred while executing the state 'B' (entered at the event id #6). \(sentence)")
    }

    @Test(arguments: ["E", "States.ALL", "States.BranchFailed", "States.TaskFailed"])
    func aBranchesErrorIsRetriedAndCaught(name: String) throws {
        let machine = try parallel(
            #"""
            "Retry": [{"ErrorEquals": ["\#(name)"], "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["\#(name)"], "ResultPath": "$.error", "Next": "P"}]
            """#,
            second: #""Type": "Fail", "Error": "E", "Cause": "c""#
        )
        let execution = Simulator.run(machine)
        #expect(
            execution.lines == [
                "1 <- 0 ExecutionStarted", "2 <- 0 ParallelStateEntered", "3 <- 2 ParallelStateStarted",
                "4 <- 3 PassStateEntered", "5 <- 4 PassStateExited", "6 <- 3 FailStateEntered",
                "7 <- 6 ParallelStateStarted", "8 <- 7 PassStateEntered", "9 <- 8 PassStateExited",
                "10 <- 7 FailStateEntered", "11 <- 10 ParallelStateFailed", "12 <- 11 ParallelStateExited",
                "13 <- 12 PassStateEntered", "14 <- 13 PassStateExited", "15 <- 14 ExecutionSucceeded",
            ]
        )
        #expect(execution.end == .succeeded(JSONDocument(["error": ["Error": "E", "Cause": "c"]])))
    }

    @Test func aResultThatCannotBeSelectedFailsAfterTheBranches() throws {
        let machine = try parallel(#""ResultSelector": {"m.$": "$.nope"}"#)
        let execution = Simulator.run(machine)
        #expect(execution.lines.suffix(2) == ["8 <- 7 ParallelStateSucceeded", "9 <- 8 ExecutionFailed"])
        guard case .failed("States.Runtime", let cause) = execution.end else {
            Issue.record("\(String(describing: execution.end))")
            return
        }
        #expect(
            cause?.hasPrefix("An error occurred while executing the state 'F' (entered at the event id #2).") == true
        )
    }

    @Test func branchesOfBranches() throws {
        let inner = #"""
            "Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "X", "States": {"X": {"Type": "Wait", "Seconds": 3, "End": true}}},
                {"StartAt": "Y", "States": {"Y": {"Type": "Pass", "Result": "y", "End": true}}}
            ]
            """#
        let execution = Simulator.run(try parallel(#""Comment": """#, second: inner), input: "7")
        #expect(execution.end == .succeeded(JSONDocument(["a", [7, "y"]])))
    }
}
