import Postgres
import PostgresTestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct ConnectionTests {
    @Test func answersAQuery() async throws {
        let connection = try await connect()
        let rows = try await connection.query("SELECT 1 AS one, 'two' AS two")
        #expect(rows.columns.map(\.name) == ["one", "two"])
        #expect(rows.columns.map(\.type) == [.int4, .text])
        #expect(try rows.only().int(0) == 1)
        #expect(try rows.only().text("two") == "two")
        #expect(connection.serverVersion >= 140_000)
    }

    /// The plan's estimate is far above the cost at which PostgreSQL compiles a query, and what there is to do is nothing.
    @Test func queriesAreNotCompiledToMachineCode() async throws {
        let connection = try await connect()
        let plan = try await connection.query(
            """
            EXPLAIN (ANALYZE)
            SELECT count(*) FROM json_each('{}') a, json_each('{}') b, json_each('{}') c, json_each('{}') d
            """
        )
        let lines = try plan.map { try $0.text(0) }
        #expect(!lines.contains { $0.hasPrefix("JIT") }, "\(lines)")
    }

    @Test func countsAffectedRows() async throws {
        let connection = try await connect()
        #expect(try await connection.execute("CREATE TEMP TABLE t (n int)") == 0)
        #expect(try await connection.execute("INSERT INTO t SELECT generate_series(1, 7)") == 7)
        #expect(try await connection.execute("UPDATE t SET n = 0 WHERE n > 4") == 3)
        #expect(try await connection.execute("DELETE FROM t") == 7)
    }

    @Test func aFailedBatchHasNoEffectAndNamesTheFirstError() async throws {
        let connection = try await connect()
        try await connection.execute("CREATE TEMP TABLE t (n int CONSTRAINT n_is_positive CHECK (n > 0))")
        let error = await postgresError {
            _ = try await connection.batch([
                "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (-5)", "SELECT 1 / 0",
            ])
        }
        #expect(error?.kind == .server(.checkViolation))
        #expect(error?.constraint == "n_is_positive")
        #expect(error?.table == "t")
        #expect(error?.statement == "INSERT INTO t VALUES (-5)")
        #expect(error?.isTransient == false)
        #expect(try await connection.query("SELECT count(*) FROM t").only().int(0) == 0)
    }

    @Test func aBatchIsOneTransactionWithAResultEach() async throws {
        let connection = try await connect()
        let rows = try await connection.batch([
            "SELECT txid_current(), 'a'", "SELECT txid_current(), 'b'",
            Statement("SELECT $1, $2", [.int(3), .text("c")]),
        ])
        #expect(rows.count == 3)
        #expect(try rows[0].only().int(0) == rows[1].only().int(0))
        #expect(try rows[2].only().text(1) == "c")
        #expect(try await connection.batch([]).isEmpty)
    }

    @Test func pipelinedStatementsStandAlone() async throws {
        let connection = try await connect()
        try await connection.execute("CREATE TEMP TABLE t (n int PRIMARY KEY)")
        let results = await connection.pipeline([
            "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)", "SELECT 1 / 0", "INSERT INTO t VALUES (2)",
            "SELECT sum(n) FROM t",
        ])
        #expect(results.count == 5)
        #expect(throws: Never.self) { try results[0].get() }
        #expect(throws: PostgresError.self) { try results[1].get() }
        guard case .failure(let division) = results[2] else { return #expect(Bool(false), "1 / 0 succeeded") }
        #expect(division.kind == .server(.divisionByZero))
        #expect(division.statement == "SELECT 1 / 0")
        #expect(try results[4].get().only().int(0) == 3)
    }

    @Test(arguments: [true, false])
    func aThousandTasksShareAConnection(preparesStatements: Bool) async throws {
        let connection = try await connect { $0.preparesStatements = preparesStatements }
        let answers = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            for number in 0..<1000 {
                group.addTask {
                    let statement = Statement("SELECT $1 * 2", [.int(number)])
                    return (number, try await connection.query(statement).only().int(0))
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(answers.count == 1000)
        #expect(answers.allSatisfy { $0.value == $0.key * 2 })
    }

    @Test func tenMegabytesGoBothWaysAtOnce() async throws {
        let connection = try await connect()
        let payload = [UInt8](repeating: 7, count: 10_000_000)
        let answers = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let row = try await connection.query(Statement("SELECT $1, 'end'", [.bytea(payload)])).only()
                    return try row.bytes(0) == payload && row.text(1) == "end" ? 1 : 0
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(answers == 4)
    }

    @Test func aCancelledTaskStopsWaitingAndOrderIsKept() async throws {
        let connection = try await connect()
        let other = try await connect()
        try await other.execute("SELECT pg_advisory_lock(4711)")
        let waiting = Task { await postgresError { try await connection.execute("SELECT pg_advisory_lock(4711)") } }
        try await eventually {
            try await other.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").count == 1
        }
        async let behind = connection.query("SELECT 'behind'").only().text(0)
        waiting.cancel()
        // The server still waits for the lock, the task no longer.
        #expect(await waiting.value?.kind == .cancelled)
        try await other.execute("SELECT pg_advisory_unlock(4711)")
        #expect(try await behind == "behind")
    }

    @Test func aTaskThatIsCancelledBeforeSendsNothing() async throws {
        let connection = try await connect()
        try await connection.execute("CREATE TEMP TABLE t (n int)")
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await postgresError { try await connection.execute("INSERT INTO t VALUES (1)") }
        }
        #expect(await task.value?.kind == .cancelled)
        #expect(try await connection.query("SELECT * FROM t").isEmpty)
    }

    @Test func aClosedConnectionRefusesEverything() async throws {
        let connection = try await connect()
        await connection.close()
        await connection.close()
        let error = await postgresError { try await connection.execute("SELECT 1") }
        #expect(error?.kind == .connectionLost)
        #expect(error?.message == "the connection was closed by this program")
    }

    @Test func closingCancelsWhatIsUnderWay() async throws {
        let connection = try await connect()
        let other = try await connect()
        let pid = try await connection.query("SELECT pg_backend_pid()").only().int(0)
        let sleeping = Task { await postgresError { try await connection.execute("SELECT pg_sleep(3600)") } }
        let state = Statement("SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'", [.int(pid)])
        try await eventually { try await other.query(state).count == 1 }
        await connection.close()
        #expect(await sleeping.value?.kind == .outcomeUnknown)
        try await eventually { try await other.query(state).isEmpty }
    }

    @Test func aTerminatedSessionFailsEveryWaiterAtOnce() async throws {
        let connection = try await connect()
        let other = try await connect()
        let pid = try await connection.query("SELECT pg_backend_pid()").only().int(0)
        let waiters = (0..<20)
            .map { _ in
                Task { await postgresError { try await connection.execute("SELECT pg_sleep(3600)") } }
            }
        let state = Statement("SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'", [.int(pid)])
        try await eventually { try await other.query(state).count == 1 }
        try await other.execute(Statement("SELECT pg_terminate_backend($1::int)", [.int(pid)]))
        for waiter in waiters {
            let error = await waiter.value
            #expect(error?.kind == .outcomeUnknown)
            #expect(error?.sqlState == .adminShutdown)
            #expect(error?.isTransient == true)
        }
    }

    @Test func copyIsRefusedRatherThanWaitedFor() async throws {
        let connection = try await connect()
        try await connection.execute("CREATE TEMP TABLE t (n int)")
        let error = await postgresError { try await connection.execute("COPY t FROM STDIN") }
        #expect(error != nil)
        #expect(await postgresError { try await connection.execute("SELECT 1") }?.kind == .connectionLost)
    }

    @Test func noticesDontDisturb() async throws {
        let connection = try await connect()
        try await connection.execute("DO $$ BEGIN RAISE WARNING 'careful'; END $$")
        #expect(try await connection.query("SELECT 1").count == 1)
    }
}
