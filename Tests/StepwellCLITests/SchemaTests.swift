import Foundation
import Logging
import Postgres
import PostgresTestSupport
import ProcessTestSupport
import Testing

/// Two installations in one database, each in a schema of its own.
@Suite("--schema")
struct SchemaTests {
    private static let machine = """
        {"StartAt": "Thank", "States": {"Thank": {"Type": "Pass", "Result": "감사합니다", "End": true}}}
        """

    @Test func separatesInstallationsInOneDatabase() async throws {
        var first = try await CommandLineProgram.withDatabase(migrated: false)
        defer { first.cleanUp() }
        var second = first
        // A word of SQL can be a name as well.
        first.environment["STEPWELL_SCHEMA"] = "order"
        second.environment["STEPWELL_SCHEMA"] = nil
        #expect(try await first("migrate").status == 0)
        var configuration = try PostgresConfiguration(first.environment["DATABASE_URL"])
        let connection = try await Connection.connect(configuration, logger: .init(label: "test"))
        #expect(try await connection.query("select from pg_namespace where nspname = 'stepwell'").isEmpty)
        #expect(try await second("migrate", "--schema", "stock").status == 0)

        let file = try first.file("Thanks.asl.json", Self.machine)
        #expect(try await first("deploy", file).status == 0)
        let unknown = try await second("start", "Thanks", "--schema", "stock")
        #expect(unknown.status != 0 && unknown.errors.contains("Thanks"))
        #expect(try await second("deploy", file, "--schema", "stock").status == 0)

        let workers = [try await first.start("worker"), try await second.start("worker", "--schema", "stock")]
        let waited = try await first("start", "Thanks", "--name", "one", "--wait")
        #expect(waited.output == "\"감사합니다\"\n")
        _ = try await connection.query(#"select "order".start_execution('Thanks', '{}', 'two')"#)
        #expect(try await second("start", "Thanks", "--name", "three", "--wait", "--schema", "stock").status == 0)
        let followed = try await first("watch", "Thanks:two")
        #expect(followed.status == 0 && followed.output.contains("ExecutionSucceeded"))
        let listed = try await first("list", "--json")
        #expect(!listed.output.contains(":three"))
        for worker in workers {
            worker.send(SIGTERM)
            #expect(try await worker.status() == 0)
        }
        let checkup = try await first("doctor", "--all", "--json")
        let invariants = try #require(try checkup.json["invariants"] as? [[String: Any]])
        #expect(invariants.count == 12 && invariants.allSatisfy { $0["violations"] as? Int == 0 })
        configuration.schema = try SchemaName("stock")
        #expect(
            try await Connection.connect(configuration, logger: .init(label: "test"))
                .query("select from stepwell.executions").count == 1
        )
    }

    @Test func refusesWhatCannotBeOne() async throws {
        let stepwell = try await CommandLineProgram.withDatabase(migrated: false)
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("migrate", "--schema", "my orders")
        #expect(outcome.status != 0)
        #expect(outcome.errors.contains("--schema") && outcome.errors.contains("my orders"))
    }
}
