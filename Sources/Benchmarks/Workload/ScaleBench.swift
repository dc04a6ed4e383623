import JSON
import Postgres

/// Fills a database by SQL and measures the same work in it.
struct ScaleBench {
    let database: BenchDatabase
    let executions: Int

    func round(_ options: BenchOptions) async throws -> Usage {
        try await EngineRound(database: database, workload: .chain, executions: executions, startsBefore: false)
            .run(options)
    }

    /// Adds executions that have ended, with a row of history each: those with these numbers.
    func store(from first: Int, to last: Int) async throws {
        try await fill(from: first, to: last) {
            """
            with new as (
                insert into stepwell.executions (bucket, id, machine, revision, name, status, input, output, started_at,
                    stopped_at, last_event)
                select i % s.buckets, stepwell.new_execution_id(), 1, 1, 'stored-' || i, 'SUCCEEDED', '{"id":"1042"}',
                    '{"id":"1042","parcel":"p-9-1042"}', now(), now(), 7
                from generate_series(\($0)::int, \($1)::int) as i, stepwell.settings s
                returning bucket, id
            )
            insert into stepwell.history (bucket, execution, first_event, last_event, at, step, events)
            select bucket, id, 2, 7, now(), 0, '{"p":[],"e":[["ExecutionSucceeded",0,0]]}' from new
            """
        }
    }

    /// Adds executions that wait for a time far off.
    func addSleepers(_ count: Int) async throws {
        try await fill(from: 1, to: count) { Self.steps($0, $1, function: "", runAt: "now() + interval '1 day'") }
    }

    /// A transaction that sees the past until its connection is closed.
    func holdSnapshot() async throws -> Connection {
        let connection = try await Connection.connect(database.configuration, logger: .bench)
        try await connection.execute("begin isolation level repeatable read")
        try await connection.execute("select count(*) from stepwell.settings")
        return connection
    }

    /// Buffers that a claim touches in a bucket with so many rows that are ready for another function, and as many for its
    /// own.
    func claimBuffers(_ limit: Int, foreign: Int) async throws -> Int {
        for function in ["foreign", "own"] {
            try await fill(from: 1, to: foreign) {
                Self.steps($0, $1, function: function, runAt: "now() - interval '1 s'", bucket: "0")
            }
        }
        try await database.settle()
        let connection = try await Connection.connect(database.configuration, logger: .bench)
        var least = Int.max
        for _ in 0..<4 {
            let plan = try await connection.query(
                Statement(
                    """
                    explain (analyze, buffers, format json)
                    select * from stepwell.claim(0, '{own,""}', \(limit), gen_random_uuid(), '10 s', '-infinity')
                    """
                )
            )
            let root = try JSONValue(parsing: try plan.only().text(0))[0]?["Plan"]
            let hits = root?["Shared Hit Blocks"]?.number?.integer ?? 0
            let reads = root?["Shared Read Blocks"]?.number?.integer ?? 0
            least = min(least, Int(hits + reads))
        }
        await connection.close()
        return least
    }

    private func fill(from first: Int, to last: Int, _ statement: (Int, Int) -> String) async throws {
        var next = first
        while next <= last {
            let end = min(last, next + 99_999)
            try await database.sql(statement(next, end))
            next = end + 1
        }
    }

    private static func steps(
        _ first: Int,
        _ last: Int,
        function: String,
        runAt: String,
        bucket: String = "i % s.buckets"
    ) -> String {
        """
        insert into stepwell.steps (bucket, execution, id, machine, revision, name, status, function, next_function,
            run_at, phase, state, input)
        select \(bucket), stepwell.new_execution_id(), 0, 1, 1, 'asleep-' || i, 'r', '\(function)', '\(function)',
            \(runAt), 'sleeping', 'Wait', '{"id":"1042"}'
        from generate_series(\(first)::int, \(last)::int) as i, stepwell.settings s
        """
    }
}
