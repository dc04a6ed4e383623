import JSON
import Logging
import Postgres
import Stepwell
import Store
import Testing

/// A worker beside somebody who holds an old snapshot.
@Suite struct OldSnapshotTests {
    @Test(.timeLimit(.minutes(3))) func aWorkerMarksWhereSlowLooksBegin() async throws {
        let database = try await Database()
        try await database.deployTask("work")
        // What was done long ago, as far as an index can tell.
        _ = try await database.sql(
            """
            insert into stepwell.steps (bucket, execution, id, machine, revision, name, status, function,
                next_function, run_at, phase, state, input)
            select 0, gen_random_uuid(), 0, 1, 1, 'n' || i, 'r', 'work', 'work', now() - interval '1 hour', 'fresh', 'Work', '{}'
            from generate_series(1, 100000) as i
            """
        )
        let other = try await Connection.connect(database.configuration, logger: Logger(label: "test"))
        try await other.execute("begin isolation level repeatable read")
        _ = try await other.query("select from stepwell.settings")
        _ = try await database.sql("delete from stepwell.steps")
        let end = try await database.withWorker {
            Function("work") { (_: JSONValue) in "done" }
        } body: {
            while try await database.sql("select from stepwell.low_water where function = 'work'").isEmpty {
                try await Task.sleep(for: .milliseconds(100))
            }
            return try await database.end(of: database.start())
        }
        #expect(end.output?.text == #""done""#)
        await other.close()
    }
}
