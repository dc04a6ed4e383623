import Interpreter
import Logging
import Postgres
import PostgresTestSupport
import Testing

@testable import Store

/// Databases of before that are brought up to date while executions run.
@Suite("Upgrades")
struct UpgradeTests {
    @Test("from counts of events in a table of their own to counts in root branches")
    func counts() async throws {
        let logger = Logger(label: "test")
        let configuration = try await TestCluster.shared().createDatabase()
        let migrations = try Migration.read(from: StoreFixture.migrations)
        _ = try await Migrator(configuration, migrations: migrations.filter { $0.number < 55 }, logger: logger).run()
        let before = try await Connection.connect(configuration, logger: logger)
        for statement in [
            """
            select stepwell.deploy('Order', '{"StartAt": "A", "States": {"A": {"Type": "Task",
                "Resource": "arn:aws:lambda:r:1:function:f", "End": true}}}', 'A', 'f', null, null, 'STANDARD')
            """,
            "select stepwell.start_execution('Order', '{}', 'new'), stepwell.start_execution('Order', '{}', 'old')",
            // Somebody has added an event.
            """
            insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
            select e.bucket, e.id, 2, 2, now(), 0, '{"p":[],"e":[["TaskStateEntered",1,0,{"name":"A","input":0}]]}'
            from stepwell.executions e where e.name = 'old'
            """,
            """
            update stepwell.execution_heads h set last_event = 2 from stepwell.executions e
            where e.id = h.execution and e.name = 'old'
            """,
        ] {
            _ = try await before.query(Statement(statement))
        }

        let applied = try await Store.migrate(configuration, directory: StoreFixture.migrations, logger: logger)
        #expect(applied.first == "0055_counted_events.sql")
        let counts = try await before.query(
            """
            select e.name, h.last_event from stepwell.executions e
            join stepwell.execution_heads h on h.bucket = e.bucket and h.execution = e.id order by 1
            """
        )
        #expect(try counts.map { "\(try $0.text(0)) \(try $0.int(1))" } == ["new 1", "old 2"])
        await before.close()

        let fixture = try await StoreFixture(configuration, logger: logger)
        try await ManualWorker(fixture: fixture, functions: ["f": { .succeeded($0) }]).run()
        #expect(try await fixture.store.describe("Order:new").summary.status == .succeeded)
        #expect(try await fixture.store.history("Order:old").map(\.id) == Array(1...8))
        #expect(try await fixture.count("steps") == 0)
    }
}
