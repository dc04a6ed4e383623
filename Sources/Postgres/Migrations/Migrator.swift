package import Logging

/// Brings a database up to date: applies the migrations that it has not seen, each in one transaction, each once even
/// if many processes start at the same moment.
///
/// What was applied is recorded in the table `migrations` of the schema, with a checksum, so that a file that was
/// changed afterwards is noticed.
package struct Migrator: Sendable {
    private let configuration: PostgresConfiguration
    private let migrations: [Migration]
    private let logger: Logger

    /// Checks the migrations among themselves; the database is not asked yet.
    ///
    /// - Parameters:
    ///   - configuration: The database. Its role must be allowed to create what the migrations create, and its schema if
    ///     that isn't there.
    ///   - migrations: All there are, numbered from 1 without gaps.
    ///   - logger: Takes the server's notices.
    /// - Throws: `.invalid`.
    package init(
        _ configuration: PostgresConfiguration,
        migrations: [Migration],
        logger: Logger
    ) throws(MigrationError) {
        self.configuration = configuration
        self.migrations = try MigrationPlan.inOrder(migrations)
        self.logger = logger
    }

    /// What `run` would apply. Changes nothing.
    ///
    /// - Returns: The migrations that are missing, in order.
    /// - Throws: `.mismatch`, `.database`.
    package func pending() async throws(MigrationError) -> [Migration] {
        try await onThread { session throws(MigrationError) in try pending(session) }
    }

    /// Applies what is missing. A cancelled task still waits for the migration that has been started.
    ///
    /// - Returns: The migrations that this call applied; another process may have applied others meanwhile.
    /// - Throws: `.failed` with the place in the file: those before it stay applied. `.mismatch`, `.database`.
    @discardableResult
    package func run() async throws(MigrationError) -> [Migration] {
        try await onThread { session throws(MigrationError) in
            // A program without the rights to migrate can start on a database that is up to date.
            guard try !pending(session).isEmpty else { return [] }
            var applied: [Migration] = []
            for migration in migrations where try apply(migration, session) { applied.append(migration) }
            return applied
        }
    }

    private func onThread(
        _ body: @escaping @Sendable (MigrationSession) throws(MigrationError) -> [Migration]
    ) async throws(MigrationError) -> [Migration] {
        let promise = Promise<Result<[Migration], MigrationError>>()
        let outcome = await promise.value { [configuration, logger] in
            let started = startThread {
                promise.provide(
                    Result { () throws(MigrationError) in
                        let session: MigrationSession
                        do throws(PostgresError) {
                            session = try MigrationSession(configuration, logger: logger)
                        } catch {
                            throw MigrationError(error)
                        }
                        return try body(session)
                    }
                )
            }
            if !started { promise.provide(.failure(MigrationError(.database, "no thread to migrate on"))) }
        }
        return try outcome?.get() ?? []
    }
}

extension Migrator {
    /// The record's name; quoted, because a schema may be called like a word of SQL.
    private var table: String { "\"\(configuration.schema)\".migrations" }

    private func pending(_ session: MigrationSession) throws(MigrationError) -> [Migration] {
        let exists = Statement("SELECT to_regclass($1) IS NOT NULL", [.text(table)])
        guard try database({ () throws(PostgresError) in try session.query(exists).only().bool(0) }) else {
            return migrations
        }
        return Array(migrations.dropFirst(try appliedCount(session)))
    }

    private func appliedCount(_ session: MigrationSession) throws(MigrationError) -> Int {
        let (applied, checksums) = try database { () throws(PostgresError) in
            let records = try session.query(Statement("SELECT number, name, checksum FROM \(table)"))
            var applied: [AppliedMigration] = []
            for row in records {
                applied.append(
                    AppliedMigration(number: try row.int(0), fileName: try row.text(1), checksum: try row.text(2))
                )
            }
            let sums = """
                SELECT array_agg(encode(sha256(convert_to(text, 'UTF8')), 'hex') ORDER BY position)
                FROM unnest($1) WITH ORDINALITY AS file (text, position)
                """
            let row = try session.query(Statement(sums, [.textArray(migrations.map(\.sql))])).only()
            return (applied, migrations.isEmpty ? [] : try row.textArray(0))
        }
        return try MigrationPlan.appliedCount(applied, of: migrations, checksums: checksums)
    }

