import Expressions
import JSON
import Simulation
import StatesLanguage
import Testing

@Suite("Tests of whole machines")
struct MachineTestTests {
    private static let definition = #"""
        {"StartAt": "Charge", "States": {
          "Charge": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": {"TableName": "t", "Item": {}},
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 3600}],
            "Catch": [{"ErrorEquals": ["Declined"], "Next": "Refuse"}], "Next": "Check"},
          "Check": {"Type": "Choice", "Choices": [{"Variable": "$.paid", "BooleanEquals": true, "Next": "Rest"}],
            "Default": "Refuse"},
          "Rest": {"Type": "Wait", "Seconds": 1000000, "Next": "Done"},
          "Done": {"Type": "Succeed"},
          "Refuse": {"Type": "Fail", "Error": "Refused", "Cause": "no"}
        }}
        """#

    private func machine() throws -> StateMachine { try #require(Definition(parsing: Self.definition).machine) }

    private func file(_ cases: String) throws -> [MachineTest] {
        let value = try JSONValue(parsing: #"{"definition": "d", "cases": {\#(cases)}}"#)
        return try MachineTestFile(value) { (name) throws(MachineTestError) in
            throw MachineTestError("mocks", "not \(name)")
        }
        .tests
    }

    private func report(_ testCase: String) throws -> MachineTestReport {
        try #require(try file(#""case": \#(testCase)"#).first).run(machine(), name: "Order")
    }

    @Test("A case passes when the run is as expected; whatever the resource is, its work is mocked")
    func passes() throws {
        let report = try report(
            #"""
            {"mocks": {"Charge": [{"throw": {"error": "Busy"}, "times": 2}, {"return": {"paid": true, "n": 1.0}}]},
             "expect": {"output": {"n": 1, "paid": true}, "path": ["Charge", "Check", "Rest", "Done"]}}
            """#
        )
        #expect(report.problems == [])
        #expect(report.status == "SUCCEEDED")
    }

    @Test("Whatever differs is said")
    func fails() throws {
        let report = try report(
            #"""
            {"mocks": {"Charge": {"throw": {"error": "Declined", "cause": "poor"}}},
             "expect": {"output": 1, "path": ["Charge", "Done"]}}
            """#
        )
        #expect(
            report.problems == [
                "status: FAILED instead of SUCCEEDED", "error: Refused", "cause: no", "output: none instead of 1",
                "path: Charge > Refuse instead of Charge > Done",
            ]
        )
        let expected = try self.report(
            #"""
            {"mocks": {"Charge": {"return": {"paid": false}}}, "expect": {"error": "Refused", "cause": "yes"}}
            """#
        )
        #expect(expected.problems == ["cause: no instead of yes"])
    }

    @Test("Work without a mock fails the case, even where it is caught")
    func missing() throws {
        let report = try report(#"{"expect": {"status": "FAILED"}}"#)
        #expect(report.problems == ["call 1 of state 'Charge' has no mock"])
    }

    @Test("Coverage of states, and of the ways out of states that have several")
    func coverage() throws {
        var coverage = Coverage(of: try machine())
        coverage.add(try report(#"{"mocks": {"Charge": {"return": {"paid": true}}}}"#))
        #expect(coverage.stateShare == .init(covered: 4, total: 5, missing: ["Refuse"]))
        #expect(
            coverage.branchShare == .init(covered: 2, total: 4, missing: ["Charge > Refuse", "Check > Refuse"])
        )
        coverage.add(try report(#"{"mocks": {"Charge": {"throw": {"error": "Declined"}}}}"#))
        #expect(coverage.stateShare.missing == [])
        #expect(coverage.branchShare.missing == ["Check > Refuse"])
    }

    @Test("Waits and loops cost no time")
    func virtualTime() throws {
        let text = #"""
            {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 99999, "Next": "W2"},
             "W2": {"Type": "Choice", "Choices": [{"Variable": "$", "IsPresent": true, "Next": "W"}], "Default": "E"},
             "E": {"Type": "Succeed"}}}
            """#
        let machine = try #require(Definition(parsing: text).machine)
        let test = try #require(try file(#""endless": {"expect": {"error": "States.Runtime"}}"#).first)
        let report = test.run(machine, name: "Endless")
        #expect(report.problems == [])
        #expect(report.cause?.contains("maximum number of history events") == true)
    }

    @Test(
        "Faults of a test file have a place",
        arguments: [
            (#""a": 1"#, "cases/a: an object is needed"),
            (#""a": {"imput": 1}"#, "cases/a/imput: only input, mocks and expect are known here"),
            (
                #""a": {"mocks": {"S": {"returns": 1}}}"#,
                #"cases/a/mocks/S: a mock is {"return": …} or {"throw": {"error": …, "cause": …}}"#
            ),
            (
                #""a": {"mocks": {"S": {"return": 1, "times": 0}}}"#,
                "cases/a/mocks/S: times is a number from 1 to 1000000"
            ),
            (#""a": {"mocks": "x.json#M/C"}"#, "mocks: not x.json#M/C"),
            (#""a": {"expect": {"path": [1]}}"#, "cases/a/expect/path: an array with names of states is needed"),
            (#""a": {"expect": {"status": "DONE"}}"#, "cases/a/expect/status: it is SUCCEEDED, FAILED or TIMED_OUT"),
        ]
    )
    func faults(cases: String, fault: String) throws {
        do {
            _ = try file(cases)
            Issue.record("no fault")
        } catch let error as MachineTestError {
            #expect(error.description == fault)
        }
    }

    @Test("The mock file of Step Functions Local")
    func stepFunctionsLocal() throws {
        let mocks = try StepFunctionsLocalMocks(
            JSONValue(
                parsing: #"""
                    {"StateMachines": {"Order": {"TestCases": {
                       "Happy": {"Charge": "Paid"}, "Busy": {"Charge": "BusyThenPaid"}, "Lost": {"Charge": "Nothing"}}}},
                     "MockedResponses": {
                       "Paid": {"0": {"Return": {"paid": true}}},
                       "BusyThenPaid": {"2": {"Return": {"paid": true}}, "0-1": {"Throw": {"Error": "Busy", "Cause": "c"}}}}}
                    """#
            )
        )
        #expect(mocks.machines == ["Order"])
        #expect(mocks.cases(of: "Order") == ["Busy", "Happy", "Lost"])
        for name in ["Happy", "Busy"] {
            let test = MachineTest(
                name: name,
                input: JSONDocument([:]),
                mocks: try mocks.mocks(machine: "Order", testCase: name),
                expectation: nil
            )
            let report = test.run(try machine(), name: "Order")
            #expect(report.status == "SUCCEEDED")
            #expect(report.problems == [])
        }
        #expect(
            throws: MachineTestError("MockedResponses", "there is no response 'Nothing', which state 'Charge' uses")
        ) {
            try mocks.mocks(machine: "Order", testCase: "Lost")
        }
    }
}
