package import Logging
package import Postgres

/// Everything that is durable, behind one door: the only place that knows SQL.
package final class Store: Sendable {
    package let pool: Pool
    package let settings: Settings
    package let taskTokens: TaskTokens
    let revisions: RevisionCache
    let logger: Logger

    /// A store that takes settings and keys as given, and connects when it is first used.
    package init(pool: Pool, settings: Settings, taskTokens: TaskTokens, logger: Logger) {
        self.pool = pool
        self.settings = settings
        self.taskTokens = taskTokens
        self.revisions = RevisionCache()
        self.logger = logger
    }

    /// Connects and checks that the database has the schema this program needs.
    ///
    /// - Parameter patience: how long a call waits while all connections are in use.
    /// - Throws: `.schemaMismatch` with the remedy, `.postgres` for anything else.
    package static func open(
        _ configuration: PostgresConfiguration,
        poolSize: Int = 8,
        patience: Duration = .seconds(10),
        logger: Logger
    ) async throws(StoreError) -> Store {
        var options = Pool.Options()
        options.maximum = poolSize
        options.leaseTimeout = patience
        let pool = Pool(configuration, options: options, logger: logger)
        do throws(StoreError) {
            let settings = try await Settings.load(from: pool)
            let taskTokens = try await TaskTokens.load(from: pool)
            return Store(pool: pool, settings: settings, taskTokens: taskTokens, logger: logger)
        } catch {
            await pool.close()
            throw error
        }
    }

    /// Closes every connection; calls that wait for one fail.
    package func close() async { await pool.close() }

    /// Sends one statement, with errors of PostgreSQL as the store's.
    func query(_ statement: Statement) async throws(StoreError) -> Rows {
        do throws(PostgresError) {
            return try await pool.query(statement)
        } catch {
            throw StoreError(error)
        }
    }

    /// Sends independent statements in one round trip.
    func pipeline(_ statements: [Statement]) async throws(StoreError) -> [Rows] {
        guard !statements.isEmpty else { return [] }
        var results: [Rows] = []
        for result in await pool.pipeline(statements) {
            do throws(PostgresError) {
                results.append(try result.get())
            } catch {
                throw StoreError(error)
            }
        }
        return results
    }

    /// Runs a decoding step, whose faults are PostgreSQL errors, as the store's own.
    func decode<Value>(_ body: () throws(PostgresError) -> Value) throws(StoreError) -> Value {
        do throws(PostgresError) {
            return try body()
        } catch {
            throw StoreError(error)
        }
    }
}
