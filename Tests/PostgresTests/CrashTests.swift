import Dispatch
import Foundation
import PostgresTestSupport
import Testing

@testable import Postgres

/// What happens when the server goes away, each on a server of its own.
@Suite(.timeLimit(.minutes(5))) struct CrashTests {
    @Test func aCrashFailsEveryWaiterAtOnceAndThePoolRecovers() async throws {
        let cluster = try await TestCluster.start()
        let pool = pool(on: cluster, try PostgresConfiguration(cluster.conninfo))
        let watcher = try await Connection.connect(PostgresConfiguration(cluster.conninfo), logger: testLogger)
        let waiters = (0..<12)
            .map { _ in
                Task { await postgresError { try await pool.execute("SELECT pg_sleep(3600)") } }
            }
        let sleeping: Statement = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        try await eventually { try await watcher.query(sleeping).count == 4 }
        try await cluster.stop(.immediate)

        // Those that were being served may have been committed; the others wait for the server to come back.
        var unknown = 0
        for waiter in waiters.prefix(4) where await waiter.value?.kind == .outcomeUnknown { unknown += 1 }
        #expect(await postgresError { try await watcher.execute("SELECT 1") }?.kind == .connectionLost)
        for waiter in waiters { waiter.cancel() }
        for waiter in waiters where await waiter.value?.kind == .outcomeUnknown { unknown += 1 }
        #expect(unknown >= 4)

        try await cluster.start()
        #expect(try await pool.query("SELECT 1").count == 1)
        await pool.close()
    }

    @Test func callersWaitForAServerThatIsDown() async throws {
        let cluster = try await TestCluster.start()
        let pool = pool(on: cluster, try PostgresConfiguration(cluster.conninfo))
        try await cluster.stop()
        let caller = Task { try await pool.query("SELECT 1").count }
        try await cluster.start()
        #expect(try await caller.value == 1)
        await pool.close()
    }

    @Test func aServerThatStaysAwayIsNamedInTheTimeout() async throws {
        let cluster = try await TestCluster.start()
        try await cluster.stop()
        let pool = pool(
            on: cluster,
            try PostgresConfiguration(cluster.conninfo),
            leaseTimeout: .milliseconds(200)
        )
        let error = await postgresError { try await pool.execute("SELECT 1") }
        #expect(error?.kind == .poolTimeout)
        #expect(error?.message.contains("the last attempt to connect failed") == true)
        #expect(error?.message.contains("Is the server running locally") == true)
        #expect(error?.isTransient == true)
        await pool.close()
    }

    @Test func idleConnectionsOfACrashedServerAreNotLent() async throws {
        let cluster = try await TestCluster.start()
        let pool = pool(on: cluster, try PostgresConfiguration(cluster.conninfo))
        _ = try await pool.query("SELECT 1")
        for _ in 0..<3 {
            try await cluster.stop(.immediate)
            try await cluster.start()
            // Sending the idle connection's statement into the void would be an error.
            #expect(try await pool.query("SELECT 1").count == 1)
        }
        await pool.close()
    }

    @Test func aListenerSurvivesARestart() async throws {
        let cluster = try await TestCluster.start()
        let configuration = try PostgresConfiguration(cluster.conninfo)
        let listener = Listener(configuration, logger: testLogger, gate: ReconnectGate(spacing: .milliseconds(10)))
        var events = try listener.events(on: ["jobs"]).makeAsyncIterator()
        let running = Task { await listener.run() }
        #expect(await events.next() == .resumed)
        try await cluster.stop(.immediate)
        try await cluster.start()
        #expect(await events.next() == .resumed)
        let sender = try await Connection.connect(configuration, logger: testLogger)
        try await sender.execute("NOTIFY jobs, 'x'")
        #expect(await events.next() == .notification(Notification(channel: "jobs", payload: "x")))
        running.cancel()
        await running.value
    }

    private func pool(
        on cluster: TestCluster,
        _ configuration: PostgresConfiguration,
        leaseTimeout: Duration = .seconds(240)
    ) -> Pool {
        var options = Pool.Options()
        options.maximum = 4
        options.leaseTimeout = leaseTimeout
        return Pool(
            configuration,
            options: options,
            logger: testLogger,
            gate: ReconnectGate(spacing: .milliseconds(10))
        )
    }

    /// The socket breaks after the connection was looked at and before everything is sent: only the thread of all
    /// connections can be made to come at that moment.
    @Test func aCallIsAnsweredThoughItCouldOnlyBeSentInPart() async throws {
        let cluster = try await TestCluster.start()
        let connection = try await Connection.connect(PostgresConfiguration(cluster.conninfo), logger: testLogger)
        let pid = try await connection.query("SELECT pg_backend_pid()").only().int(0)
        let waiting = Task.immediate { await postgresError { try await connection.execute("SELECT pg_sleep(3600)") } }
        let (ready, isReady) = AsyncStream.makeStream(of: Void.self)
        let go = DispatchSemaphore(value: 0)
        let hasThread = startThread {
            SocketLoop.shared.perform {
                isReady.finish()
                go.wait()
            }
        }
        #expect(hasThread)
        for await _ in ready {}
        SocketLoop.shared.perform {
            kill(pid_t(pid), SIGTERM)
            while kill(pid_t(pid), 0) == 0 { usleep(1000) }
        }
        let statements = (0..<20).map { Statement("SELECT \($0) AS a") }
        // It is handed to the loop before this goes on.
        let results = Task.immediate { await connection.pipeline(statements) }
        go.signal()
        for result in await results.value {
            #expect(throws: PostgresError.self) { try result.get() }
        }
        #expect(await waiting.value?.kind == .outcomeUnknown)
    }
}
