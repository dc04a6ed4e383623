import ArgumentParser
import Foundation
import Logging
import Postgres
import Store

/// Where the database is, the same for every command.
struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The database: postgresql://… or 'host=… dbname=…'.",
            discussion: "Without it: DATABASE_URL, or libpq's PGHOST, PGSERVICE …, or a `stepwell dev` that runs here.",
            valueName: "conninfo"
        )
    )
    var database: String?

    @Option(
        help: ArgumentHelp(
            "The schema in it, where that is not `stepwell`.",
            discussion: "Without it: STEPWELL_SCHEMA.",
            valueName: "name"
        )
    )
    var schema: String?

    /// The settings to connect with.
    func configuration() throws -> PostgresConfiguration {
        let environment = ProcessInfo.processInfo.environment
        var configuration = try configuration(environment)
        // As workers do.
        configuration.preparesStatements = environment["STEPWELL_PREPARE"].map { $0 != "off" }
        if let schema {
            do throws(PostgresError) {
                configuration.schema = try SchemaName(schema)
            } catch {
                throw Failure(.refused, error.message, at: "--schema")
            }
        }
        return configuration
    }

    private func configuration(_ environment: [String: String]) throws -> PostgresConfiguration {
        do throws(PostgresError) {
            if let database { return try PostgresConfiguration(database, environment: environment) }
            if Self.variables.contains(where: { environment[$0]?.isEmpty == false }) {
                return try PostgresConfiguration(nil, environment: environment)
            }
            if let url = DevDirectory.standard.runningDatabase {
                Console.note(Style.errors(.faint, "using the database of the `stepwell dev` that runs here"))
                return try PostgresConfiguration(url)
            }
        } catch {
            throw Failure(.refused, "\(error)", at: database == nil ? "DATABASE_URL or PG… variables" : "--database")
        }
        throw Failure(
            .unavailable,
            "no database was named, and no `stepwell dev` runs in this directory",
            remedy: "set DATABASE_URL, or pass --database, or start one here: stepwell dev"
        )
    }

    /// Those that say which database is meant.
    private static let variables = [
        "DATABASE_URL", "PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE",
    ]

    /// Opens the store for as long as `body` needs it; what goes wrong with it becomes a `Failure`.
    func withStore<Value: Sendable>(_ body: (Store) async throws -> Value) async throws -> Value {
        let configuration = try configuration()
        do throws(PostgresError) {
            // The pool keeps trying, for servers that restart; somebody who waits at a terminal is told at once.
            try await Connection.connect(configuration, logger: .quiet).close()
        } catch {
            throw Failure(error, database: configuration)
        }
        do {
            let store = try await Store.open(configuration, poolSize: 2, logger: .quiet)
            let result = await Result { try await body(store) }
            await store.close()
            return try result.get()
        } catch let error as StoreError {
            throw Failure(error, database: configuration)
        }
    }
}

extension Result where Failure == any Error {
    /// The outcome of an asynchronous call.
    init(catching body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

extension Logger {
    /// For commands that report for themselves: only what should never happen.
    static var quiet: Logger {
        var logger = Logger(label: "stepwell", factory: StreamLogHandler.standardError(label:))
        logger.logLevel = .error
        return logger
    }
}
