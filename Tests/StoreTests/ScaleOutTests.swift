import Foundation
import Postgres
import PostgresTestSupport
import Testing

@testable import Store

/// The rules that let the same schema run on one PostgreSQL and on many. They are read off the catalogue and the texts of
/// all functions and statements, so that a new one can't break them unseen.
@Suite("Rules for many nodes")
struct ScaleOutTests {
    private struct Text: CustomStringConvertible {
        var place: String
        var text: String
        var description: String { "\(place): \(text)" }
    }

    let fixture: StoreFixture

    init() async throws { fixture = try await StoreFixture() }

    /// Tables that grow: those with a bucket.
    private func growing() async throws -> [String] {
        try await fixture.sql(
            """
            select c.relname::text from pg_class c
            join pg_attribute a on a.attrelid = c.oid and a.attname = 'bucket'
            where c.relnamespace = 'stepwell'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
            """
        )
        .map { try $0.text(0) }
    }

    private func functions() async throws -> [Text] {
        try await fixture.sql(
            """
            select p.oid::regprocedure::text, p.prosrc from pg_proc p
            where p.pronamespace = 'stepwell'::regnamespace
            """
        )
        .map { Text(place: try $0.text(0), text: try Self.withoutComments($0.text(1))) }
    }

    /// The statements of all functions, and those that stand in the sources of the store.
    private func statements() async throws -> [Text] {
        var statements: [Text] = []
        for function in try await functions() {
            statements += function.text.split(separator: ";").map { Text(place: function.place, text: String($0)) }
        }
        let sources = StoreFixture.migrations.replacing("/migrations", with: "/Sources/Store")
        for file in try FileManager.default.subpathsOfDirectory(atPath: sources) where file.hasSuffix(".swift") {
            let source = try String(contentsOfFile: sources + "/" + file, encoding: .utf8)
            for match in source.matches(of: /"""\n([\s\S]*?)"""|"([^"\n]*)"/) {
                let text = String(match.1 ?? match.2 ?? "")
                if text.contains("stepwell.") { statements.append(Text(place: file, text: Self.withoutComments(text))) }
            }
        }
        return statements
    }

    private static func withoutComments(_ text: String) -> String {
        text.split(separator: "\n").map { $0.prefix(upTo: $0.firstRange(of: "--")?.lowerBound ?? $0.endIndex) }
            .joined(separator: "\n")
    }

    @Test("every key of a table that grows begins with the bucket")
    func keys() async throws {
        let others =
            try await fixture.sql(
                """
                select i.indexrelid::regclass::text from pg_index i
                join pg_class c on c.oid = i.indrelid and c.relnamespace = 'stepwell'::regnamespace
                join pg_attribute b on b.attrelid = c.oid and b.attname = 'bucket'
                where i.indkey[0] <> b.attnum
                """
            )
            .map { try $0.text(0) }
        #expect(others.isEmpty)
        #expect(try await growing().count >= 8)
    }

    @Test("no triggers and no sequences")
    func objects() async throws {
        let found =
            try await fixture.sql(
                """
                select tgname::text from pg_trigger t join pg_class c on c.oid = t.tgrelid
                where c.relnamespace = 'stepwell'::regnamespace and not t.tgisinternal
                union all
                select relname::text from pg_class
                where relnamespace = 'stepwell'::regnamespace and relkind = 'S'
                """
            )
            .map { try $0.text(0) }
        #expect(found.isEmpty)
    }

    @Test("no statement does what can't be done on many nodes")
    func forbidden() async throws {
        for statement in try await statements() {
            let text = statement.text.lowercased()
            #expect(!text.contains("merge into"), "\(statement)")
            #expect(!text.contains("nextval"), "\(statement)")
            #expect(!text.contains("plan_cache_mode"), "\(statement)")
            #expect(!text.contains("detach") || !text.contains("concurrently"), "\(statement)")
            if let update = text.firstRange(of: /update stepwell\./) {
                let written = text[update.lowerBound...]
                #expect(
                    !written.contains("gen_random_uuid()") && !written.contains("clock_timestamp()"),
                    "\(statement)"
                )
            }
            if let returning = text.firstRange(of: "returning") {
                let returned = text[returning.lowerBound...]
                #expect(
                    !returned.contains("gen_random_uuid()") && !returned.contains("clock_timestamp()"),
                    "\(statement)"
                )
            }
        }
    }

    /// Not on the way of a transition. On many nodes these cost more than they have to: the first two write several tables
    /// of one bucket at once when a distributed Map is aborted, the third computes the bucket in its statement.
    private static let exceptions = ["abandon_map_runs", "abort_map_run_children", "start_batch"]

    @Test(
        "a statement writes one table that grows, in one bucket that it is given",
        .disabled(if: TestNetwork.schema != nil, "it reads texts that name the schema")
    )
    func writes() async throws {
        let tables = Set(try await growing())
        var count = 0
        for statement in try await statements()
        where !Self.exceptions.contains(where: { statement.place.hasPrefix("stepwell.\($0)(") }) {
            let writes = statement.text.matches(of: /(?i)(insert into|update|delete from)\s+stepwell\.(\w+)/)
                .filter { tables.contains(String($0.2)) }
            guard let write = writes.first else { continue }
            count += 1
            #expect(writes.count == 1, "\(statement)")
            if write.1.lowercased() != "insert into" {
                #expect(statement.text.contains(/bucket = (\$1|[pv]_\w+)/), "\(statement)")
            }
        }
        #expect(count > 30)
    }

    @Test("the functions of the worker protocol are given their bucket first")
    func protocolFunctions() async throws {
        let names = ["claim", "advance", "extend", "release", "sweep", "deliver", "probe", "start_suspect"]
        let rows = try await fixture.sql(
            """
            select p.proname::text, p.proargnames[1] from pg_proc p
            where p.pronamespace = 'stepwell'::regnamespace and p.proname = any ($1)
            """,
            [.textArray(names)]
        )
        #expect(Set(try rows.map { try $0.text(0) }) == Set(names))
        for row in rows { #expect(try row.text(1) == "p_bucket") }
    }

    @Test(
        "a distribution takes every table and every function, tables that grow by their bucket",
        .disabled(if: TestNetwork.schema != nil, "it reads texts that name the schema")
    )
    func plan() async throws {
        _ = try await fixture.sql("create table public.nothing (logicalrelid oid)")
        let plan = try await fixture.sql(Store.distributionPlan(skipping: "public.nothing"))
            .map { (what: try $0.text(0), statement: try $0.text(1)) }
        for table in try await growing() {
            let step = try #require(plan.first { $0.what == table })
            #expect(step.statement.contains("create_distributed_table('stepwell.\(table)', 'bucket'"))
        }
        let settings = try #require(plan.first { $0.what == "settings" })
        #expect(settings.statement == "select create_reference_table('stepwell.settings')")
        let advance = try #require(plan.first { $0.what.hasPrefix("stepwell.advance(") })
        #expect(advance.statement.hasSuffix("'p_bucket', colocate_with => 'stepwell.executions')"))
        #expect(plan.firstIndex { $0.what == "executions" } ?? 0 < plan.firstIndex { $0.what == "steps" } ?? 0)
    }

    @Test("without Citus a distribution says what is missing")
    func withoutCitus() async throws {
        await #expect {
            _ = try await Store.distribute(fixture.configuration, logger: fixture.store.logger)
        } throws: { error in
            guard case StoreError.schemaMismatch(let text) = error else { return false }
            return text.contains("create extension citus")
        }
    }
}
