import Expressions
import Interpreter
import JSON
import Simulation
import StatesLanguage
import Testing

@Suite struct LimitTests {
    private func chain(_ count: Int) throws -> StateMachine {
        let states = (0..<count)
            .map { number in
                let next = number == count - 1 ? #""End": true"# : #""Next": "P\#(number + 1)""#
                return #""P\#(number)": {"Type": "Pass", \#(next)}"#
            }
        return try machine(startAt: "P0", states.joined(separator: ","))
    }

    /// Counts `$.n` up to the limit: three states, six events a turn.
    private func loop(_ count: Int) throws -> StateMachine {
        try machine(
            startAt: "Add",
            #"""
            "Add": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "More"},
            "More": {"Type": "Choice", "Default": "Add", "Choices": [
                {"Variable": "$.n", "NumericGreaterThanEquals": \#(count), "Next": "End"}
            ]},
            "End": {"Type": "Succeed"}
            """#
        )
    }

    @Test func aDecisionHasABoundedNumberOfStates() throws {
        var session = Session(try chain(5), limits: Limits(statesPerDecision: 2))
        #expect(session.on(.due) == .proceed(function: nil))
        #expect(session.branch.state == "P2")
        #expect(session.branch.phase == .entering)
        #expect(session.events.count == 4)
        #expect(session.on(.due) == .proceed(function: nil))
        #expect(session.on(.due) == .succeeded([:]))
        #expect(session.events.count == 11)
        #expect(session.branch.entry == 5)
    }

    @Test(arguments: [(nil, 40), (30, 30), (50, 40)] as [(Int?, Int)])
    func iterationsAtOnceMayBeLimited(given: Int?, expected: Int) throws {
        let field = given.map { #""MaxConcurrency": \#($0),"# } ?? ""
        let map = try machine(
            startAt: "Each",
            #"""
            "Each": {"Type": "Map", \#(field) "End": true, "ItemProcessor": {
                "StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": true}}}}
            """#
        )
        var session = Session(map, input: .array(Array(repeating: 1, count: 60)), limits: Limits(iterationsAtOnce: 40))
        guard case .fork(let fork) = session.on(.due) else {
            Issue.record("the Map did not fork")
            return
        }
        #expect(fork.maxConcurrency == expected)
    }

    @Test func aDecisionHasABoundedNumberOfBytes() throws {
        let text = JSONValue.string(String(repeating: "x", count: 398))
        var session = Session(try chain(5), input: text, limits: Limits(eventBytesPerDecision: 1_000))
        #expect(session.on(.due) == .proceed(function: nil))
        #expect(session.events.count == 4)
    }

    @Test func aPauseToBecomeDurableNamesTheFunctionThatComesNext() throws {
        let machine = try machine(
            startAt: "A",
            #"""
            "A": {"Type": "Pass", "Next": "T"},
            "T": {"Type": "Task", "Resource": "\#(TaskTests.arn)", "End": true}
            """#
        )
        var session = Session(machine, limits: Limits(statesPerDecision: 1))
        #expect(session.on(.due) == .proceed(function: "f"))
        #expect(session.on(.due) == .invoke("f", [:]))
    }

    @Test func aLongChainAndALongLoopEnd() throws {
        let chain = Simulator.run(try chain(1_000))
        #expect(chain.end == .succeeded(JSONDocument([:])))
        #expect(chain.history.count == 2_002)
        let loop = Simulator.run(try loop(50_000), input: #"{"n": 0}"#)
        #expect(loop.end == .succeeded(JSONDocument(["n": 50_000])))
        #expect(loop.history.count == 200_000 + 4)
        #expect(loop.decisions == 201)
    }

    @Test(arguments: [3, 10, 11, 12, 13, 500]) func aHistoryHasABoundedLength(statesPerDecision: Int) throws {
        let limits = Limits(historyEvents: 100, statesPerDecision: statesPerDecision)
        let execution = Simulator.run(try loop(1_000_000), input: #"{"n": 0}"#, limits: limits)
        #expect(execution.history.count == 100)
        #expect(execution.lines.last == "100 <- 99 ExecutionFailed")
        let cause = "The execution reached the maximum number of history events (100)."
        #expect(execution.end == .failed(error: "States.Runtime", cause: cause))
    }

    @Test func anExecutionThatJustFitsSucceeds() throws {
        for (limit, fits) in [(11, false), (12, true)] {
            let execution = Simulator.run(try chain(5), limits: Limits(historyEvents: limit))
            #expect((execution.end == .succeeded(JSONDocument([:]))) == fits)
            #expect(execution.history.count == limit)
        }
    }

    @Test(arguments: [(#""Result": "\#(String(repeating: "x", count: 99))""#, "P", "returned a result")])
    func outputsBeyondTheLimit(fields: String, state: String, verb: String) throws {
        let machine = try machine(startAt: "P", #""P": {"Type": "Pass", \#(fields), "End": true}"#)
        var session = Session(machine, limits: Limits(payloadBytes: 100))
        let cause = "The state/task '\(state)' \(verb) with a size exceeding the maximum number of bytes service limit."
        #expect(session.on(.due) == .failed("States.DataLimitExceeded", cause))
        #expect(session.types == [.passStateEntered, .executionFailed])
    }

    @Test func anExecutionTimesOut() throws {
        let machine = try machine(
            #"{"TimeoutSeconds": 5, "StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}"#
        )
        let execution = Simulator.run(machine)
        #expect(
            execution.lines == ["1 <- 0 ExecutionStarted", "2 <- 0 WaitStateEntered", "3 <- 0 ExecutionTimedOut"]
        )
        #expect(execution.end == .timedOut(error: nil, cause: nil))
        #expect(execution.history.last?.event.timestamp == .start.adding(seconds: 5.0))
    }

    /// A value made of one large part, thousands of times: small in memory, gigabytes when written.
    @Test(arguments: ["Parameters", "Assign"])
    func aValueThatWouldExplodeWhenWrittenIsRefusedBeforeItIsWritten(field: String) throws {
        let members = (0..<2_000).map { #""k\#($0).$": "$""# }.joined(separator: ",")
        let machine = try machine(startAt: "A", #""A": {"Type": "Pass", "\#(field)": {\#(members)}, "End": true}"#)
        let large = JSONValue.string(String(repeating: "x", count: 1 << 20))
        var session = Session(machine, input: large)
        guard case .endExecution(.failed(let error, _)) = session.on(.due) else {
            Issue.record("the execution goes on")
            return
        }
        #expect(error == "States.DataLimitExceeded")
    }

    @Test func outputsThatAreTooLargeTogetherAreRefusedBeforeTheyAreJoined() throws {
        let machine = try machine(
            startAt: "M",
            #"""
            "M": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "P", "States": {
                "P": {"Type": "Pass", "End": true}}}}
            """#
        )
        var session = Session(machine, input: [1, 2, 3], limits: Limits(payloadBytes: 1_000))
        _ = session.on(.due)
        let output = JSONDocument(.string(String(repeating: "x", count: 400)))
        guard case .endExecution(.failed(let error, _)) = session.on(.joined([output, output, output])) else {
            Issue.record("the execution goes on")
            return
        }
        #expect(error == "States.DataLimitExceeded")
    }
}
