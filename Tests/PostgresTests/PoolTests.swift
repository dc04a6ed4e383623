import Postgres
import PostgresTestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct PoolTests {
    @Test func sharesItsConnections() async throws {
        let pool = try await pool(maximum: 3)
        let pids = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<200 {
                group.addTask { try await pool.query("SELECT pg_backend_pid()").only().int(0) }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect((1...3).contains(pids.count))
        await pool.close()
    }

    @Test func sendsBatchesAndPipelines() async throws {
        let pool = try await pool(maximum: 1)
        let rows = try await pool.batch(["SELECT txid_current()", "SELECT txid_current()"])
        #expect(try rows[0].only().int(0) == rows[1].only().int(0))
        let results = await pool.pipeline(["SELECT 1 / 0", "SELECT 5"])
        #expect(throws: PostgresError.self) { try results[0].get() }
        #expect(try results[1].get().only().int(0) == 5)
        await pool.close()
    }

    @Test func aCallerWaitsOnlySoLong() async throws {
        let pool = try await pool(maximum: 1, leaseTimeout: .milliseconds(20))
        try await eventually { (try? await pool.query("SELECT 1")) != nil }
        let error = try await pool.withConnection { _ in await postgresError { try await pool.execute("SELECT 1") } }
        #expect(error?.kind == .poolTimeout)
        #expect(error?.message.contains("all 1 connections are in use") == true)
        #expect(try await pool.query("SELECT 1").count == 1)
        await pool.close()
    }

    @Test func aCancelledCallerLeavesTheQueue() async throws {
        let pool = try await pool(maximum: 1)
        try await pool.withConnection { _ in
            let waiting = Task { await postgresError { try await pool.execute("SELECT 1") } }
            waiting.cancel()
            #expect(await waiting.value?.kind == .cancelled)
        }
        #expect(try await pool.query("SELECT 1").count == 1)
        await pool.close()
    }

    @Test func anOpenTransactionIsNotPassedOn() async throws {
        let pool = try await pool(maximum: 1)
        let pid = try await pool.withConnection { connection in
            try await connection.execute("BEGIN")
            return try await connection.query("SELECT pg_backend_pid()").only().int(0)
        }
        #expect(try await pool.query("SELECT pg_backend_pid()").only().int(0) != pid)
        await pool.close()
    }

    @Test func aConnectionWithAnAbandonedStatementIsNotPassedOn() async throws {
        let pool = try await pool(maximum: 1)
        let watcher = try await connect()
        let sleeping = Task { await postgresError { try await pool.execute("SELECT pg_sleep(3600), 'abandoned'") } }
        let running: Statement = """
            SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%''abandoned''%'
            """
        try await eventually { try await watcher.query(running).count == 1 }
        sleeping.cancel()
        #expect(await sleeping.value?.kind == .cancelled)
        #expect(try await pool.query("SELECT 1").count == 1)
        try await eventually { try await watcher.query(running).isEmpty }
        await pool.close()
    }

    @Test func aWrongPasswordOrDatabaseIsToldAtOnce() async throws {
        let cluster = try await TestCluster.shared()
        var configuration = try PostgresConfiguration(cluster.conninfo)
        configuration["dbname"] = "no_such_database"
        let pool = Pool(configuration, logger: testLogger, gate: ReconnectGate())
        let error = await postgresError { try await pool.execute("SELECT 1") }
        #expect(error?.kind == .connectFailed)
        #expect(error?.sqlState == .undefinedDatabase)
        #expect(error?.isTransient == false)
        #expect(error?.message.contains("database \"no_such_database\" does not exist") == true)
        await pool.close()
    }

    @Test func aClosedPoolRefuses() async throws {
        let pool = try await pool(maximum: 1)
        #expect(try await pool.query("SELECT 1").count == 1)
        await pool.close()
        await pool.close()
        #expect(await postgresError { try await pool.execute("SELECT 1") }?.kind == .poolClosed)
    }

    @Test func closingWaitsUntilConnectionsAreBack() async throws {
        let pool = try await pool(maximum: 1)
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let user = Task {
            try await pool.withConnection { connection in
                start.finish()
                return try await connection.query("SELECT 'finished' FROM pg_sleep(0.05)").only().text(0)
            }
        }
        for await _ in started {}
        await pool.close()
        #expect(try await user.value == "finished")
    }
}

/// A pool on the shared cluster.
func pool(maximum: Int, leaseTimeout: Duration = .seconds(240)) async throws -> Pool {
    let cluster = try await TestCluster.shared()
    var options = Pool.Options()
    options.maximum = maximum
    options.leaseTimeout = leaseTimeout
    return Pool(try PostgresConfiguration(cluster.conninfo), options: options, logger: testLogger)
}
