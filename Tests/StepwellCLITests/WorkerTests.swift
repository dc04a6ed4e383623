import Foundation
import ProcessTestSupport
import Testing

@Suite("stepwell worker")
struct WorkerTests {
    private static let routing = """
        {
          "StartAt": "Route",
          "States": {
            "Route": {
              "Type": "Choice",
              "Choices": [{"Variable": "$.total", "NumericGreaterThan": 100, "Next": "Refuse"}],
              "Default": "Thank"
            },
            "Thank": {"Type": "Pass", "Result": {"message": "감사합니다"}, "End": true},
            "Refuse": {"Type": "Fail", "Error": "TooMuch", "Cause": "over the limit"}
          }
        }
        """

    /// Runs the body while a worker runs, then stops the worker and expects it to end in order.
    private func withWorker(_ body: (CommandLineProgram) async throws -> Void) async throws {
        let stepwell = try await CommandLineProgram.withDatabase()
        defer { stepwell.cleanUp() }
        let worker = try await stepwell.start("worker")
        do {
            _ = try await stepwell("deploy", stepwell.file("Routing.asl.json", Self.routing))
            try await body(stepwell)
        } catch {
            worker.send(SIGTERM)
            throw error
        }
        worker.send(SIGTERM)
        #expect(try await worker.status() == 0)
    }

    @Test func waitPrintsTheOutput() async throws {
        try await withWorker { stepwell in
            let outcome = try await stepwell("start", "Routing", "--name", "r1", "--input", #"{"total": 7}"#, "--wait")
            #expect(outcome.status == 0)
            #expect(outcome.output == "{\n  \"message\": \"감사합니다\"\n}\n")
            #expect(outcome.errors.hasPrefix("SUCCEEDED arn:aws:states:"))

            let history = try await stepwell("history", "Routing:r1")
            let events = history.output.split(separator: "\n").dropFirst()
                .map { line in
                    line.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
                }
            #expect(events.map(\.first) == ["1", "2", "3", "4", "5", "6"])
            #expect(events[1].contains("ChoiceStateEntered") && events[1].contains("Route"))
            #expect(events[5].contains("ExecutionSucceeded"))
        }
    }

    @Test func waitFailsWithAnExecutionThatFails() async throws {
        try await withWorker { stepwell in
            let text = try await stepwell("start", "Routing", "--input", #"{"total": 700}"#, "--wait")
            #expect(text.status == 1)
            #expect(text.output == "")
            #expect(text.errors.hasPrefix("FAILED arn:aws:states:"))
            #expect(text.errors.hasSuffix("error: TooMuch\ncause: over the limit\n"))
            let json = try await stepwell("start", "Routing", "--input", #"{"total": 700}"#, "--wait", "--json")
            #expect(json.status == 1)
            #expect(try json.json["error"] as? String == "TooMuch")
        }
    }
}
