import Interpreter
import JSON
import Postgres
import Testing

@testable import Store

@Suite("Retention")
struct RetentionTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture(buckets: 1)
        try await fixture.deploy("Quick", startAt: "P", #""P": {"Type": "Pass", "End": true}"#)
        try await fixture.deploy("Slow", startAt: "W", #""W": {"Type": "Wait", "Seconds": 9999, "End": true}"#)
    }

    /// Looks at everything, and answers how many executions are forgotten.
    @discardableResult
    private func forget(archive: ([String]) async throws -> Void = { _ in }) async throws -> Int {
        var count = 0
        var last: PGUUID?
        repeat {
            let page = try await fixture.store.forgetExpired(bucket: 0, after: last, limit: 2, archive: archive)
            count += page.forgotten
            last = page.seen < 2 ? nil : page.last
        } while last != nil
        return count
    }

    /// Makes what has ended older than it is.
    private func age(_ interval: String) async throws {
        _ = try await fixture.sql(
            """
            update stepwell.executions
            set stopped_at = stopped_at - interval '\(interval)',
                id = overlay(id::text placing left(stepwell.uuid_at(now() - interval '\(interval)')::text, 13) from 1 for 13)::uuid
            """
        )
    }

    @Test("what has ended long ago is forgotten, and its name is free again")
    func forgets() async throws {
        for name in ["a", "b", "c"] { _ = try await fixture.start("Quick", name: name) }
        _ = try await fixture.start("Slow", name: "open")
        try await ManualWorker(fixture: fixture).run()
        try await age("89 days")
        #expect(try await forget() == 0)
        try await age("91 days")
        var archived: [String] = []
        #expect(try await forget { archived += $0 } == 3)
        #expect(archived.sorted() == ["Quick:a", "Quick:b", "Quick:c"])
        await #expect(throws: StoreError.self) { try await fixture.store.describe("Quick:a") }
        #expect(try await fixture.store.describe("Slow:open").summary.status == .running)
        #expect(try await fixture.start("Quick", name: "a").isNew)
    }

    @Test("a state machine can have a time of its own")
    func perMachine() async throws {
        try await fixture.deploy("Kept", startAt: "P", #""P": {"Type": "Pass", "End": true}"#)
        try await fixture.store.setRetention(seconds: 3600)
        try await fixture.store.setRetention(seconds: 7 * 86_400, stateMachine: "Kept")
        #expect(try await fixture.store.retention().machines == ["Kept": 7 * 86_400])
        for machine in ["Quick", "Kept"] { _ = try await fixture.start(machine, name: "x") }
        try await ManualWorker(fixture: fixture).run()
        try await age("1 day")
        #expect(try await forget() == 1)
        #expect(try await fixture.store.describe("Kept:x").summary.status == .succeeded)
        try await fixture.store.setRetention(seconds: nil, stateMachine: "Kept")
        try await fixture.store.setRetention(seconds: nil)
        #expect(try await forget() == 0)
        try await fixture.store.setRetention(seconds: 3600)
        #expect(try await forget() == 1)
        await #expect(throws: StoreError.self) {
            try await fixture.store.setRetention(seconds: 1, stateMachine: "None")
        }
    }

    @Test("what can't be archived stays")
    func archiveFails() async throws {
        struct Full: Error {}
        _ = try await fixture.start("Quick", name: "a")
        try await ManualWorker(fixture: fixture).run()
        try await age("91 days")
        await #expect(throws: Full.self) { try await forget { _ in throw Full() } }
        #expect(try await fixture.store.describe("Quick:a").summary.status == .succeeded)
        #expect(try await forget() == 1)
    }

    @Test("two at once take different executions")
    func concurrently() async throws {
        for name in ["a", "b", "c"] { _ = try await fixture.start("Quick", name: name) }
        try await ManualWorker(fixture: fixture).run()
        try await age("91 days")
        var second = 0
        let first = try await fixture.store.forgetExpired(bucket: 0, after: nil, limit: 2) { names in
            #expect(names.count == 2)
            second = try await forget()
        }
        #expect(first.forgotten == 2 && second == 1)
    }

    @Test("children of a map run stay until it has ended")
    func children() async throws {
        _ = try await fixture.start("Quick", name: "child")
        try await ManualWorker(fixture: fixture).run()
        try await age("91 days")
        let run = PGUUID.v7(microseconds: 5)
        _ = try await fixture.sql(
            """
            insert into stepwell.map_runs (bucket, id, execution, step, machine, label)
            values (0, $1, stepwell.new_execution_id(), 0, 1, 'L')
            """,
            [.uuid(run)]
        )
        _ = try await fixture.sql("update stepwell.executions set map_run = $1", [.uuid(run)])
        #expect(try await forget() == 0)
        _ = try await fixture.sql("update stepwell.map_runs set status = 'SUCCEEDED'")
        #expect(try await forget() == 1)
    }

    // MARK: Partitions

    /// Two executions that began in a week long ago, one of which still runs, with history and payloads of that week.
    private func oldWeek() async throws {
        for table in ["history", "payloads"] {
            _ = try await fixture.sql(
                """
                create table stepwell.\(table)_20260105 partition of stepwell.\(table)
                for values from (stepwell.uuid_at('2026-01-05 00:00Z')) to (stepwell.uuid_at('2026-01-12 00:00Z'))
                """
            )
        }
        let large = "\"" + String(repeating: "x", count: 3000) + "\""
        for (name, machine) in [("done", "Quick"), ("open", "Slow")] {
            _ = try await fixture.start(machine, name: name, input: large)
        }
        try await ManualWorker(fixture: fixture).run()
        for table in ["executions", "steps", "history", "payloads"] {
            let column = table == "executions" ? "id" : "execution"
            _ = try await fixture.sql(
                """
                update stepwell.\(table)
                set \(column) = overlay(\(column)::text
                    placing left(stepwell.uuid_at('2026-01-07 12:00Z')::text, 13) from 1 for 13)::uuid
                """
            )
        }
        _ = try await fixture.sql(
            "update stepwell.executions set stopped_at = '2026-01-07' where stopped_at is not null"
        )
    }

    private func partitions() async throws -> [String] {
        try await fixture.sql(
            "select relname::text from pg_class where relname ~ '^(history|payloads)_2026[0-9]{4}$' and relname < 'z'"
        )
        .map { try $0.text(0) }.filter { $0.hasSuffix("0105") }
    }

    @Test("the history of a week goes at once, but for executions that still run")
    func dropsPartitions() async throws {
        try await oldWeek()
        let before = try await fixture.store.history("Slow:open").map(\.json)
        #expect(before.count == 2)
        #expect(try await forget() == 1)
        #expect(try await fixture.store.dropExpiredPartition())
        #expect(try await partitions().isEmpty)
        #expect(try await fixture.count("history") == 1)
        #expect(try await fixture.count("payloads") == 1)
        #expect(try await fixture.store.history("Slow:open").map(\.json) == before)
        #expect(try await fixture.store.dropExpiredPartition() == false)

        // It goes on where it stands, and goes when its own time has come.
        _ = try await fixture.sql("select stepwell.stop_execution('Slow:open')")
        #expect(try await fixture.store.history("Slow:open").count == 3)
        _ = try await fixture.sql("update stepwell.executions set stopped_at = now() - interval '91 days'")
        #expect(try await forget() == 1)
        #expect(try await fixture.count("history") == 0)
        #expect(try await fixture.count("payloads") == 0)
    }

    @Test("a week is left alone while executions of it are to be kept, or somebody reads its tables for long")
    func keepsPartitions() async throws {
        try await oldWeek()
        try await forget()
        try await fixture.store.setRetention(seconds: nil)
        #expect(try await fixture.store.dropExpiredPartition() == false)
        try await fixture.store.setRetention(seconds: 86_400)
        try await fixture.store.pool.withTransaction { reader in
            _ = try await reader.query("select count(*) from stepwell.history")
            #expect(try await fixture.store.dropExpiredPartition() == false)
        }
        #expect(try await partitions().count == 2)
        #expect(try await fixture.store.dropExpiredPartition())
    }
}
