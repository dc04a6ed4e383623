import Foundation
import Logging
import Postgres
import Stepwell
import Store

/// A fresh database with Stepwell's schema, dropped at the end.
struct BenchDatabase: Sendable {
    let name: String
    let maintenance: PostgresConfiguration
    let configuration: PostgresConfiguration
    /// For everything beside what is measured.
    let store: Store

    static func create(on server: BenchServer, _ options: BenchOptions) async throws -> BenchDatabase {
        let name = "stepwell_bench_\(ProcessInfo.processInfo.processIdentifier)_\(UInt32.random(in: 0...(.max)))"
        try await execute("CREATE DATABASE \(name) TEMPLATE template0 ENCODING 'UTF8'", server.maintenance)
        var configuration = server.maintenance
        configuration["dbname"] = name
        _ = try await Store.migrate(
            configuration,
            directory: migrations,
            buckets: options.buckets,
            logger: .bench
        )
        let store = try await Store.open(configuration, poolSize: 2, logger: .bench)
        for workload in Workload.allCases {
            _ = try await store.deploy(
                name: workload.machine,
                definition: workload.definition,
                type: workload.type
            )
        }
        return BenchDatabase(
            name: name,
            maintenance: server.maintenance,
            configuration: configuration,
            store: store
        )
    }

    func drop() async throws {
        await store.close()
        try await Self.execute("DROP DATABASE \(name) WITH (FORCE)", maintenance)
    }

    @discardableResult
    func sql(_ text: String, _ parameters: [PostgresValue] = []) async throws -> Rows {
        try await store.pool.query(Statement(text, parameters))
    }

    /// Writes everything to disk and makes the statistics true, so that rounds begin alike.
    func settle() async throws {
        try await sql("vacuum analyze")
        try await sql("checkpoint")
    }

    private static let migrations =
        #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" } + "/migrations"

    private static func execute(_ statement: String, _ configuration: PostgresConfiguration) async throws {
        let connection = try await Connection.connect(configuration, logger: .bench)
        try await connection.execute(Statement(statement))
        await connection.close()
    }
}
