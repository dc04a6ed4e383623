package import Postgres

/// What is fixed for a whole installation: the row of `stepwell.settings`.
package struct Settings: Sendable, Hashable {
    /// How many buckets the growing tables are cut into.
    package let buckets: Int32
    package let region: String
    package let account: String
    /// Whether all limits are AWS's.
    package let isStrict: Bool
    /// The largest input, output or result, in UTF-8 bytes.
    package let payloadBytes: Int
    /// The most events one execution may have.
    package let historyEvents: Int

    package init(
        buckets: Int32,
        region: String = "us-east-1",
        account: String = "000000000000",
        isStrict: Bool = false,
        payloadBytes: Int = 256 << 10,
        historyEvents: Int = 25_000
    ) {
        self.buckets = buckets
        self.region = region
        self.account = account
        self.isStrict = isStrict
        self.payloadBytes = payloadBytes
        self.historyEvents = historyEvents
    }

    /// The migrations that this program was written for: a database needs at least these.
    static let requiredMigration = 59

    /// How many map runs may go on at once; nil: any number.
    package var openMapRuns: Int? { isStrict ? 1_000 : nil }

    static func load(from pool: Pool) async throws(StoreError) -> Settings {
        let outdated = StoreError.schemaMismatch("the database lacks migrations of this version; run: stepwell migrate")
        let applied: Int
        do throws(PostgresError) {
            let rows = try await pool.query("select coalesce(max(number), 0)::int from stepwell.migrations")
            applied = try rows.only().int(0)
        } catch {
            throw error.sqlState == .undefinedTable ? outdated : StoreError(error)
        }
        guard applied >= requiredMigration else { throw outdated }
        do throws(PostgresError) {
            let row =
                try await pool.query(
                    "select buckets, region, account, payload_bytes, history_events, strict_aws from stepwell.settings"
                )
                .only()
            return Settings(
                buckets: Int32(clamping: try row.int(0)),
                region: try row.text(1),
                account: try row.text(2),
                isStrict: try row.bool(5),
                payloadBytes: try row.int(3),
                historyEvents: try row.int(4)
            )
        } catch {
            throw StoreError(error)
        }
    }

    package func stateMachineARN(_ machine: String) -> String {
        "arn:aws:states:\(region):\(account):stateMachine:\(machine)"
    }

    /// - Parameter execution: its own name, which is that of an express execution if it has a colon.
    package func executionARN(machine: String, execution: String) -> String {
        let type = execution.utf8.contains(UInt8(ascii: ":")) ? "express" : "execution"
        return "arn:aws:states:\(region):\(account):\(type):\(machine):\(execution)"
    }

    package func mapRunARN(machine: String, label: String, id: PGUUID) -> String {
        "arn:aws:states:\(region):\(account):mapRun:\(machine)/\(label):\(id)"
    }

    package func activityARN(_ activity: String) -> String {
        "arn:aws:states:\(region):\(account):activity:\(activity)"
    }

    /// The activity's name, from its name or its ARN.
    package static func activityName(_ nameOrARN: String) -> String {
        let parts = nameOrARN.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 7, parts[0] == "arn", parts[2] == "states", parts[5] == "activity" else {
            return nameOrARN
        }
        return String(parts[6])
    }

    /// The machine's name, from its name or its ARN (a version or an alias is cut off).
    package static func machineName(_ nameOrARN: String) -> String {
        let parts = nameOrARN.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 7, parts[0] == "arn", parts[2] == "states", parts[5] == "stateMachine" else {
            return parts.count == 2 ? String(parts[0]) : nameOrARN
        }
        return String(parts[6])
    }

    /// The version or alias behind the machine's name, from its ARN or `MACHINE:QUALIFIER`.
    package static func qualifier(_ nameOrARN: String) -> String? {
        let parts = nameOrARN.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 8, parts[0] == "arn", parts[2] == "states", parts[5] == "stateMachine" {
            return String(parts[7])
        }
        return parts.count == 2 ? String(parts[1]) : nil
    }

    /// The names of machine and execution, from an execution's ARN or `MACHINE:NAME`.
    package static func executionNames(_ execution: String) -> (machine: String, execution: String)? {
        let parts = execution.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 8, parts[0] == "arn", parts[2] == "states", parts[5] == "execution" {
            return (String(parts[6]), String(parts[7]))
        }
        if parts.count == 9, parts[0] == "arn", parts[2] == "states", parts[5] == "express" {
            return (String(parts[6]), "\(parts[7]):\(parts[8])")
        }
        guard parts.count == 2 || parts.count == 3 else { return nil }
        return (String(parts[0]), parts[1...].joined(separator: ":"))
    }
}
