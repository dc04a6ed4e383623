package import Logging
package import Postgres

/// The database's roles; `migrations/…_roles.sql` says what each may do.
package enum DatabaseRole: String, Sendable, CaseIterable {
    /// Owns everything.
    case migrate = "stepwell_migrate"
    /// Workers and servers.
    case engine = "stepwell_engine"
    /// Programs that start and stop executions and answer tasks.
    case client = "stepwell_client"
    /// Looks at everything but secrets.
    case reader = "stepwell_reader"
}

extension Store {
    /// Makes the roles that the cluster does not have, as groups for logins to be members of, gives the schema and all that
    /// is in it to the first of them, and the others their rights. Harmless when all of it was done before.
    ///
    /// - Returns: the roles that were made.
    package static func createRoles(
        _ configuration: PostgresConfiguration,
        logger: Logger
    ) async throws(StoreError) -> [String] {
        try await withPool(configuration, logger: logger) { (pool) throws(PostgresError) in
            var created: [String] = []
            for role in DatabaseRole.allCases where try await create(role, over: pool) { created.append(role.rawValue) }
            var statements: [Statement] = [alone(configuration.schema)]
            for row in try await pool.query(Statement(ownershipPlan, [.text(DatabaseRole.migrate.rawValue)])) {
                statements.append(Statement(try row.text(0)))
            }
            _ = try await pool.batch(statements + [grant])
            return created
        }
    }

    /// Gives the roles that exist their rights, also on what a migration has just added.
    static func grantRights(_ configuration: PostgresConfiguration, logger: Logger) async throws(StoreError) {
        try await withPool(configuration, logger: logger) { (pool) throws(PostgresError) in
            _ = try await pool.batch([alone(configuration.schema), grant])
        }
    }

    private static let grant: Statement = "select stepwell.grant_rights()"

    /// While no other process migrates or grants: rights of one thing can't be changed twice at once. A batch is one
    /// transaction, and the lock is the migrations'.
    private static func alone(_ schema: SchemaName) -> Statement {
        Statement("select pg_advisory_xact_lock(hashtextextended($1, 0))", [.text("\"\(schema)\".migrations")])
    }

    private static func create(_ role: DatabaseRole, over pool: Pool) async throws(PostgresError) -> Bool {
        let exists = Statement("select from pg_roles where rolname = $1", [.text(role.rawValue)])
        guard try await pool.query(exists).isEmpty else { return false }
        do throws(PostgresError) {
            _ = try await pool.query(Statement("create role \(role.rawValue) nologin"))
            return true
        } catch {
            // Roles are the cluster's: another database's installation may have made it meanwhile.
            guard error.sqlState == .uniqueViolation || error.sqlState == .duplicateObject else { throw error }
            return false
        }
    }

    /// A query for the statements that give everything to a role: membership for who does it, the right to make the
    /// schema, and each thing that the role does not own yet.
    private static let ownershipPlan = """
        select format('grant %I to %I', $1, current_user), 1
        where not (select r.rolsuper from pg_roles r where r.rolname = current_user)
        union all
        select format('grant create on database %I to %I', current_database(), $1), 2
        union all
        select format('alter schema stepwell owner to %I', $1), 3 from pg_namespace n
        where n.nspname = 'stepwell' and n.nspowner <> to_regrole(quote_ident($1))
        union all
        select format('alter %s stepwell.%I owner to %I', case c.relkind when 'v' then 'view' else 'table' end, c.relname, $1), 4
        from pg_class c
        where c.relnamespace = 'stepwell'::regnamespace and c.relkind in ('r', 'p', 'v')
          and c.relowner <> to_regrole(quote_ident($1))
        union all
        select format('alter function %s owner to %I', p.oid::regprocedure, $1), 5 from pg_proc p
        where p.pronamespace = 'stepwell'::regnamespace and p.proowner <> to_regrole(quote_ident($1))
        order by 2
        """

    /// Runs something on a single connection of its own.
    static func withPool<Value: Sendable>(
        _ configuration: PostgresConfiguration,
        logger: Logger,
        _ body: (Pool) async throws(PostgresError) -> Value
    ) async throws(StoreError) -> Value {
        var options = Pool.Options()
        options.maximum = 1
        let pool = Pool(configuration, options: options, logger: logger)
        let result: Result<Value, StoreError>
        do throws(PostgresError) {
            result = .success(try await body(pool))
        } catch {
            result = .failure(StoreError(error))
        }
        await pool.close()
        return try result.get()
    }
}
