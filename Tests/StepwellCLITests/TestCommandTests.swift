import Foundation
import ProcessTestSupport
import Testing

@Suite("stepwell test")
struct TestCommandTests {
    private static let definition = #"""
        {"StartAt": "Charge", "States": {
          "Charge": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:charge", "Next": "Paid?"},
          "Paid?": {"Type": "Choice", "Choices": [{"Variable": "$.paid", "BooleanEquals": true, "Next": "Ship"}],
                    "Default": "Refuse"},
          "Ship": {"Type": "Succeed"},
          "Refuse": {"Type": "Fail", "Error": "Refused"}
        }}
        """#

    private static let cases = #"""
        {"definition": "Order.asl.json", "cases": {
          "ships what is paid": {"mocks": {"Charge": {"return": {"paid": true}}},
                                 "expect": {"path": ["Charge", "Paid?", "Ship"]}},
          "refuses the rest": {"mocks": {"Charge": {"return": {"paid": false}}}, "expect": {"error": "Unpaid"}}
        }}
        """#

    @Test func saysWhichCasesFailAndWhatIsCovered() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        _ = try stepwell.file("Order.asl.json", Self.definition)
        let outcome = try await stepwell("test", stepwell.file("order.test.json", Self.cases))
        #expect(outcome.status == 1)
        #expect(
            outcome.output == """
                ok    ships what is paid
                FAIL  refuses the rest
                      error: Refused instead of Unpaid

                1 of 2 cases passed
                states: 4 of 4 entered (100 %)
                branches: 2 of 2 taken (100 %)

                """
        )
        let one = try await stepwell("test", "order.test.json", "--case", "ships what is paid")
        #expect(one.status == 0)
        #expect(one.output.hasSuffix("branches: 1 of 2 taken (50 %); never taken: Paid? > Refuse\n"))
    }

    @Test func runsTheMockFileOfStepFunctionsLocal() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let definition = try stepwell.file("Order.asl.json", Self.definition)
        let mocks = try stepwell.file(
            "MockConfigFile.json",
            #"""
            {"StateMachines": {"Order": {"TestCases": {"Happy": {"Charge": "Paid"}}}},
             "MockedResponses": {"Paid": {"0": {"Return": {"paid": true}}}}}
            """#
        )
        let outcome = try await stepwell("test", mocks, "--definition", definition)
        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix("ran   Happy  SUCCEEDED\n      path: Charge > Paid? > Ship\n"))
        let refused = try await stepwell("test", mocks)
        #expect(refused.status == 2)
        #expect(refused.errors.contains("--definition FILE"))
    }

    @Test func theExamplesTestsPass() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = root.deletingLastPathComponent()
            .appending(path: "Sources/OrderWorker/StateMachines/OrderFulfillment.test.json")
        let outcome = try await stepwell("test", file.path)
        #expect(outcome.status == 0, "\(outcome.output) \(outcome.errors)")
        #expect(outcome.output.contains("3 of 3 cases passed"))
    }

    @Test func saysWhereATestFileIsWrong() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let file = try stepwell.file("t.json", #"{"definition": "d", "cases": {"a": {"expect": 1}}}"#)
        let outcome = try await stepwell("test", file)
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("at: t.json: cases/a/expect"))
    }
}
