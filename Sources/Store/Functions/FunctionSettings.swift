import Postgres
import StatesLanguage

/// Where the result of a call that nobody waited for goes.
package enum Destination: Sendable, Hashable, CustomStringConvertible {
    /// It is the event of another such call.
    case function(String)
    /// It is the input of an execution.
    case stateMachine(String)

    /// Reads `function:NAME`, `stateMachine:NAME` or an ARN of one; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let kind = parts.count == 2 ? parts[0] : parts.count == 7 && parts[0] == "arn" ? parts[5] : ""
        guard let name = parts.last, !name.isEmpty, !name.utf8.contains(0) else { return nil }
        switch kind {
        case "function" where FunctionSettings.isName(name): self = .function(name)
        case "stateMachine": self = .stateMachine(name)
        default: return nil
        }
    }

    package var description: String {
        switch self {
        case .function(let name): "function:\(name)"
        case .stateMachine(let name): "stateMachine:\(name)"
        }
    }
}

/// What is set for a function in the whole installation. What is not said is as Lambda has it.
package struct FunctionSettings: Sendable, Hashable {
    /// How often a call that nobody waits for is made again when it has failed.
    package var retries = 2
    /// How many seconds after its event such a call may still be made.
    package var maximumAge = 21_600
    package var onSuccess: Destination?
    package var onFailure: Destination?
    /// How many calls run at once, all workers together; nil: as many as they like.
    package var reserved: Int?
    /// How many calls begin in a second, all workers together; nil: as many as come.
    package var rate: Double?
    /// Where in an event the key stands whose calls take turns with those of others; nil: first come, first served.
    package var fairKey: String?
    /// Where its priority stands, 0 to 9: of a higher one all calls go before.
    package var priority: String?

    package init() {}

    package static func isName(_ name: String) -> Bool { name.wholeMatch(of: /[A-Za-z0-9_-]{1,64}/) != nil }

    /// - Throws: `.validation` naming what is out of bounds.
    package func check() throws(StoreError) {
        guard (0...2).contains(retries) else { throw .validation("retries is \(retries): expected 0 to 2") }
        guard (60...21_600).contains(maximumAge) else {
            throw .validation("the maximum age is \(maximumAge) seconds: expected 60 to 21600")
        }
        if let reserved, !(0...100_000).contains(reserved) {
            throw .validation("the reserved concurrency is \(reserved): expected 0 to 100000")
        }
        for (name, path) in [("fair key", fairKey), ("priority", priority)] where path != nil {
            _ = try FairRule.path(path, named: name)
        }
        if let rate, !(rate > 0 && rate <= 1_000_000) {
            throw .validation("the rate is \(rate) calls a second: expected more than 0 and at most 1000000")
        }
    }
}

extension Store {
    /// Sets what holds for a function, and makes calls that nobody waits for follow it from now on.
    ///
    /// - Parameter isDeclared: by a program that offers the function: destinations may come later.
    /// - Throws: `.validation`; `.stateMachineDoesNotExist` for a destination that is not there.
    package func putFunction(
        _ name: String,
        _ settings: FunctionSettings,
        isDeclared: Bool = false
    ) async throws(StoreError) {
        guard FunctionSettings.isName(name) else {
            throw .validation("a function's name has 1 to 64 letters, digits, _ and -")
        }
        try settings.check()
        for destination in [settings.onSuccess, settings.onFailure] {
            switch destination {
            case .function(let other) where other != name: _ = try await machineOfEvents(other)
            case .stateMachine(let machine) where !isDeclared:
                _ = try await query(
                    Statement("select stepwell.check_schedule_target($1, '{}')", [.text(machine)])
                )
            default: break
            }
        }
        try await putFairRule(of: name, settings)
        _ = try await query(
            Statement(
                """
                insert into stepwell.functions as f
                    (name, retries, maximum_age, on_success, on_failure, reserved, rate)
                values ($1, $2, $3, $4, $5, $6, $7)
                on conflict (name) do update
                set retries = excluded.retries, maximum_age = excluded.maximum_age, on_success = excluded.on_success,
                    on_failure = excluded.on_failure, reserved = excluded.reserved, rate = excluded.rate,
                    updated_at = now()
                where (f.retries, f.maximum_age, f.on_success, f.on_failure, f.reserved, f.rate)
                    is distinct from (excluded.retries, excluded.maximum_age, excluded.on_success, excluded.on_failure,
                        excluded.reserved, excluded.rate)
                """,
                [
                    .text(name), .int4(Int32(settings.retries)), .int4(Int32(settings.maximumAge)),
                    .text(settings.onSuccess?.description), .text(settings.onFailure?.description),
                    .int4(settings.reserved.map(Int32.init(clamping:))), .float8(settings.rate),
                ]
            )
        )
        try await renewMachinesOfEvents(name)
    }

    /// Lets calls that nobody waits for follow what is set, those of versions as well.
    private func renewMachinesOfEvents(_ name: String) async throws(StoreError) {
        _ = try await machineOfEvents(name)
        let rows = try await query(
            Statement(
                """
                select v.version from stepwell.function_versions v
                join stepwell.state_machines m on m.name = 'event ' || v.function || '.' || v.version
                where v.function = $1
                order by v.version
                """,
                [.text(name)]
            )
        )
        let versions = try decode { () throws(PostgresError) in
            var versions: [Int] = []
            for row in rows { versions.append(try row.int(0)) }
            return versions
        }
        for version in versions { _ = try await machineOfEvents("\(name):\(version)") }
    }

    /// What holds for a function; what is set for none is as Lambda has it.
    package func functionSettings(_ name: String) async throws(StoreError) -> FunctionSettings? {
        try await functions(named: name).first?.settings
    }

    /// The functions for which something is set, by name.
    package func functions(
        named name: String? = nil
    ) async throws(StoreError) -> [(name: String, settings: FunctionSettings)] {
        let rows = try await query(
            Statement(
                """
                select f.name, f.retries, f.maximum_age, f.on_success, f.on_failure, f.reserved, f.rate, q.fair_key,
                    q.priority
                from stepwell.functions f
                left join stepwell.fair_functions q on q.name = f.name
                where $1::text is null or f.name = $1
                order by f.name collate "C"
                """,
                [.text(name)]
            )
        )
        return try decode { () throws(PostgresError) in
            var functions: [(name: String, settings: FunctionSettings)] = []
            for row in rows {
                var settings = FunctionSettings()
                settings.retries = try row.int(1)
                settings.maximumAge = try row.int(2)
                settings.onSuccess = try row.optionalText(3).flatMap(Destination.init)
                settings.onFailure = try row.optionalText(4).flatMap(Destination.init)
                settings.reserved = try row.optionalInt(5)
                settings.rate = try row.optionalDouble(6)
                settings.fairKey = try row.optionalText(7)
                settings.priority = try row.optionalText(8)
                functions.append((try row.text(0), settings))
            }
            return functions
        }
    }

    /// Forgets what is set for a function.
    ///
    /// - Throws: `.validation` if nothing is.
    package func deleteFunction(_ name: String) async throws(StoreError) {
        let rows = try await query(
            Statement("delete from stepwell.functions where name = $1 returning name", [.text(name)])
        )
        guard !rows.isEmpty else { throw .validation("nothing is set for a function named '\(name)'") }
        try await putFairRule(of: name, FunctionSettings())
        try await renewMachinesOfEvents(name)
    }
}
