import Foundation
import Postgres
import PostgresTestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct MigratorTests {
    private static let tables = [
        (
            "0001_create_users.sql",
            "CREATE TABLE users (id int PRIMARY KEY, name text);\nINSERT INTO users VALUES (1, ';');"
        ),
        (
            "0002_create_functions.sql",
            """
            -- A comment with a semicolon; and a quote '
            CREATE FUNCTION greet(who text) RETURNS text LANGUAGE plpgsql AS $$
            BEGIN
                RETURN 'hello; ' || who;
            END
            $$;
            CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS $body$ SELECT n * 2; $body$;
            """
        ),
        ("0003_add_column.sql", "ALTER TABLE users ADD COLUMN age int;"),
    ]

    @Test func appliesEachFileOnce() async throws {
        let configuration = try await TestCluster.shared().createDatabase()
        let migrator = try migrator(configuration, Self.tables)
        #expect(try await migrator.pending().map(\.number) == [1, 2, 3])
        #expect(try await migrator.run().map(\.number) == [1, 2, 3])
        #expect(try await migrator.run().isEmpty)
        #expect(try await migrator.pending().isEmpty)
        let connection = try await Connection.connect(configuration, logger: testLogger)
        #expect(try await connection.query("SELECT greet('you')").only().text(0) == "hello; you")
        #expect(try await connection.query("SELECT age FROM users").only().optionalInt(0) == nil)
        let rows = try await connection.query("SELECT number, name, applied_at FROM stepwell.migrations ORDER BY 1")
        #expect(try rows.map { try $0.text(1) } == Self.tables.map(\.0))
    }

    @Test func appliesWhatWasAddedLater() async throws {
        let configuration = try await TestCluster.shared().createDatabase()
        #expect(try await migrator(configuration, Array(Self.tables[..<2])).run().map(\.number) == [1, 2])
        #expect(try await migrator(configuration, Self.tables).pending().map(\.number) == [3])
        #expect(try await migrator(configuration, Self.tables).run().map(\.number) == [3])
        // An older program, started again beside the new one, has nothing to say against it.
        #expect(try await migrator(configuration, Array(Self.tables[..<2])).run().isEmpty)
    }

    @Test func manyAtOnceApplyEachFileOnce() async throws {
        let configuration = try await TestCluster.shared().createDatabase()
        let migrator = try migrator(configuration, Self.tables)
        let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<4 { group.addTask { try await migrator.run().map(\.number) } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(applied.sorted() == [1, 2, 3])
    }

    @Test func keepsItsRecordInTheGivenSchema() async throws {
        var configuration = try await TestCluster.shared().createDatabase()
        configuration.schema = try SchemaName("user")
        let migrator = try migrator(configuration, Self.tables)
        #expect(try await migrator.run().count == 3)
        #expect(try await migrator.pending().isEmpty)
        let connection = try await Connection.connect(configuration, logger: testLogger)
        #expect(try await connection.query("SELECT * FROM \"user\".migrations").count == 3)
    }

    @Test func aChangedFileIsRefused() async throws {
        let configuration = try await TestCluster.shared().createDatabase()
        try await migrator(configuration, Self.tables).run()
        var changed = Self.tables
        changed[1].1 += " "
        let error = await migrationError { try await migrator(configuration, changed).run() }
        #expect(error?.kind == .mismatch)
        #expect(error?.file == "0002_create_functions.sql")
        #expect(error?.description.contains("put the change into a new migration") == true)
        var renamed = Self.tables
        renamed[0].0 = "0001_create_people.sql"
        let other = await migrationError { try await migrator(configuration, renamed).run() }
        #expect(other?.kind == .mismatch)
        #expect(other?.message.contains("0001_create_users.sql") == true)
    }

    @Test func aRecordWithAGapIsRefused() async throws {
        let configuration = try await TestCluster.shared().createDatabase()
        try await migrator(configuration, Self.tables).run()
        let connection = try await Connection.connect(configuration, logger: testLogger)
        try await connection.execute("DELETE FROM stepwell.migrations WHERE number = 2")
        let error = await migrationError { try await migrator(configuration, Self.tables).run() }
        #expect(error?.kind == .mismatch)
        #expect(error?.file == "0003_add_column.sql")
    }

    @Test(
        "numbers count up from 1 without gaps, and names say what for",
        arguments: [
            (["0002_b.sql"], "0002_b.sql: number 1 is missing before this file"),
            (["0001_a.sql", "0003_c.sql"], "0003_c.sql: number 2 is missing before this file"),
            (["0001_a.sql", "0001_b.sql"], "number 1 is used twice"),
            (["0000_a.sql"], "0000_a.sql: a migration is called like 0001_create_orders.sql"),
            (["1_a.sql"], "1_a.sql: a migration is called like"), (["0001_.sql"], "a migration is called like"),
            (["0001_A.sql"], "a migration is called like"), (["0001a.sql"], "a migration is called like"),
            (["٠٠٠١_a.sql"], "a migration is called like"),
        ]
    )
    func names(names: [String], message: String) async throws {
        let configuration = try PostgresConfiguration("host=nowhere")
        let error = await migrationError { try migrator(configuration, names.map { ($0, "") }) }
        #expect(error?.kind == .invalid)
        #expect(error?.description.contains(message) == true)
    }

    @Test(
        "an error names its place in the file",
        arguments: [
            (
                "CREATE TABLE a (n int);\n\n  SELECT * FORM a;\n",
                "0002_broken.sql:3:12: syntax error at or near \"FORM\" [42601]"
            ),
            ("SELECT 'ü', '주문',\r\n missing;", "0002_broken.sql:2:2: column \"missing\" does not exist [42703]"),
            (
                "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n    RETRUN 1;\nEND $$;",
                "0002_broken.sql:3:5: syntax error at or near \"RETRUN\" [42601]"
            ),
            (
                "SELECT 1;\nSELECT 2;\nSELECT 1 / 0;",
                "0002_broken.sql: division by zero (statement 3 of the file) [22012]"
            ),
        ]
    )
    func places(sql: String, message: String) async throws {
        let configuration = try await TestCluster.shared().createDatabase()
        let migrator = try migrator(configuration, [Self.tables[0], ("0002_broken.sql", sql)])
        let error = await migrationError { try await migrator.run() }
        #expect(error?.kind == .failed)
        #expect(error?.description == message)
        // What came before stays, nothing of the broken file does.
        #expect(try await migrator.pending().map(\.number) == [2])
        let connection = try await Connection.connect(configuration, logger: testLogger)
        #expect(try await connection.query("SELECT to_regclass('a') IS NULL").only().bool(0))
    }

    @Test(
        "a file can't leave its transaction or the protocol",
        arguments: [
            ("CREATE TABLE a (); COMMIT;", "the file ends its transaction"),
            ("COPY users FROM STDIN;", "COPY from or to the client isn't possible in a migration"),
            ("COPY users TO STDOUT;", "COPY from or to the client isn't possible in a migration"),
        ]
    )
    func escapes(sql: String, message: String) async throws {
        let configuration = try await TestCluster.shared().createDatabase()
        let migrator = try migrator(configuration, [Self.tables[0], ("0002_broken.sql", sql)])
        let error = await migrationError { try await migrator.run() }
        #expect(error?.kind == .failed)
        #expect(error?.file == "0002_broken.sql")
        #expect(error?.message.contains(message) == true)
        #expect(try await migrator.pending().map(\.number) == [2])
    }

    @Test func settingsOfOneFileDontReachTheNext() async throws {
        let configuration = try await TestCluster.shared().createDatabase()
        let migrator = try migrator(
            configuration,
            [
                ("0001_set.sql", "CREATE SCHEMA other; SET search_path = other;"),
                ("0002_use.sql", "CREATE TABLE here ();"),
            ]
        )
        try await migrator.run()
        let connection = try await Connection.connect(configuration, logger: testLogger)
        #expect(try await connection.query("SELECT to_regclass('public.here') IS NOT NULL").only().bool(0))
    }

    @Test func needsNoRightsOnceTheDatabaseIsUpToDate() async throws {
        var configuration = try await TestCluster.shared().createDatabase()
        try await migrator(configuration, Self.tables).run()
        let connection = try await Connection.connect(configuration, logger: testLogger)
        let role = "reader_of_\(try #require(configuration["dbname"]))"
        _ = try await connection.batch([
            Statement("DROP ROLE IF EXISTS \(role)"), Statement("CREATE ROLE \(role) LOGIN"),
            Statement("GRANT USAGE ON SCHEMA stepwell TO \(role)"),
            Statement("GRANT SELECT ON stepwell.migrations TO \(role)"),
        ])
        configuration["user"] = role
        #expect(try await migrator(configuration, Self.tables).run().isEmpty)
        let more = Self.tables + [("0004_more.sql", "CREATE TABLE more ();")]
        let error = await migrationError { try await migrator(configuration, more).run() }
        #expect(error?.cause?.sqlState == .insufficientPrivilege)
        _ = try await connection.batch([Statement("DROP OWNED BY \(role)"), Statement("DROP ROLE \(role)")])
    }

    @Test func readsADirectory() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        for (name, text) in [("0002_b.sql", "SELECT 2"), ("0001_a.sql", "SELECT '주문'"), ("README.md", "no")] {
            try Data(text.utf8).write(to: directory.appendingPathComponent(name))
        }
        let migrations = try Migration.read(from: directory.path)
        #expect(migrations.map(\.fileName) == ["0001_a.sql", "0002_b.sql"])
        #expect(migrations[0].sql == "SELECT '주문'")
        try Data([0x53, 0xFF]).write(to: directory.appendingPathComponent("0003_c.sql"))
        #expect(throws: MigrationError.self) { try Migration.read(from: directory.path) }
        #expect(throws: MigrationError.self) { try Migration.read(from: directory.path + "/missing") }
    }

    private func migrator(
        _ configuration: PostgresConfiguration,
        _ files: [(String, String)]
    ) throws -> Migrator {
        let migrations = try files.map { try Migration(fileName: $0.0, sql: $0.1) }
        return try Migrator(configuration, migrations: migrations, logger: testLogger)
    }

    private func migrationError<Value>(_ body: () async throws -> Value) async -> MigrationError? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? MigrationError
        }
    }
}
