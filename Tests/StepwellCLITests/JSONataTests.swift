import ProcessTestSupport
import Testing

@Suite("stepwell jsonata")
struct JSONataTests {
    @Test func printsTheResultOfAnExpression() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("jsonata", "[1..3] ~> $sum()")
        #expect(outcome.status == 0)
        #expect(outcome.output == "6\n")
    }

    @Test func showsWhereAnExpressionIsWrong() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("jsonata", "1 + ")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("S0207"))
        #expect(outcome.errors.contains("^"))
    }
}
