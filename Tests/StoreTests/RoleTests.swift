import Foundation
import Interpreter
import JSON
import Postgres
import PostgresTestSupport
import Testing

@testable import Store

/// Who may do what: what is granted, read off the catalogue for every table and every function, and what that comes to.
@Suite("Roles")
struct RoleTests {
    private static let clientFunctions: Set = [
        "start_execution", "start_executions", "stop_execution", "send_task_success", "send_task_failure",
        "send_task_heartbeat", "redrive_execution",
    ]
    /// Triggers on clients' tables, which do nothing but what the client may.
    private static let clientTriggers: Set = ["on_insert", "off_insert", "insert_trigger", "start_for_rows"]
    private static let partitionFunctions: Set = ["create_partitions", "drop_expired_partition", "forget_kept"]
    private static let ownersFunctions: Set = ["grant_rights", "set_buckets", "add_token_key", "change_settings"]

    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture()
        _ = try await Store.createRoles(fixture.configuration, logger: fixture.store.logger)
    }

    /// What a role may do with a table, as the letters of `SELECT`, `INSERT`, `UPDATE`, `DELETE` and the rest.
    private func expected(_ role: DatabaseRole, _ table: String, isView: Bool, isPartition: Bool) -> String {
        switch role {
        case .migrate: "SIUDTRG"
        case _ where isPartition: ""
        case .engine: isView || ["migrations", "settings", "token_keys"].contains(table) ? "S" : "SIUD"
        case .client: isView ? "S" : ""
        case .reader: ["token_keys", "access_keys"].contains(table) ? "" : "S"
        }
    }

    @Test("every table and view, every role", arguments: DatabaseRole.allCases)
    func tables(role: DatabaseRole) async throws {
        let rows = try await fixture.sql(
            """
            select c.relname::text, c.relkind = 'v', c.relispartition, coalesce((
                select string_agg(p.letter, '' order by p.n)
                from unnest(
                    array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'],
                    array['S', 'I', 'U', 'D', 'T', 'R', 'G']) with ordinality as p (privilege, letter, n)
                where has_table_privilege($1, c.oid, p.privilege)), '')
            from pg_class c
            where c.relnamespace = 'stepwell'::regnamespace and c.relkind in ('r', 'p', 'v')
            """,
            [.text(role.rawValue)]
        )
        #expect(rows.count > 30)
        for row in rows {
            let (table, isView, isPartition) = (try row.text(0), try row.bool(1), try row.bool(2))
            let wanted = expected(role, table, isView: isView, isPartition: isPartition)
            #expect(try row.text(3) == wanted, "\(role.rawValue) on \(table)")
        }
    }

    @Test("every function, every role")
    func functions() async throws {
        let rows = try await fixture.sql(
            """
            select p.proname::text, p.provolatile::text, has_function_privilege('stepwell_engine', p.oid, 'EXECUTE'),
                has_function_privilege('stepwell_client', p.oid, 'EXECUTE'),
                has_function_privilege('stepwell_reader', p.oid, 'EXECUTE'),
                exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0),
                pg_get_userbyid(p.proowner)::text
            from pg_proc p where p.pronamespace = 'stepwell'::regnamespace
            """
        )
        #expect(rows.count > 80)
        for row in rows {
            let name = try row.text(0)
            let reads = try row.text(1) != "v" && !["read_task_token", "token_mac"].contains(name)
            #expect(try row.bool(2) == !Self.ownersFunctions.contains(name), "engine, \(name)")
            let isForClients = Self.clientFunctions.union(Self.clientTriggers).contains(name)
            #expect(try row.bool(3) == isForClients, "client, \(name)")
            #expect(try row.bool(4) == reads, "reader, \(name)")
            #expect(try !row.bool(5), "everybody, \(name)")
            #expect(try row.text(6) == "stepwell_migrate", "owner of \(name)")
        }
    }

    @Test("no function looks for names elsewhere, and only the clients' and the partitions' have their owner's rights")
    func searchPaths() async throws {
        let rows = try await fixture.sql(
            """
            select p.proname::text, p.prosecdef,
                exists (select from unnest(p.proconfig) c where c = 'search_path=pg_catalog, pg_temp')
            from pg_proc p where p.pronamespace = 'stepwell'::regnamespace
            """
        )
        // Single expressions of built-in functions, which see what their callers see.
        let expressions: Set = [
            "bucket_of", "uuid_at", "new_execution_id", "is_due", "lease_is_over", "lives",
            "ready_since", "due_again",
        ]
        for row in rows {
            let name = try row.text(0)
            #expect(try row.bool(2) || expressions.contains(name), "the search_path of \(name)")
            let definer = Self.clientFunctions.union(Self.partitionFunctions).contains(name)
            #expect(try row.bool(1) == definer, "the rights of \(name)")
        }
    }

    @Test("the engine's role runs everything that the owner's does, and owns nothing")
    func engine() async throws {
        try await withLogin(in: .engine) { login in
            let engine = try await StoreFixture(fixture, user: login)
            try await engine.deploy(
                "Each",
                startAt: "Each",
                """
                "Each": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "Work", "States": {
                    "Work": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:work", "End": true}}}}
                """
            )
            let execution = try await engine.start("Each", input: "[1, 2, 3]")
            try await ManualWorker(fixture: engine, functions: ["work": { .succeeded($0) }]).run()
            #expect(try await engine.store.describe(execution.arn).summary.status == .succeeded)
            _ = try await fixture.sql("update stepwell.state_machines set retention = interval '1 microsecond'")
            let page = try await engine.store.forgetExpired(bucket: 0, after: nil, limit: 10) { _ in }
            let other = try await engine.store.forgetExpired(bucket: 1, after: nil, limit: 10) { _ in }
            #expect(page.forgotten + other.forgotten == 1)
            #expect(try await !engine.store.dropExpiredPartition())
            _ = try await fixture.sql("drop table \(newestPartition())")
            try await engine.store.createPartitions()
            #expect(try await !fixture.sql("select to_regclass($1)", [.text(newestPartition())]).only().isNull(0))
            for statement in ["update stepwell.settings set account = '1'", "drop table stepwell.steps"] {
                await #expect(throws: PostgresError.self) { try await engine.sql(statement) }
            }
            await engine.store.close()
        }
    }

    private func newestPartition() async throws -> String {
        try await fixture.sql(
            """
            select 'stepwell.history_' || to_char(date_trunc('week', now() at time zone 'UTC') + interval '4 weeks', 'YYYYMMDD')
            """
        )
        .only().text(0)
    }

    @Test("a client starts, stops and looks on, whatever its search_path, and touches nothing")
    func client() async throws {
        try await fixture.deploy("Rest", startAt: "Rest", #""Rest": {"Type": "Wait", "Seconds": 9, "End": true}"#)
        try await withLogin(in: .client) { login in
            _ = try await fixture.sql("create schema trap authorization \"\(login)\"")
            var configuration = fixture.configuration
            configuration["user"] = login
            let connection = try await Connection.connect(configuration, logger: fixture.store.logger)
            _ = try await connection.query(
                """
                create function trap.sha256(bytea) returns bytea language plpgsql as
                $$ begin raise exception 'caught as %', current_user; end $$
                """
            )
            _ = try await connection.query("set search_path = trap, pg_catalog")
            let large = String(repeating: "x", count: 5000)
            let arn =
                try await connection.query(
                    Statement("select stepwell.start_execution('Rest', $1, 'one')", [.json("\"\(large)\"")])
                )
                .only().text(0)
            let row =
                try await connection.query(
                    "select input::text, arn, state_machine from stepwell.execution_overview"
                )
                .only()
            #expect(try row.text(0) == "\"\(large)\"")
            #expect(try row.text(1) == arn)
            #expect(try await connection.query("select 1 from stepwell.step_overview").count == 1)
            #expect(try await connection.query("select 1 from stepwell.queue_overview").count == 1)
            #expect(try await connection.query("select arn from stepwell.state_machine_overview").count == 1)
            _ = try await connection.query(Statement("select stepwell.stop_execution($1)", [.text(arn)]))
            let refused = [
                "select 1 from stepwell.executions", "select 1 from stepwell.token_keys",
                "select stepwell.payload(0, gen_random_uuid(), null, gen_random_uuid())",
                "select stepwell.sweep(0, 1)", "insert into stepwell.tags values ('a', 'b', 'c')",
            ]
            for statement in refused {
                await #expect { _ = try await connection.query(Statement(statement)) } throws: { error in
                    (error as? PostgresError)?.sqlState == .insufficientPrivilege
                }
            }
            await connection.close()
            _ = try await fixture.sql("drop schema trap cascade")
        }
    }

    @Test("a reader sees everything but secrets, and changes nothing")
    func reader() async throws {
        try await fixture.deploy("Rest", startAt: "Rest", #""Rest": {"Type": "Wait", "Seconds": 9, "End": true}"#)
        let execution = try await fixture.start("Rest")
        try await ManualWorker(fixture: fixture).run()
        try await withLogin(in: .reader) { login in
            let reader = try await StoreFixture(fixture, user: login)
            #expect(try await reader.store.describe(execution.arn).summary.status == .running)
            #expect(try await reader.store.history(execution.arn).count == 2)
            #expect(try await reader.store.queueFigures().openExecutions.count == 1)
            _ = try await reader.sql("select id, name, grants from stepwell.access_keys")
            let checkup = Checkup(reader.configuration, logger: fixture.store.logger)
            #expect(try await checkup.schema().level == .fine)
            #expect(try await checkup.invariants().allSatisfy(\.holds))
            #expect(try await checkup.findings { 0 }.contains { $0.subject == .permissions && $0.level == .fine })
            await checkup.close()
            let refused = [
                "select sealed_secret from stepwell.access_keys", "select inner_key from stepwell.token_keys",
                "delete from stepwell.history", "select stepwell.start_execution('Rest')",
                "select stepwell.create_partitions()",
            ]
            for statement in refused {
                await #expect { try await reader.sql(statement) } throws: { error in
                    (error as? PostgresError)?.sqlState == .insufficientPrivilege
                }
            }
            await reader.store.close()
        }
    }

    @Test("what a later migration adds gets its rights, and belongs to the owner of the schema")
    func later() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "migrations-\(UUID())")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.copyItem(atPath: StoreFixture.migrations, toPath: directory.path)
        let next = try FileManager.default.contentsOfDirectory(atPath: directory.path).count + 1
        let name = String(repeating: "0", count: 4 - String(next).count) + "\(next)_extras.sql"
        try Data("create table stepwell.extras (id int primary key);".utf8).write(to: directory.appending(path: name))
        _ = try await Store.migrate(fixture.configuration, directory: directory.path, logger: fixture.store.logger)
        let row =
            try await fixture.sql(
                """
                select has_table_privilege('stepwell_engine', 'stepwell.extras', 'INSERT'),
                    has_table_privilege('stepwell_client', 'stepwell.extras', 'SELECT'),
                    (select pg_get_userbyid(c.relowner)::text from pg_class c where c.oid = 'stepwell.extras'::regclass)
                """
            )
            .only()
        #expect(try row.bool(0))
        #expect(try !row.bool(1))
        #expect(try row.text(2) == "stepwell_migrate")
    }

    @Test("processes that migrate at once don't get into each other's way")
    func manyAtOnce() async throws {
        let configuration = try await TestCluster.shared().createDatabase()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    _ = try await Store.migrate(
                        configuration,
                        directory: StoreFixture.migrations,
                        logger: fixture.store.logger
                    )
                    _ = try await Store.createRoles(configuration, logger: fixture.store.logger)
                }
            }
            try await group.waitForAll()
        }
    }

    /// A login of its own that is a member of a role.
    private func withLogin(in role: DatabaseRole, _ body: (String) async throws -> Void) async throws {
        let login = "stepwell_test_\(UUID().uuidString.lowercased().prefix(8))"
        _ = try await fixture.sql("create role \"\(login)\" login in role \(role.rawValue)")
        let result: Result<Void, any Error>
        do { result = .success(try await body(login)) } catch { result = .failure(error) }
        _ = try await fixture.sql("drop role \"\(login)\"")
        try result.get()
    }
}
