package import Expressions
import Postgres

/// Which version gets how many of a hundred starts.
package struct Route: Sendable, Hashable {
    package var version: Int32
    package var weight: Int32

    package init(version: Int32, weight: Int32) {
        self.version = version
        self.weight = weight
    }
}

/// A name for one version, or for two that share the starts.
package struct MachineAlias: Sendable, Hashable {
    package var name: String
    package var description: String?
    /// One or two; the weights add up to 100.
    package var routes: [Route]
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
}

/// What became of a change to an alias.
package enum AliasChange: Sendable, Hashable {
    /// It is as wanted; when it was created, or updated.
    case done(Timestamp)
    /// Another alias has the name.
    case conflict
    /// No such state machine, version or alias.
    case missing
    case deleting
    /// The state machine has 100 aliases.
    case full
}

extension Store {
    /// Creates an alias; the same request again is harmless.
    package func createAlias(
        _ name: String,
        ofStateMachine machine: String,
        description: String?,
        routes: [Route]
    ) async throws(StoreError) -> AliasChange {
        try await change(
            Statement(
                "select o_outcome, o_created_at from stepwell.create_alias($1, $2, $3, $4, $5, $6, $7)",
                [.text(machine), .text(name), .text(description)] + Self.parameters(routes)
            )
        )
    }

    /// Changes what is not nil.
    package func updateAlias(
        _ name: String,
        ofStateMachine machine: String,
        description: String?,
        routes: [Route]?
    ) async throws(StoreError) -> AliasChange {
        try await change(
            Statement(
                "select o_outcome, o_updated_at from stepwell.update_alias($1, $2, $3, $4, $5, $6, $7)",
                [.text(machine), .text(name), .text(description)] + Self.parameters(routes ?? [])
            )
        )
    }

    /// Deletes an alias.
    ///
    /// - Returns: whether there was one.
    package func deleteAlias(_ name: String, ofStateMachine machine: String) async throws(StoreError) -> Bool {
        let rows = try await query(
            Statement(
                """
                delete from stepwell.aliases a using stepwell.state_machines m
                where m.id = a.machine and m.name = $1 and a.name = $2
                returning true
                """,
                [.text(machine), .text(name)]
            )
        )
        return !rows.isEmpty
    }

    /// One alias; nil: there is none.
    package func alias(_ name: String, ofStateMachine machine: String) async throws(StoreError) -> MachineAlias? {
        let rows = try await query(
            Statement("\(Self.aliasColumns) and a.name = $2", [.text(machine), .text(name)])
        )
        return try decode { () throws(PostgresError) in try rows.first.map(Self.alias) }
    }

    /// Aliases by name, from behind `after` on.
    ///
    /// - Parameter version: only those that route to it.
    package func aliases(
        ofStateMachine machine: String,
        version: Int32?,
        after: String?,
        limit: Int
    ) async throws(StoreError) -> Page<MachineAlias, String> {
        let rows = try await query(
            Statement(
                """
                \(Self.aliasColumns)
                  and ($2::text is null or a.name collate "C" > $2 collate "C")
                  and ($3::int is null or $3 in (a.version, a.second_version))
                order by a.name collate "C"
                limit $4
                """,
                [.text(machine), .text(after), .int4(version), .int8(Int64(limit + 1))]
            )
        )
        let aliases = try decode { () throws(PostgresError) in
            var aliases: [MachineAlias] = []
            for row in rows { aliases.append(try Self.alias(row)) }
            return aliases
        }
        return Page(aliases, limit: limit, cursor: \.name)
    }

    private static let aliasColumns = """
        select a.name, a.description, a.version, a.weight, a.second_version, a.second_weight, a.created_at, a.updated_at
        from stepwell.state_machines m join stepwell.aliases a on a.machine = m.id
        where m.name = $1
        """

    private static func alias(_ row: Row) throws(PostgresError) -> MachineAlias {
        var routes = [Route(version: Int32(clamping: try row.int(2)), weight: Int32(clamping: try row.int(3)))]
        if let second = try row.optionalInt(4), let weight = try row.optionalInt(5) {
            routes.append(Route(version: Int32(clamping: second), weight: Int32(clamping: weight)))
        }
        return MachineAlias(
            name: try row.text(0),
            description: try row.optionalText(1),
            routes: routes,
            createdAt: Timestamp(microseconds: try row.timestamp(6)),
            updatedAt: Timestamp(microseconds: try row.timestamp(7))
        )
    }

    /// The first route and the second, null where there is none.
    private static func parameters(_ routes: [Route]) -> [PostgresValue] {
        (0..<2)
            .flatMap { index -> [PostgresValue] in
                let route = routes.indices.contains(index) ? routes[index] : nil
                return [.int4(route?.version), .int4(route?.weight)]
            }
    }

    private func change(_ statement: Statement) async throws(StoreError) -> AliasChange {
        let rows = try await query(statement)
        return try decode { () throws(PostgresError) in
            let row = try rows.only()
            switch try row.text(0) {
            case "conflict": return .conflict
            case "missing": return .missing
            case "deleting": return .deleting
            case "full": return .full
            default: return .done(Timestamp(microseconds: try row.timestamp(1)))
            }
        }
    }
}