    /// Applies one migration unless another process has just done so; says whether it did.
    private func apply(_ migration: Migration, _ session: MigrationSession) throws(MigrationError) -> Bool {
        try database { () throws(PostgresError) in try begin(session) }
        guard try appliedCount(session) < migration.number else {
            try database { () throws(PostgresError) in _ = try session.query("COMMIT") }
            return false
        }
        do throws(MigrationSession.ScriptFailure) {
            try session.run(migration.sql)
        } catch {
            throw failure(of: migration, error)
        }
        guard session.isInTransaction else {
            throw MigrationError(
                .failed,
                "the file ends its transaction (COMMIT, ROLLBACK): part of it may be applied; mend that by hand",
                file: migration.fileName
            )
        }
        try record(migration, session)
        return true
    }

    /// Opens a transaction that has the migrations of this schema for itself.
    private func begin(_ session: MigrationSession) throws(PostgresError) {
        // A setting that one file made must not reach the next.
        _ = try session.query("RESET ALL")
        _ = try session.query("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        // Others may be at it for longer than statements usually take. The role's own lock timeout, if it has one, is
        // for the files' locks.
        _ = try session.query("SET LOCAL statement_timeout = 0")
        _ = try session.query("SET LOCAL lock_timeout = 0")
        _ = try session.query(
            Statement("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [.text(table)])
        )
        _ = try session.query("SET LOCAL lock_timeout TO DEFAULT")
        // What is made belongs to whoever owns the schema, not to the member of that role who is at it.
        let owner = """
            SELECT format('SET LOCAL ROLE %I', r.rolname) FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner
            WHERE n.nspname = $1 AND r.rolname <> current_user AND pg_has_role(r.oid, 'MEMBER')
            """
        if let row = try session.query(Statement(owner, [.text(configuration.schema.description)])).first {
            _ = try session.query(Statement(try row.text(0)))
        }
        // IF NOT EXISTS alone would ask for the right to create schemas even if there is nothing to create.
        let exists = Statement("SELECT to_regnamespace($1) IS NOT NULL", [.text("\"\(configuration.schema)\"")])
        if try !session.query(exists).only().bool(0) {
            _ = try session.query(Statement("CREATE SCHEMA \"\(configuration.schema)\""))
        }
        let columns = """
            CREATE TABLE IF NOT EXISTS \(table) (
                number int PRIMARY KEY,
                name text NOT NULL,
                checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now()
            )
            """
        _ = try session.query(Statement(columns))
    }

    private func record(_ migration: Migration, _ session: MigrationSession) throws(MigrationError) {
        let record = """
            INSERT INTO \(table) (number, name, checksum)
            VALUES ($1, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'))
            """
        let parameters: [PostgresValue] = [
            .int4(Int32(migration.number)), .text(migration.fileName), .text(migration.sql),
        ]
        do throws(PostgresError) {
            _ = try session.query(Statement(record, parameters))
            _ = try session.query("COMMIT")
        } catch {
            // Constraints that are checked at the end belong to the file as well.
            throw MigrationError(.failed, error.message, file: migration.fileName, cause: error)
        }
    }

    private func failure(of migration: Migration, _ failure: MigrationSession.ScriptFailure) -> MigrationError {
        let place = failure.cause.position.map { migration.place(ofCharacter: $0) }
        // Without a position the server at least says how far it came.
        let ordinal = place == nil ? " (statement \(failure.succeeded + 1) of the file)" : ""
        return MigrationError(
            .failed,
            failure.cause.message + ordinal,
            file: migration.fileName,
            line: place?.line,
            column: place?.column,
            cause: failure.cause
        )
    }

    private func database<Value>(_ body: () throws(PostgresError) -> Value) throws(MigrationError) -> Value {
        do throws(PostgresError) {
            return try body()
        } catch {
            throw MigrationError(error)
        }
    }
}
