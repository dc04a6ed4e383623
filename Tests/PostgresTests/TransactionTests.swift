import Postgres
import PostgresTestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct TransactionTests {
    private struct Change: Error {}

    @Test func commitsWhenTheBodyReturns() async throws {
        let pool = try await tablePool()
        let sum = try await pool.withTransaction { transaction in
            try await transaction.execute("INSERT INTO t VALUES (1)")
            _ = try await transaction.batch(["INSERT INTO t VALUES (2)", "INSERT INTO t VALUES (3)"])
            return try await transaction.query("SELECT sum(n) FROM t").only().int(0)
        }
        #expect(sum == 6)
        #expect(try await count(pool) == 3)
        await pool.close()
    }

    @Test func rollsBackWhenTheBodyThrows() async throws {
        let pool = try await tablePool()
        await #expect(throws: Change.self) {
            try await pool.withTransaction { transaction in
                try await transaction.execute("INSERT INTO t VALUES (1)")
                throw Change()
            }
        }
        #expect(try await count(pool) == 0)
        await pool.close()
    }

    @Test func aStatementThatFailsRollsBack() async throws {
        let pool = try await tablePool()
        let error = await postgresError {
            try await pool.withTransaction { transaction in
                try await transaction.execute("INSERT INTO t VALUES (1)")
                try await transaction.execute("INSERT INTO t VALUES (1)")
            }
        }
        #expect(error?.kind == .server(.uniqueViolation))
        #expect(error?.constraint == "t_pkey")
        #expect(try await count(pool) == 0)
        await pool.close()
    }

    @Test func aSwallowedErrorDoesNotPassForACommit() async throws {
        let pool = try await tablePool()
        let error = await postgresError {
            try await pool.withTransaction { transaction in
                try await transaction.execute("INSERT INTO t VALUES (1)")
                _ = try? await transaction.query("SELECT 1 / 0")
            }
        }
        #expect(error?.kind == .server(.inFailedTransaction))
        #expect(try await count(pool) == 0)
        await pool.close()
    }

    @Test func theFirstStatementsErrorLeavesNoTransactionBehind() async throws {
        let pool = try await tablePool()
        let pid = try await pool.query("SELECT pg_backend_pid()").only().int(0)
        let error = await postgresError { try await pool.withTransaction { try await $0.execute("SELECT 1 / 0") } }
        #expect(error?.kind == .server(.divisionByZero))
        #expect(try await pool.query("SELECT pg_backend_pid()").only().int(0) == pid)
        await pool.close()
    }

    @Test func anEmptyTransactionSendsNothing() async throws {
        let pool = try await tablePool()
        try await pool.withTransaction { _ in }
        let ids = await pool.pipeline(["SELECT txid_current()", "SELECT txid_current()"])
        #expect(try ids[0].get().only().int(0) != ids[1].get().only().int(0))
        await pool.close()
    }

    @Test func pipelinedStatementsAreWithinIt() async throws {
        let pool = try await tablePool()
        await #expect(throws: Change.self) {
            try await pool.withTransaction { transaction in
                let results = await transaction.pipeline(["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"])
                for result in results { _ = try result.get() }
                throw Change()
            }
        }
        #expect(try await count(pool) == 0)
        await pool.close()
    }

    @Test func aTransactionThatIsOverRefuses() async throws {
        let pool = try await tablePool()
        let leaked = try await pool.withTransaction { $0 }
        let error = await postgresError { try await leaked.execute("INSERT INTO t VALUES (1)") }
        #expect(error?.kind == .connectionLost)
        #expect(try await count(pool) == 0)
        await pool.close()
    }

    @Test func aRefusedCommitIsNotAnUnknownOne() async throws {
        let pool = try await tablePool()
        try await pool.execute("CREATE TABLE c (n int REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
        let error = await postgresError {
            try await pool.withTransaction { try await $0.execute("INSERT INTO c VALUES (99)") }
        }
        #expect(error?.kind == .server(.foreignKeyViolation))
        await pool.close()
    }

    @Test func losingTheConnectionBeforeTheCommitIsNoUnknownOutcome() async throws {
        let pool = try await tablePool()
        let error = await postgresError {
            try await pool.withTransaction { transaction in
                try await transaction.execute("INSERT INTO t VALUES (1)")
                try await transaction.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            }
        }
        #expect(error?.kind == .connectionLost)
        #expect(error?.sqlState == .adminShutdown)
        #expect(try await count(pool) == 0)
        await pool.close()
    }

    @Test func losingTheConnectionDuringTheCommitIs() async throws {
        let pool = try await tablePool()
        // A constraint that is checked at the commit ends the session in the middle of it.
        try await pool.execute(
            """
            CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'
            """
        )
        try await pool.execute(
            """
            CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION end_session()
            """
        )
        let error = await postgresError {
            try await pool.withTransaction { try await $0.execute("INSERT INTO t VALUES (1)") }
        }
        #expect(error?.kind == .outcomeUnknown)
        #expect(error?.statement == "COMMIT")
        await pool.close()
    }

    @Test func aCancelledBodyRollsBackAndLetsGoOfItsLocks() async throws {
        let pool = try await tablePool()
        try await pool.execute("INSERT INTO t VALUES (1)")
        let (locked, lock) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await pool.withTransaction { transaction in
                try await transaction.execute("UPDATE t SET n = 2")
                lock.finish()
                try await transaction.execute("SELECT pg_sleep(3600)")
            }
        }
        for await _ in locked {}
        task.cancel()
        #expect(await postgresError { try await task.value }?.kind == .cancelled)
        #expect(try await pool.execute("UPDATE t SET n = 3 WHERE n = 1") == 1)
        await pool.close()
    }

    private func tablePool() async throws -> Pool {
        let configuration = try await TestCluster.shared().createDatabase()
        let pool = Pool(configuration, logger: testLogger)
        try await pool.execute("CREATE TABLE t (n int PRIMARY KEY)")
        return pool
    }

    private func count(_ pool: Pool) async throws -> Int {
        try await pool.query("SELECT count(*) FROM t").only().int(0)
    }
}
