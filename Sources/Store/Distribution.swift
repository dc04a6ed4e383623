package import Logging
package import Postgres

extension Store {
    /// Spreads a database with the Citus extension over its nodes: tables that are cut into buckets are distributed by
    /// bucket and kept together, the small ones are on every node, and a transition runs where its bucket is. Nothing else
    /// differs from a single PostgreSQL. What is distributed already stays as it is.
    ///
    /// - Returns: what was distributed, as `TABLE` or `FUNCTION(…)`.
    package static func distribute(
        _ configuration: PostgresConfiguration,
        logger: Logger
    ) async throws(StoreError) -> [String] {
        var options = Pool.Options()
        options.maximum = 1
        let pool = Pool(configuration, options: options, logger: logger)
        let result: Result<[String], StoreError>
        do throws(StoreError) {
            result = .success(try await distribute(over: pool))
        } catch {
            result = .failure(error)
        }
        await pool.close()
        return try result.get()
    }

    private static func distribute(over pool: Pool) async throws(StoreError) -> [String] {
        var names: [String] = []
        let hasCitus: Bool
        do throws(PostgresError) {
            hasCitus = try await !pool.query("select from pg_extension where extname = 'citus'").isEmpty
        } catch {
            throw StoreError(error)
        }
        guard hasCitus else { throw .schemaMismatch(needsCitus) }
        do throws(PostgresError) {
            for row in try await pool.query(Statement(Self.distributionPlan(skipping: "pg_catalog.pg_dist_partition")))
            {
                _ = try await pool.query(Statement(try row.text(1)))
                names.append(try row.text(0))
            }
        } catch {
            throw StoreError(error)
        }
        return names
    }

    private static let needsCitus =
        "the database has no Citus: install it on every node, then run in this database: create extension citus"

    /// A query for the steps of a distribution, in order: what, and the statement that does it. Reference tables come
    /// first, because functions of the others read them.
    ///
    /// - Parameter catalogue: where Citus lists the tables that it has, with `logicalrelid`.
    static func distributionPlan(skipping catalogue: String) -> String {
        """
        with tables as (
            select c.oid, c.relname,
                exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'bucket' and a.attnum = 1)
                    as has_bucket
            from pg_class c
            where c.relnamespace = 'stepwell'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
              and c.relname <> 'migrations'
        ), steps as (
            select case when t.has_bucket then 2 else 1 end as place, t.relname = 'executions' as is_first,
                t.relname::text as what,
                case when t.has_bucket
                    then format('select create_distributed_table(%L, %L, colocate_with => %L)', 'stepwell.' || t.relname,
                        'bucket', case when t.relname = 'executions' then 'none' else 'stepwell.executions' end)
                    else format('select create_reference_table(%L)', 'stepwell.' || t.relname) end as statement
            from tables t
            where not exists (select from \(catalogue) d where d.logicalrelid = t.oid)
            union all
            select 3, false, p.oid::regprocedure::text,
                case when p.proargnames[1] = 'p_bucket'
                    then format('select create_distributed_function(%L, %L, colocate_with => %L)',
                        p.oid::regprocedure::text, 'p_bucket', 'stepwell.executions')
                    else format('select create_distributed_function(%L)', p.oid::regprocedure::text) end
            from pg_proc p
            where p.pronamespace = 'stepwell'::regnamespace
        )
        select s.what, s.statement from steps s order by s.place, s.is_first desc, s.what
        """
    }
}
