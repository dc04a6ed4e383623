package import Foundation
import Logging
package import Postgres
import Synchronization

/// A PostgreSQL server of the tests' own: made in a temporary directory, reached by a Unix socket, gone with the process.
///
/// Suites share one by `TestCluster.shared()` and work in a database each; tests that stop or kill their server start
/// one for themselves. With `STEPWELL_TEST_PG` (a connection string of a role that may create databases) set, the
/// shared cluster is that server.
package final class TestCluster: Sendable {
    /// Why there is no server to test with.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// How it is stopped.
    package enum StopMode: String, Sendable {
        /// Sessions are ended in order.
        case fast
        /// Sessions are cut off, as in a crash; the next start recovers from the log.
        case immediate
    }

    /// Connection settings of the maintenance database.
    package let conninfo: String
    /// Nil for a server that was there before.
    private let server: ServerProcess?
    private let pooler: TestPooler?
    private let lastDatabase = Mutex(0)
    /// Copies that are to be dropped, in the order in which they were made.
    private let copies = Mutex<[(name: String, madeAt: ContinuousClock.Instant)]>([])
    /// The names of databases that others are copies of.
    private let models = Mutex<[String: Task<String, any Error>]>([:])

    private init(conninfo: String, server: ServerProcess?, pooler: TestPooler? = nil) {
        self.conninfo = conninfo
        self.server = server
        self.pooler = pooler
    }

    private static let sharedTask = Task<TestCluster, any Error> {
        if let conninfo = ProcessInfo.processInfo.environment["STEPWELL_TEST_PG"], !conninfo.isEmpty {
            return TestCluster(conninfo: conninfo, server: nil)
        }
        let server = try await ServerProcess(
            isInMemory: true,
            settings: [],
            listensOnLoopback: false,
            prepare: { _ in }
        )
        try await server.start()
        let pooler = TestNetwork.isPooled ? try TestPooler(directory: server.socketDirectory) : nil
        return TestCluster(conninfo: server.conninfo, server: server, pooler: pooler)
    }

    /// The cluster of this process, started by whoever asks first.
    package static func shared() async throws -> TestCluster {
        try await sharedTask.value
    }

    /// A cluster of one's own.
    ///
    /// `settings` are lines for `postgresql.conf`. With `listensOnLoopback` it also listens on 127.0.0.1, on a free port,
    /// which TLS needs. `prepare` is called with the data directory before the first start; files put there get the
    /// right owner.
    package static func start(
        settings: [String] = [],
        listensOnLoopback: Bool = false,
        prepare: @Sendable (URL) throws -> Void = { _ in }
    ) async throws -> TestCluster {
        let server = try await ServerProcess(
            isInMemory: false,
            settings: settings,
            listensOnLoopback: listensOnLoopback,
            prepare: prepare
        )
        try await server.start()
        return TestCluster(conninfo: server.conninfo, server: server)
    }

    /// A fresh, empty database.
    package func createDatabase() async throws -> PostgresConfiguration {
        try await createDatabase(copying: Self.emptyModel)
    }

    /// A fresh database that is a copy of one that `prepare` has filled: that is done once for every `kind`.
    package func createDatabase(
        _ kind: String,
        prepare: @escaping @Sendable (PostgresConfiguration) async throws -> Void
    ) async throws -> PostgresConfiguration {
        guard pooler == nil else {
            // A pooler stays connected, and a database that is in use can't be copied.
            let configuration = try await createDatabase()
            try await prepare(configuration)
            return configuration
        }
        let model = models.withLock { models in
            if let model = models[kind] { return model }
            let model = Task {
                let configuration = try await createDatabase()
                try await prepare(configuration)
                return configuration["dbname"] ?? ""
            }
            models[kind] = model
            return model
        }
        return try await createDatabase(copying: try await model.value)
    }

    private static let emptyModel = "template0"

    private func createDatabase(copying model: String) async throws -> PostgresConfiguration {
        let number = lastDatabase.withLock { number in
            number += 1
            return number
        }
        let name = "stepwell_test_\(ProcessInfo.processInfo.processIdentifier)_\(number)"
        var configuration = try PostgresConfiguration(conninfo)
        let connection = try await Connection.connect(configuration, logger: Logger(label: "tests"))
        try await connection.execute(Statement("DROP DATABASE IF EXISTS \(name)"))
        try await connection.execute(Statement("CREATE DATABASE \(name) TEMPLATE \(model) ENCODING 'UTF8'"))
        if model != Self.emptyModel {
            await dropOldCopies(over: connection)
            copies.withLock { $0.append((name, .now)) }
        }
        await connection.close()
        configuration["dbname"] = name
        if let schema = TestNetwork.schema { configuration.schema = try SchemaName(schema) }
        if TestNetwork.losesNotifications, model == Self.emptyModel {
            let connection = try await Connection.connect(configuration, logger: Logger(label: "tests"))
            for statement in TestNetwork.losing { try await connection.execute(Statement(statement)) }
            await connection.close()
        }
        if let pooler {
            // The name of the program says where the server itself is.
            configuration["application_name"] = configuration["host"]
            configuration["port"] = "\(pooler.port)"
        }
        return configuration
    }

    /// How long a test may leave its database without a session.
    private static let lifetime: Duration = .seconds(60)

    /// Drops databases whose tests are over: all of a run together would need most of a machine's memory.
    private func dropOldCopies(over connection: Connection) async {
        let old = copies.withLock { copies in
            let old = copies.prefix(2).filter { $0.madeAt.duration(to: .now) > Self.lifetime }
            copies.removeFirst(old.count)
            return old
        }
        for copy in old {
            do {
                try await connection.execute(Statement("DROP DATABASE IF EXISTS \(copy.name)"))
            } catch {
                // Somebody is connected still.
                copies.withLock { $0.append((copy.name, .now)) }
            }
        }
    }

    /// The port on 127.0.0.1, for a cluster that listens there.
    package var port: Int? { server?.port }

    /// A running standby of this server, also on a port of 127.0.0.1.
    package func makeStandby() async throws -> TestCluster {
        let standby = try await ServerProcess(
            isInMemory: false,
            settings: [],
            listensOnLoopback: true,
            following: try ownServer(),
            prepare: { _ in }
        )
        try await standby.start()
        return TestCluster(conninfo: standby.conninfo, server: standby)
    }

    /// Makes a primary of a standby.
    package func promote() async throws {
        try await ownServer().promote()
    }

    /// Starts it again.
    package func start() async throws {
        try await ownServer().start()
    }

    /// Stops it and waits until it is down.
    package func stop(_ mode: StopMode = .fast) async throws {
        try await ownServer().stop(mode)
    }

    private func ownServer() throws -> ServerProcess {
        guard let server else { throw Failure(description: "the server of STEPWELL_TEST_PG isn't ours to stop") }
        return server
    }
}
