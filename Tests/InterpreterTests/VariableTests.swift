import Interpreter
import JSON
import StatesLanguage
import Testing

@Suite struct VariableTests {
    @Test func assignSeesTheResultAndTheValuesOnEntry() throws {
        let machine = try machine(
            startAt: "A",
            #"""
            "A": {"Type": "Pass", "Result": {"n": 1}, "ResultPath": "$.deep", "Assign": {"x.$": "$.n", "y": 2}, "Next": "B"},
            "B": {"Type": "Pass", "Assign": {"x.$": "$y", "y.$": "$x"}, "OutputPath": "$x", "Next": "C"},
            "C": {"Type": "Pass", "Parameters": {"x.$": "$x", "y.$": "$y"}, "End": true}
            """#
        )
        var session = Session(machine)
        #expect(session.on(.due) == .succeeded(["x": 2, "y": 1]))
        #expect(session.branch.variables == ["x": 2, "y": 1])
        let assigned = session.events.compactMap { event in
            event.details.first { $0.name == "assignedVariables" }?.value
        }
        #expect(
            assigned == [
                .variables([.init(name: "x", value: JSONDocument(1)), .init(name: "y", value: JSONDocument(2))]),
                .variables([.init(name: "x", value: JSONDocument(2)), .init(name: "y", value: JSONDocument(1))]),
            ]
        )
    }

    @Test func aChoiceAssignsWithItsRuleOrItsDefault() throws {
        let machine = try machine(
            startAt: "C",
            #"""
            "C": {"Type": "Choice", "Assign": {"took": "default"}, "Default": "P", "Choices": [
                {"Variable": "$.n", "NumericEquals": 1, "Next": "P", "Assign": {"took": "one", "n.$": "$.n"}}
            ]},
            "P": {"Type": "Pass", "End": true}
            """#
        )
        var one = Session(machine, input: ["n": 1])
        #expect(one.on(.due) == .succeeded(["n": 1]))
        #expect(one.branch.variables == ["took": "one", "n": 1])
        var two = Session(machine, input: ["n": 2])
        #expect(two.on(.due) == .succeeded(["n": 2]))
        #expect(two.branch.variables == ["took": "default"])
    }

    @Test func onlyTheCatchersAssignRunsOnAnError() throws {
        let machine = try machine(
            startAt: "T",
            #"""
            "T": {
                "Type": "Task", "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:f",
                "Assign": {"ok": true}, "End": true,
                "Catch": [{"ErrorEquals": ["States.ALL"], "Assign": {"why.$": "$.Error"}, "Next": "P"}]
            },
            "P": {"Type": "Pass", "OutputPath": "$why", "End": true}
            """#
        )
        var session = Session(machine)
        _ = session.on(.due)
        #expect(session.on(.failed(error: "Broken", cause: "")) == .succeeded("Broken"))
        #expect(session.branch.variables == ["why": "Broken"])
    }

    @Test func branchesReadOuterVariablesAndCannotAssignThem() throws {
        let machine = try machine(
            startAt: "P",
            #"""
            "P": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"o.$": "$outer"}, "Assign": {"a": 1}, "End": true}}},
                {"StartAt": "B", "States": {"B": {"Type": "Pass", "Assign": {"b": 1}, "End": true}}}
            ]}
            """#
        )
        var reading = Session(machine, startAt: "A", input: [:])
        reading.branch.outerVariables = ["outer": "seen"]
        #expect(reading.on(.due) == .endBranch(JSONDocument(["o": "seen"])))
        var assigning = Session(machine, startAt: "B", input: [:])
        assigning.branch.outerVariables = ["b": 0]
        #expect(assigning.on(.due) == .proceed(function: nil))
        #expect(
            assigning.on(.due)
                == .runtimeError(
                    in: "B",
                    entered: 2,
                    "The variable 'b' belongs to an outer scope and cannot be assigned here."
                )
        )
    }

    @Test(arguments: [(10, true), (200, false)]) func oneAssignIsLimited(length: Int, fits: Bool) throws {
        let machine = try machine(
            startAt: "P",
            #""P": {"Type": "Pass", "Assign": {"v.$": "$"}, "ResultPath": null, "End": true}"#
        )
        let text = JSONValue.string(String(repeating: "x", count: length))
        var session = Session(machine, input: text, limits: Limits(assignedBytes: 100, variableBytes: 1_000))
        let cause =
            "The state/task 'P' assigned variables with a size exceeding the maximum number of bytes service limit."
        #expect(session.on(.due) == (fits ? .succeeded(text) : .failed("States.DataLimitExceeded", cause)))
    }

    @Test func allVariablesTogetherAreLimited() throws {
        let states = (0..<20)
            .map { number in
                let next = number == 19 ? #""End": true"# : #""Next": "P\#(number + 1)""#
                return #""P\#(number)": {"Type": "Pass", "Assign": {"v\#(number).$": "$"}, \#(next)}"#
            }
        let machine = try machine(startAt: "P0", states.joined(separator: ","))
        let text = JSONValue.string(String(repeating: "x", count: 97))
        var session = Session(machine, input: text, limits: Limits(assignedBytes: 100, variableBytes: 1_000))
        let cause =
            "The state/task 'P10' stored variables with a size exceeding the maximum number of bytes service limit."
        #expect(session.on(.due) == .failed("States.DataLimitExceeded", cause))
        #expect(session.branch.variables.count == 10)
    }
}
