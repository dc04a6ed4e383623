import Expressions
import Interpreter
import JSON
import Simulation
import StatesLanguage
import Testing

/// Machines and outcomes made up at random: nothing may trap, and everything must come to an end.
@Suite struct RandomMachineTests {
    /// Writes a random machine that ends: every state goes on to a later one.
    private struct Writer {
        var random: SeededRandom
        var count = 0

        mutating func pick<Element>(_ elements: [Element]) -> Element {
            elements[Int.random(in: 0..<elements.count, using: &random)]
        }

        mutating func scope(depth: Int) -> String {
            let first = count
            let length = Int.random(in: 1...4, using: &random)
            count += length
            let states = (0..<length)
                .map { place in
                    state("S\(first + place)", next: place == length - 1 ? nil : "S\(first + place + 1)", depth: depth)
                }
            return #""StartAt": "S\#(first)", "States": {\#(states.joined(separator: ", "))}"#
        }

        private mutating func state(_ name: String, next: String?, depth: Int) -> String {
            let way = next.map { #""Next": "\#($0)""# } ?? #""End": true"#
            let references = ["$", "$.a", "$.a.b", "$.list[0]"]
            let paths = ["$", "$.a", "$.a.b", "$.list", "$.list[0]", "$.list[*]", "$$", "$$.Map.Item.Value", "$..a"]
            var kinds = [
                #""Type": "Pass", \#(way)"#,
                #""Type": "Pass", "InputPath": "\#(pick(paths))", \#(way)"#,
                #""Type": "Pass", "Result": {"a": {"b": [1]}, "list": [1, {"a": 2}, []]}, "ResultPath": "\#(pick(["$", "$.a", "$.a.b"]))", \#(way)"#,
                #""Type": "Pass", "Parameters": {"a.$": "\#(pick(paths))", "list.$": "States.Array(1, $)"}, \#(way)"#,
                #""Type": "Pass", "Assign": {"\#(name)": 1, "copy.$": "\#(pick(paths))"}, \#(way)"#,
                #""Type": "Wait", "SecondsPath": "\#(pick(references))", \#(way)"#,
                #""Type": "Wait", "Seconds": 3, "OutputPath": "\#(pick(paths))", \#(way)"#,
                #""Type": "Task", "Resource": "\#(TaskTests.arn)", "TimeoutSeconds": 5, "ResultPath": "\#(pick(["$", "$.a", "$.list[0]"]))", \#(failures()) \#(way)"#,
            ]
            if let next {
                let operations = [
                    #""IsPresent": true"#, #""StringMatches": "*a*""#, #""NumericGreaterThanPath": "$.a""#,
                ]
                let rule = #"{"Variable": "\#(pick(references))", \#(pick(operations)), "Next": "\#(next)"}"#
                kinds.append(#""Type": "Choice", "Choices": [\#(rule)], "Default": "\#(next)""#)
                kinds.append(#""Type": "Choice", "Choices": [\#(rule)]"#)
            } else {
                kinds.append(#""Type": "Succeed", "OutputPath": "\#(pick(paths))""#)
                kinds.append(#""Type": "Fail", "Error": "\#(pick(["E", "States.Timeout"]))", "CausePath": "$.a""#)
            }
            if depth > 0 {
                kinds += [
                    #""Type": "Parallel", "Branches": [{\#(scope(depth: depth - 1))}, {\#(scope(depth: depth - 1))}], \#(failures()) \#(way)"#
                ]
                kinds += [
                    #""Type": "Map", "ItemsPath": "\#(pick(["$.list", "$"]))", "MaxConcurrency": \#(pick([0, 1, 2])), "ItemProcessor": {\#(scope(depth: depth - 1))}, \#(failures()) \#(way)"#
                ]
            }
            return #""\#(name)": {\#(pick(kinds))}"#
        }

        private mutating func failures() -> String {
            pick([
                "", #""Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}],"#,
                #""Retry": [{"ErrorEquals": ["E"], "JitterStrategy": "FULL"}],"#,
                #""ResultSelector": {"a.$": "$"},"#,
            ])
        }
    }

    @Test(arguments: 0..<20) func everyRunEnds(block: UInt64) throws {
        for seed in block * 25..<(block + 1) * 25 {
            var writer = Writer(random: SeededRandom(seed: seed))
            let parsed = Definition(parsing: "{\(writer.scope(depth: 2))}")
            let machine = try #require(parsed.machine, "seed \(seed): \(parsed.diagnostics)")
            var random = SeededRandom(seed: seed)
            let execution = Simulator.run(
                machine,
                input: writer.pick(["{}", "1", #"{"a": {"b": 1}, "list": [1, {"a": "a"}]}"#, "[[1], {}]"]),
                functions: [
                    "f": { call in
                        let outcomes: [(Outcome, Double)] = [
                            (.succeeded(call.input), 1), (.succeeded(["a": 1]), 0),
                            (.failed(error: "E", cause: "c"), 1),
                            (.failed(error: "States.Runtime", cause: ""), 1), (.heartbeatMissed, 2), (.timedOut, 5),
                            (.joined([]), 1), (.succeeded(nil), 9),
                        ]
                        return outcomes[Int.random(in: 0..<outcomes.count, using: &random)]
                    }
                ],
                limits: Limits(statesPerDecision: writer.pick([1, 3, 500])),
                recordsCallsLate: writer.pick([false, true])
            )
            #expect(execution.end != nil, "seed \(seed): \(parsed)")
            let types = execution.history.map(\.event.type)
            #expect(types.count { [.executionSucceeded, .executionFailed].contains($0) } == 1, "seed \(seed)")
            #expect([.executionSucceeded, .executionFailed].contains(types.last), "seed \(seed)")
            for (place, entry) in execution.history.enumerated() {
                #expect(entry.previous <= place, "seed \(seed), event \(place + 1)")
            }
        }
    }

    /// Any outcome in any phase, whether it makes sense or not.
    @Test func anyOutcomeInAnyPhaseIsAnswered() throws {
        let machine = try machine(
            startAt: "T",
            #"""
            "T": {"Type": "Task", "Resource": "\#(TaskTests.arn)", "Retry": [{"ErrorEquals": ["States.ALL"]}], "Next": "C"},
            "C": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": {"StateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:x"}, "Next": "M"},
            "M": {"Type": "Map", "Next": "W", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Fail"}}}},
            "W": {"Type": "Wait", "Seconds": 5, "End": true}
            """#
        )
        let outcomes: [Outcome] = [
            .due, .succeeded([1, 2]), .failed(error: "", cause: ""), .timedOut, .heartbeatMissed,
            .submitted(JSONDocument(nil)), .joined([JSONDocument(1)]),
            .branchFailed(BranchFailure(error: "E", cause: "")),
        ]
        for phase in Branch.Phase.allCases {
            for state in ["T", "C", "M", "W", "I"] {
                for outcome in outcomes {
                    for item in [nil, MapItem(index: .max, value: JSONDocument([]))] {
                        var session = Session(machine, input: [1])
                        session.branch.phase = phase
                        session.branch.state = state
                        session.branch.item = item
                        session.branch.lastEvent = .recorded(3)
                        _ = session.on(outcome)
                        #expect(session.branch.events.isEmpty)
                    }
                }
            }
        }
    }
}
