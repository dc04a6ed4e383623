import Foundation
import Logging
import Postgres
import PostgresTestSupport
import ProcessTestSupport
import Testing

@Suite("stepwell doctor")
struct DoctorTests {
    /// A program with a database in which one execution has been stopped.
    private func prepared() async throws -> CommandLineProgram {
        let stepwell = try await CommandLineProgram.withDatabase()
        let definition = #"{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1000, "End": true}}}"#
        _ = try await stepwell("deploy", stepwell.file("Rest.asl.json", definition))
        _ = try await stepwell("start", "Rest", "--name", "one")
        let stopped = try await stepwell("stop", "Rest:one")
        try #require(stopped.status == 0, "\(stopped.errors)")
        return stepwell
    }

    private func sql(_ stepwell: CommandLineProgram, _ text: String) async throws {
        let configuration = try PostgresConfiguration(nil, environment: stepwell.environment)
        let connection = try await Connection.connect(configuration, logger: Logger(label: "tests"))
        try await connection.execute(Statement(text))
        await connection.close()
    }

    /// What `--json` says, by subject or invariant.
    private func levels(_ outcome: TestProcess.Outcome) throws -> [String: String] {
        let json = try outcome.json
        var levels: [String: String] = [:]
        for finding in try #require(json["findings"] as? [[String: Any]]) {
            levels[try #require(finding["subject"] as? String)] = finding["level"] as? String
        }
        for report in json["invariants"] as? [[String: Any]] ?? [] {
            levels[try #require(report["id"] as? String)] = (report["ok"] as? Bool).map { $0 ? "ok" : "broken" } ?? "-"
        }
        return levels
    }

    @Test func allIsSaidAboutAHealthyDatabase() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        let started = try stepwell.file("started", "Rest:one\n{\"executionArn\": \"Rest:one\", \"lastEvent\": 2}\n")
        let outcome = try await stepwell("doctor", "--json", "--quiet", "--acknowledged", started)
        let levels = try levels(outcome)
        #expect(levels["migrations"] == "fine")
        #expect(levels["partitions"] == "fine")
        #expect(levels["queue"] == "fine")
        // The tests' server keeps nothing over a crash, and says so.
        #expect(levels["settings"] == "problem" || levels["settings"] == "warning")
        let promises = levels.filter { $0.key.hasPrefix("I") && $0.key != "I8" }
        #expect(promises.count == 11 && promises.allSatisfy { $0.value == "ok" }, "\(outcome.output)")
    }

    @Test func aBrokenPromiseIsNamedWithTheExecution() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        try await sql(stepwell, "delete from stepwell.history")
        let text = try await stepwell("doctor")
        #expect(text.status == 1)
        #expect(text.output.contains("broken"))
        #expect(text.output.contains("Rest:one: it has 2 events, and 1 are recorded"), "\(text.output)")
        let missing = try await stepwell("doctor", "--json", "--acknowledged", stepwell.file("lost", "Rest:two\n"))
        #expect(missing.status == 1)
        #expect(try levels(missing)["I1"] == "broken")
    }

    @Test func findingsComeWithTheirRemedies() async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        try await sql(stepwell, "grant execute on function stepwell.stop_execution to public")
        let partition = Date().formatted(.iso8601.year())
        try await sql(
            stepwell,
            """
            do $$ declare t text; begin
                for t in select relname from pg_class where relnamespace = 'stepwell'::regnamespace
                    and relname ~ '^history_[0-9]+$' loop execute 'drop table stepwell.' || t; end loop;
            end $$
            """
        )
        let outcome = try await stepwell("doctor")
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("everybody may call: stop_execution"))
        #expect(outcome.output.contains("do: REVOKE EXECUTE"))
        #expect(outcome.output.contains("not there yet: history_\(partition)"), "\(outcome.output)")
        #expect(outcome.output.contains("do: workers make them once an hour"))
    }

    @Test func aDatabaseWithoutSchemaIsReportedWithTheRemedy() async throws {
        let stepwell = try await CommandLineProgram.withDatabase(migrated: false)
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("doctor")
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("stepwell migrate"))
    }

    @Test(arguments: [
        "nonsense", "{", #"{"executionArn": "a:b", "lastEvent": 1e300}"#, #"{"executionArn": "a:b", "startDate": 5}"#,
    ])
    func aLineThatCannotBeReadIsRefusedWithItsPlace(line: String) async throws {
        let stepwell = try await prepared()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("doctor", "--acknowledged", stepwell.file("lines", "Rest:one\n\(line)\n"))
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("lines:2"))
    }
}
