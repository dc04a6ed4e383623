import Logging
import Postgres
import PostgresTestSupport

let testLogger = Logger(label: "postgres-tests")

/// A session in the shared cluster's maintenance database, for tests that leave nothing behind.
func connect(
    _ change: (inout PostgresConfiguration) -> Void = { _ in }
) async throws -> Connection {
    let cluster = try await TestCluster.shared()
    var configuration = try PostgresConfiguration(cluster.conninfo)
    change(&configuration)
    return try await Connection.connect(configuration, logger: testLogger)
}

/// The PostgreSQL error that the body throws; nil if it throws none.
func postgresError<Value>(_ body: () async throws -> Value) async -> PostgresError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? PostgresError
    }
}

/// Waits until the condition holds, which is for the server to bring about; the test's time limit ends a vain wait.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(5)) }
}
