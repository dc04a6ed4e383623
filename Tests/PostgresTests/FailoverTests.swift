import Foundation
import Postgres
import PostgresTestSupport
import Testing

/// What a program does about primaries that were replaced and come back.
@Suite("Failover")
struct FailoverTests {
    private static func question(_ timelines: Timelines, of configuration: PostgresConfiguration) async
        -> PostgresError?
    {
        await postgresError {
            await (try Connection.connect(configuration, logger: testLogger, timelines: timelines)).close()
        }
    }

    @Test func aReplacedPrimaryIsRefused() async throws {
        let old = try await TestCluster.start(listensOnLoopback: true)
        let standby = try await old.makeStandby()
        let configuration = try PostgresConfiguration(old.conninfo)
        let timelines = Timelines()
        #expect(await Self.question(timelines, of: configuration) == nil)
        try await standby.promote()
        #expect(await Self.question(timelines, of: try PostgresConfiguration(standby.conninfo)) == nil)
        let error = try #require(await Self.question(timelines, of: configuration))
        #expect(error.kind == .connectFailed && error.isTransient)
        #expect(error.message.contains("timeline 1") && error.message.contains("timeline 2"))
        // Who has not seen the new one can't know.
        #expect(await Self.question(Timelines(), of: configuration) == nil)

        // Whoever knows both goes on to the new one, although the old one is named first.
        let both = try PostgresConfiguration(
            "host=127.0.0.1,127.0.0.1 port=\(try #require(old.port)),\(try #require(standby.port)) user=postgres dbname=postgres"
        )
        let connection = try await Connection.connect(both, logger: testLogger, timelines: timelines)
        let port = try await connection.query("select inet_server_port()").only().int(0)
        #expect(port == standby.port)
        await connection.close()
        try await standby.stop(.immediate)
        try await old.stop(.immediate)
    }

    @Test func ofSeveralServersTheOneThatTakesWritesIsMeant() throws {
        #expect(try PostgresConfiguration("host=a,b")["target_session_attrs"] == "read-write")
        #expect(try PostgresConfiguration("host=a,b target_session_attrs=any")["target_session_attrs"] == "any")
        #expect(try PostgresConfiguration("host=a")["target_session_attrs"] == nil)
    }
}
