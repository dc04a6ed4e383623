import JSON
import Postgres
import PostgresTestSupport
import Testing

@testable import Store

@Suite("Rows that start executions")
struct SQLTriggerTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture()
        try await fixture.deploy("Rest", startAt: "Rest", #""Rest": {"Type": "Wait", "Seconds": 900, "End": true}"#)
        _ = try await fixture.sql("create table public.orders (id text primary key, body json, total numeric)")
    }

    /// Inputs by name.
    private func executions() async throws -> [String: String] {
        try await fixture.sql(
            "select name, input::text from stepwell.execution_overview order by name"
        )
        .reduce(into: [:]) { $0[try $1.text(0)] = try $1.text(1) }
    }

    private func fails(_ statement: String, _ state: String? = nil, _ words: String) async {
        await #expect {
            _ = try await fixture.sql(statement)
        } throws: { error in
            guard let error = error as? PostgresError else { return false }
            let text = "\(error.report?.message ?? error.message)"
            return text.contains(words) && (state == nil || error.sqlState?.rawValue == state)
        }
    }

    @Test func theRowIsTheInput() async throws {
        _ = try await fixture.sql("select stepwell.on_insert('orders', 'Rest')")
        _ = try await fixture.sql(#"insert into orders values ('1', '{"b": [1.50]}', 9.90)"#)
        let started = try await executions()
        #expect(Array(started.values) == [#"{"id":"1","body":{"b": [1.50]},"total":9.90}"#])
    }

    @Test func columnsAndExpressionsAreInputAndName() async throws {
        _ = try await fixture.sql("select stepwell.on_insert('orders', 'Rest', input => 'body', name => 'id')")
        _ = try await fixture.sql(#"insert into orders values ('a', '{"b": 1}', 1), ('b', '[]', 2)"#)
        #expect(try await executions() == ["a": #"{"b": 1}"#, "b": "[]"])
        // What was said before is replaced.
        _ = try await fixture.sql(
            "select stepwell.on_insert('orders', 'Rest', $1, $2)",
            [.text("json_build_object('total', r.total * 2)"), .text("'order-' || id")]
        )
        _ = try await fixture.sql(#"insert into orders values ('c', null, 21)"#)
        #expect(try await executions()["order-c"] == #"{"total" : 42}"#)
        #expect(try await fixture.count("executions") == 3)
    }

    @Test func rowsAndExecutionsComeAndGoTogether() async throws {
        _ = try await fixture.sql("select stepwell.on_insert('orders', 'Rest', name => 'id')")
        try await fixture.store.pool.withTransaction { transaction in
            _ = try await transaction.query("insert into public.orders (id) values ('kept')")
        }
        await #expect(throws: (any Error).self) {
            try await fixture.store.pool.withTransaction { transaction in
                _ = try await transaction.query("insert into public.orders (id) values ('lost')")
                _ = try await transaction.query("select 1 / 0")
            }
        }
        #expect(try await executions().keys.sorted() == ["kept"])
        // A start that is refused takes its row with it.
        _ = try await fixture.sql("select stepwell.stop_execution('Rest:kept')")
        await fails("insert into public.orders (id) values ('more'), ('a b')", "SW001", "InvalidName")
        #expect(try await fixture.sql("select id from public.orders").only().text(0) == "kept")
    }

    @Test func tenThousandRowsAreOneBatch() async throws {
        _ = try await fixture.sql("select stepwell.on_insert('orders', 'Rest', 'to_json(id)', 'id')")
        _ = try await fixture.sql("insert into orders (id) select 'o' || n from generate_series(1, 10000) n")
        #expect(try await fixture.count("executions") == 10_000)
        #expect(try await executions()["o4711"] == #""o4711""#)
        _ = try await fixture.sql("insert into orders (id) select 'none' where false")
        _ = try await fixture.sql("insert into orders (id) values ('o1') on conflict do nothing")
        _ = try await fixture.sql("insert into orders (id) values ('o1') on conflict (id) do update set total = 7")
        #expect(try await fixture.count("executions") == 10_000)
    }

    @Test func aPartitionedTable() async throws {
        _ = try await fixture.sql("create table public.days (day int) partition by list (day)")
        _ = try await fixture.sql("create table public.days_1 partition of public.days for values in (1)")
        _ = try await fixture.sql("create table public.days_2 partition of public.days for values in (2)")
        _ = try await fixture.sql("select stepwell.on_insert('days', 'Rest', 'to_json(day)', $$'day-' || day$$)")
        _ = try await fixture.sql("insert into public.days values (1), (2)")
        #expect(try await executions() == ["day-1": "1", "day-2": "2"])
    }

    @Test func severalMachinesAndOff() async throws {
        try await fixture.deploy("Other", startAt: "P", #""P": {"Type": "Wait", "Seconds": 9, "End": true}"#)
        _ = try await fixture.sql("select stepwell.on_insert('orders', 'Rest')")
        _ = try await fixture.sql("select stepwell.on_insert('orders', 'Other')")
        _ = try await fixture.sql("insert into orders (id) values ('1')")
        #expect(try await fixture.count("executions") == 2)
        #expect(try await fixture.sql("select stepwell.off_insert('orders', 'Other')").only().int(0) == 1)
        _ = try await fixture.sql("insert into orders (id) values ('2')")
        #expect(try await fixture.count("executions") == 3)
        await fails("select stepwell.off_insert('orders', 'Other')", "SW009", "start no executions of 'Other'")
        #expect(try await fixture.sql("select stepwell.off_insert('orders')").only().int(0) == 1)
        _ = try await fixture.sql("insert into orders (id) values ('3')")
        #expect(try await fixture.count("executions") == 3)
        await fails("select stepwell.off_insert('orders')", "SW009", "start no executions")
    }

    @Test func namesThatWantToBeSomethingElse() async throws {
        let table = #"public."orders""; drop table public.orders; --""#
        let machine = "Rest'); drop table public.orders; --"
        _ = try await fixture.sql(#"create table \#(table) ("r" int, "stepwell_rows" text, "new""row'" text)"#)
        _ = try await fixture.sql("select stepwell.on_insert($1::regclass, 'Rest')", [.text(table)])
        _ = try await fixture.sql(#"insert into \#(table) values (1, 'x', 'y')"#)
        #expect(Array(try await executions().values) == [#"{"r":1,"stepwell_rows":"x","new\"row'":"y"}"#])
        _ = try await fixture.sql(
            #"select stepwell.on_insert($1::regclass, 'Rest', name => $2)"#,
            [.text(table), .text(#""new""row'""#)]
        )
        _ = try await fixture.sql(#"insert into \#(table) values (1, 'x', 'quoted')"#)
        #expect(try await executions()["quoted"] != nil)
        await #expect(throws: PostgresError.self) {
            _ = try await fixture.sql("select stepwell.on_insert('orders', $1)", [.text(machine)])
        }
        #expect(try await fixture.sql("select to_regclass('public.orders')::text").only().optionalText(0) != nil)
        #expect(try await fixture.sql("select stepwell.off_insert($1::regclass)", [.text(table)]).only().int(0) == 1)
    }

    @Test func whatCannotBeIsRefused() async throws {
        _ = try await fixture.sql("create view public.seen as select * from public.orders")
        await fails(
            "select stepwell.on_insert('missing', 'Rest')",
            "42P01",
            #"relation "missing" does not exist"#
        )
        await fails("select stepwell.on_insert(null, 'Rest')", "SW009", "NULL")
        await fails("select stepwell.on_insert('orders', null)", "SW003", "no state machine")
        await fails("select stepwell.on_insert('orders', 'Missing')", "SW003", "no state machine named 'Missing'")
        await fails("select stepwell.on_insert('seen', 'Rest')", "SW009", "is not a table")
        await fails("select stepwell.on_insert('stepwell.steps', 'Rest')", "SW009", "Stepwell's own")
        await fails(
            "select stepwell.on_insert('orders', 'Rest', 'missing')",
            "SW009",
            #"column "missing" does not exist"#
        )
        await fails("select stepwell.on_insert('orders', 'Rest', 'id)')", "SW009", "no expression")
        await fails("select stepwell.on_insert('orders', 'Rest', name => 'f(id)')", "SW009", "no expression")
        #expect(try await fixture.sql("select 1 from pg_trigger where tgname like 'stepwell%'").isEmpty)
    }

    @Test(.disabled(if: TestNetwork.isPooled, "it is about who logs in")) func rightsAreTheCallersOwn() async throws {
        _ = try await Store.createRoles(fixture.configuration, logger: fixture.store.logger)
        let login = "trigger_test_\(PGUUID.v4())"
        _ = try await fixture.sql("create role \"\(login)\" login in role stepwell_client")
        _ = try await fixture.sql("grant insert on public.orders to \"\(login)\"")
        var configuration = fixture.configuration
        configuration["user"] = login
        let client = try await Connection.connect(configuration, logger: fixture.store.logger)
        await #expect {
            _ = try await client.query("select stepwell.on_insert('public.orders', 'Rest')")
        } throws: { error in
            (error as? PostgresError)?.sqlState == .insufficientPrivilege
                && "\(error)".contains("may not put a trigger")
        }
        _ = try await fixture.sql("grant trigger on public.orders to \"\(login)\"")
        _ = try await client.query("select stepwell.on_insert('public.orders', 'Rest', name => 'id')")
        _ = try await client.query("insert into public.orders (id) values ('mine')")
        #expect(try await executions().keys.sorted() == ["mine"])
        await #expect {
            _ = try await client.query("select stepwell.off_insert('public.orders')")
        } throws: { error in
            (error as? PostgresError)?.sqlState == .insufficientPrivilege
        }
        // Who may insert and not start, inserts nothing.
        _ = try await fixture.sql("revoke stepwell_client from \"\(login)\"")
        await #expect {
            _ = try await client.query("insert into public.orders (id) values ('denied')")
        } throws: { error in
            (error as? PostgresError)?.sqlState == .insufficientPrivilege
        }
        await client.close()
        _ = try await fixture.sql("select stepwell.off_insert('orders')")
        _ = try await fixture.sql("drop owned by \"\(login)\"")
        _ = try await fixture.sql("drop role \"\(login)\"")
    }
}
