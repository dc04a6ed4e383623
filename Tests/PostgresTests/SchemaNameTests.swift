import Postgres
import PostgresTestSupport
import Testing

/// Statements are written for a schema called `stepwell`; a database may have another name for it.
@Suite("The schema's name")
struct SchemaNameTests {
    @Test(arguments: [
        ("select * from stepwell.steps s", #"select * from "orders".steps s"#),
        (
            "select stepwell.claim($1), 'stepwell.steps'::regclass",
            #"select "orders".claim($1), '"orders".steps'::regclass"#
        ),
        ("create schema stepwell", #"create schema "orders""#),
        (
            "REVOKE ALL ON ALL TABLES IN SCHEMA  stepwell FROM PUBLIC",
            #"REVOKE ALL ON ALL TABLES IN SCHEMA  "orders" FROM PUBLIC"#
        ),
        ("where n.nspname = 'stepwell'", "where n.nspname = 'orders'"),
        (#"select number from "stepwell".migrations"#, #"select number from "orders".migrations"#),
        ("format('stepwell.%I', name)", #"format('"orders".%I', name)"#),
    ])
    func isPutWhereTheSchemaIsMeant(written: String, sent: String) throws {
        #expect(try SchemaName("orders").replacing(in: written) == sent)
        #expect(SchemaName.written.replacing(in: written) == written)
    }

    @Test(arguments: [
        "select pg_notify('stepwell_work', '0')",
        "grant stepwell_engine to stepwell-worker",
        "hint = 'Deploy it first: stepwell deploy FILE.asl.json'",
        "select mystepwell.x, a.stepwell.b",
        "select 'über' as stepwell",
    ])
    func isLeftAloneElsewhere(text: String) throws {
        #expect(try SchemaName("orders").replacing(in: text) == text)
    }

    @Test(arguments: [
        "", "Orders", "my orders", "1st", "a\"b", "ä", "a;b", "pg_orders", "public", "information_schema",
        String(repeating: "a", count: 41),
    ])
    func thatCannotBeIsRefused(name: String) {
        #expect(throws: PostgresError.self) { try SchemaName(name) }
    }

    @Test func comesFromTheEnvironment() throws {
        #expect(
            try PostgresConfiguration("", environment: ["STEPWELL_SCHEMA": "orders"]).schema.description == "orders"
        )
        #expect(try PostgresConfiguration("", environment: ["STEPWELL_SCHEMA": ""]).schema == .written)
        #expect(throws: PostgresError.self) { try PostgresConfiguration("", environment: ["STEPWELL_SCHEMA": "a b"]) }
    }

    @Test func isNotPutIntoTextOfOthers() async throws {
        var configuration = try await TestCluster.shared().createDatabase()
        configuration.schema = try SchemaName("orders")
        let connection = try await Connection.connect(configuration, logger: testLogger)
        let text = "select 'stepwell.steps'"
        let rows = try await connection.batch([Statement(text, isVerbatim: true), Statement(text)])
        #expect(try rows.map { try $0.only().text(0) } == ["stepwell.steps", #""orders".steps"#])
    }
}
