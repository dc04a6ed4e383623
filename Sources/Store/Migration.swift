package import Logging
package import Postgres

extension Store {
    /// Brings a database up to date; harmless when it is, and when several processes do it at once.
    ///
    /// - Parameters:
    ///   - directory: where the numbered SQL files are.
    ///   - buckets: how many buckets the growing tables are cut into; it can be chosen until the first execution exists.
    ///     nil: as it is.
    /// - Returns: the names of the files that were applied.
    package static func migrate(
        _ configuration: PostgresConfiguration,
        directory: String,
        buckets: Int32? = nil,
        logger: Logger
    ) async throws(StoreError) -> [String] {
        let applied: [Migration]
        do throws(MigrationError) {
            let migrations = try Migration.read(from: directory)
            applied = try await Migrator(configuration, migrations: migrations, logger: logger).run()
        } catch {
            throw .migration(error)
        }
        if !applied.isEmpty { try await grantRights(configuration, logger: logger) }
        if let buckets { try await setBuckets(buckets, configuration, logger: logger) }
        return applied.map(\.fileName)
    }

    /// The names of the files that ``migrate(_:directory:buckets:logger:)`` would apply.
    package static func pendingMigrations(
        _ configuration: PostgresConfiguration,
        directory: String,
        logger: Logger
    ) async throws(StoreError) -> [String] {
        do throws(MigrationError) {
            let migrations = try Migration.read(from: directory)
            return try await Migrator(configuration, migrations: migrations, logger: logger).pending().map(\.fileName)
        } catch {
            throw .migration(error)
        }
    }

    private static func setBuckets(
        _ buckets: Int32,
        _ configuration: PostgresConfiguration,
        logger: Logger
    ) async throws(StoreError) {
        let isSet = try await withPool(configuration, logger: logger) { (pool) throws(PostgresError) in
            try await pool.query(Statement("select stepwell.set_buckets($1)", [.int4(buckets)])).only().bool(0)
        }
        guard isSet else {
            throw .schemaMismatch("the number of buckets can't change any more: there are executions already")
        }
    }
}
