package import Logging
package import Postgres

/// Looks a database over: whether what must hold does, and what could keep it from holding.
///
/// It only reads, and needs less than a ``Store``: it also speaks of databases that no worker can use.
package struct Checkup: Sendable {
    /// How many violations of one kind are named.
    package static let shownViolations = 5

    let pool: Pool
    let configuration: PostgresConfiguration

    package init(_ configuration: PostgresConfiguration, logger: Logger) {
        var options = Pool.Options()
        options.maximum = 1
        self.configuration = configuration
        pool = Pool(configuration, options: options, logger: logger)
    }

    package func close() async { await pool.close() }

    func query(_ statement: Statement) async throws(StoreError) -> Rows {
        do throws(PostgresError) {
            return try await pool.query(statement)
        } catch {
            throw StoreError(error)
        }
    }

    func decode<Value>(_ body: () throws(PostgresError) -> Value) throws(StoreError) -> Value {
        do throws(PostgresError) {
            return try body()
        } catch {
            throw StoreError(error)
        }
    }

    private func buckets() async throws(StoreError) -> Int32 {
        let rows = try await query("select buckets from stepwell.settings")
        return try decode { () throws(PostgresError) in Int32(clamping: try rows.only().int(0)) }
    }

    // MARK: Invariants

    /// Checks every invariant that can be checked.
    ///
    /// - Parameters:
    ///   - hours: only executions that started in the last so many hours; nil: all.
    ///   - acknowledged: what clients were told; nil: that is not known.
    ///   - isQuiet: whether everything should have ended by now.
    package func invariants(
        hours: Int? = nil,
        acknowledged: [Acknowledgement]? = nil,
        isQuiet: Bool = false
    ) async throws(StoreError) -> [InvariantReport] {
        var reports: [Invariant: InvariantReport] = [:]
        for invariant in Invariant.allCases {
            reports[invariant] = InvariantReport(invariant: invariant, notChecked: invariant.needs)
        }
        let buckets = try await buckets()
        for bucket in 0..<buckets {
            for invariant in Invariant.allCases {
                for check in invariant.checks {
                    let found = try await violations(check, bucket: bucket, hours: hours, isQuiet: isQuiet)
                    reports[invariant]?.violations += found.violations
                    reports[invariant]?.count += found.count
                }
            }
        }
        if let acknowledged {
            for invariant in [Invariant.acknowledged, .sameAnswer, .lasting] { reports[invariant]?.notChecked = nil }
            let byBucket = Dictionary(grouping: acknowledged) {
                Digest.bucket(machine: $0.machine, execution: $0.name, of: buckets)
            }
            for (bucket, group) in byBucket.sorted(by: { $0.key < $1.key }) {
                for (invariant, violation) in try await broken(group, bucket: bucket) {
                    reports[invariant]?.count += 1
                    if reports[invariant]?.violations.count ?? 0 < Self.shownViolations {
                        reports[invariant]?.violations.append(violation)
                    }
                }
            }
        }
        return Invariant.allCases.compactMap { reports[$0] }
    }

    private func violations(
        _ check: String,
        bucket: Int32,
        hours: Int?,
        isQuiet: Bool
    ) async throws(StoreError) -> (violations: [InvariantReport.Violation], count: Int) {
        let since = "stepwell.uuid_at(now() - make_interval(hours => $2))"
        let arguments = check == "check_ends" ? "$1, \(since), $3" : "$1, \(since)"
        var parameters: [PostgresValue] = [.int4(bucket), .int4(hours.map { Int32(clamping: $0) })]
        if check == "check_ends" { parameters.append(.bool(isQuiet)) }
        let rows = try await query(
            Statement(
                """
                select coalesce(coalesce(m.name || '/' || e.map_label, m.name) || ':' || e.name, v.o_execution::text),
                    v.o_detail, v.total
                from (
                    select c.o_execution, c.o_detail, count(*) over () as total
                    from stepwell.\(check)(\(arguments)) c
                    order by c.o_execution, c.o_detail limit \(Self.shownViolations)
                ) v
                left join stepwell.executions e on e.bucket = $1 and e.id = v.o_execution
                left join stepwell.state_machines m on m.id = e.machine
                """,
                parameters
            )
        )
        return try decode { () throws(PostgresError) in
            var violations: [InvariantReport.Violation] = []
            for row in rows { violations.append(.init(execution: try row.text(0), detail: try row.text(1))) }
            return (violations, try rows.first?.int(2) ?? 0)
        }
    }

    private func broken(
        _ acknowledged: [Acknowledgement],
        bucket: Int32
    ) async throws(StoreError) -> [(Invariant, InvariantReport.Violation)] {
        let rows = try await query(
            Statement(
                """
                select c.o_invariant, c.o_execution, c.o_detail
                from stepwell.check_acknowledged($1, $2, $3, $4, $5, $6) c
                """,
                [
                    .int4(bucket), .textArray(acknowledged.map(\.machine)), .textArray(acknowledged.map(\.name)),
                    .timestamptzArray(microseconds: acknowledged.map(\.startedAt)),
                    .int4Array(acknowledged.map { $0.lastEvent.map { Int32(clamping: $0) } }),
                    .textArray(acknowledged.map(\.output)),
                ]
            )
        )
        return try decode { () throws(PostgresError) in
            var broken: [(Invariant, InvariantReport.Violation)] = []
            for row in rows {
                guard let invariant = Invariant(rawValue: try row.text(0)) else { continue }
                broken.append((invariant, .init(execution: try row.text(1), detail: try row.text(2))))
            }
            return broken
        }
    }
}
