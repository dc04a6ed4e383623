import Logging
import Postgres
import PostgresTestSupport

/// The PostgreSQL server that is measured.
struct BenchServer {
    /// As durable as in production; only sizes differ from PostgreSQL's defaults.
    static let settings = [
        "fsync = on", "synchronous_commit = on", "full_page_writes = on", "shared_buffers = 1GB",
        "max_wal_size = 8GB", "checkpoint_timeout = 30min", "max_connections = 200", "jit = off",
    ]

    /// Settings to connect with.
    let maintenance: PostgresConfiguration
    /// Nil for a server that was there before.
    private let cluster: TestCluster?

    static func start(_ options: BenchOptions) async throws -> BenchServer {
        if let conninfo = options.database {
            return BenchServer(maintenance: try PostgresConfiguration(conninfo), cluster: nil)
        }
        let cluster = try await TestCluster.start(settings: settings + options.settings)
        return BenchServer(maintenance: try PostgresConfiguration(cluster.conninfo), cluster: cluster)
    }

    func stop() async throws {
        try await cluster?.stop()
    }
}
