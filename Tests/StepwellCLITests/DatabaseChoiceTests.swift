import ProcessTestSupport
import Testing

@Suite("Which database a command uses")
struct DatabaseChoiceTests {
    @Test func withoutAnyItSaysHowToNameOne() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("list")
        #expect(outcome.status == 3)
        #expect(
            outcome.errors == """
                error: no database was named, and no `stepwell dev` runs in this directory
                   do: set DATABASE_URL, or pass --database, or start one here: stepwell dev

                """
        )
    }

    @Test func aStringThatMakesNoSenseIsRefused() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("list", "--database", "hots=localhost")
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("hots"))
        #expect(outcome.errors.contains("   at: --database\n"))
    }

    @Test(arguments: [true, false])
    func oneThatCannotBeReachedIsNamedWithoutItsPassword(byOption: Bool) async throws {
        var stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        // Nobody listens on a port below 1024 without a reason, least of all on the one for discarding.
        let url = "postgresql://someone:sesame@127.0.0.1:9/orders"
        if !byOption { stepwell.environment["DATABASE_URL"] = url }
        let outcome = try await stepwell.run(["describe", "A:b"] + (byOption ? ["--database", url] : []))
        #expect(outcome.status == 3)
        #expect(outcome.errors.contains("   at: database orders at 127.0.0.1:9 as someone\n"))
        #expect(!outcome.errors.contains("sesame"))
    }
}
