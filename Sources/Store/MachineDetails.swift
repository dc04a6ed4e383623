package import Expressions
package import JSON
import Postgres
package import StatesLanguage

/// A state machine, or one of its versions, or what an execution runs, in full.
package struct MachineDetails: Sendable {
    package var name: String
    package var type: MachineType
    package var isDeleting: Bool
    package var definition: String
    package var roleARN: String?
    /// nil: the first revision.
    package var revisionID: String?
    package var configuration: JSONValue
    /// Of the version, where one was asked for.
    package var description: String?
    package var createdAt: Timestamp
    /// When its revision was made.
    package var updatedAt: Timestamp
    /// Of an execution that a Distributed Map started.
    package var child: MapChild?

    /// For which run, and the label of the Map.
    package struct MapChild: Sendable {
        package var mapRunARN: String
        package var label: String
    }
}

/// A page of a list, and where the next one begins; nil: there is none.
package struct Page<Element: Sendable, Cursor: Sendable>: Sendable {
    package var elements: [Element]
    package var next: Cursor?

    /// Of rows that were asked for with one more than `limit`.
    init(_ rows: [Element], limit: Int, cursor: (Element) -> Cursor) {
        elements = Array(rows.prefix(limit))
        next = rows.count > limit ? elements.last.map(cursor) : nil
    }
}

/// A state machine as the API lists it.
package struct ListedMachine: Sendable {
    package var name: String
    package var type: MachineType
    package var createdAt: Timestamp
}

extension Store {
    private static let details = """
        m.name, m.type, m.deleting_at is not null, r.definition, r.role_arn, r.revision_id, r.configuration,
        r.created_at
        """

    /// A state machine, or one of its versions; nil: there is none.
    package func machineDetails(_ name: String, version: Int32? = nil) async throws(StoreError) -> MachineDetails? {
        let current = """
            select \(Self.details), m.created_at, null::text
            from stepwell.state_machines m join stepwell.revisions r on r.id = m.revision
            where m.name = $1 and m.deleted_at is null
            """
        let published = """
            select \(Self.details), v.created_at, v.description
            from stepwell.state_machines m
            join stepwell.versions v on v.machine = m.id
            join stepwell.revisions r on r.id = v.revision
            where m.name = $1 and m.deleted_at is null and v.number = $2
            """
        let rows = try await query(
            version == nil
                ? Statement(current, [.text(name)]) : Statement(published, [.text(name), .int4(version)])
        )
        return try decode { () throws(PostgresError) in try rows.first.map(Self.machineDetails) }
    }

    /// What an execution runs; nil: there is no such execution.
    package func machineDetails(ofExecution execution: String) async throws(StoreError) -> MachineDetails? {
        let rows = try await query(
            Statement(
                """
                select \(Self.details), m.created_at, null::text, e.map_run, e.map_label
                from stepwell.find_execution($1) e
                join stepwell.state_machines m on m.id = e.machine
                join stepwell.revisions r on r.id = e.revision
                """,
                [.text(execution)]
            )
        )
        return try decode { () throws(PostgresError) in
            guard let row = rows.first else { return nil }
            var details = try Self.machineDetails(row)
            if let run = try row.optionalUUID(10), let label = try row.optionalText(11) {
                details.child = MachineDetails.MapChild(
                    mapRunARN: settings.mapRunARN(machine: details.name, label: label, id: run),
                    label: label
                )
            }
            return details
        }
    }

    /// Whether a state machine is an express one; one that there isn't is none.
    ///
    /// - Parameter machine: its name, perhaps with `:VERSION` or `:ALIAS` behind it.
    package func isExpress(_ machine: String) async throws(StoreError) -> Bool {
        let rows = try await query(
            Statement(
                "select m.type = 'EXPRESS' from stepwell.state_machines m where m.name = split_part($1, ':', 1)",
                [.text(machine)]
            )
        )
        return try decode { () throws(PostgresError) in try rows.first?.bool(0) ?? false }
    }

    private static func machineDetails(_ row: Row) throws(PostgresError) -> MachineDetails {
        MachineDetails(
            name: try row.text(0),
            type: MachineType(rawValue: try row.text(1)) ?? .standard,
            isDeleting: try row.bool(2),
            definition: try row.text(3),
            roleARN: try row.optionalText(4),
            revisionID: try row.optionalUUID(5)?.description,
            configuration: (try? JSONValue(parsing: try row.text(6))) ?? [:],
            description: try row.optionalText(9),
            createdAt: Timestamp(microseconds: try row.timestamp(8)),
            updatedAt: Timestamp(microseconds: try row.timestamp(7))
        )
    }

    /// State machines by name, from behind `after` on.
    package func listStateMachines(
        after: String?,
        limit: Int
    ) async throws(StoreError) -> Page<ListedMachine, String> {
        let rows = try await query(
            Statement(
                """
                select m.name, m.type, m.created_at
                from stepwell.state_machines m
                where m.deleted_at is null and strpos(m.name, ' ') = 0
                  and ($1::text is null or m.name collate "C" > $1 collate "C")
                order by m.name collate "C"
                limit $2
                """,
                [.text(after), .int8(Int64(limit + 1))]
            )
        )
        let machines = try decode { () throws(PostgresError) in
            var machines: [ListedMachine] = []
            for row in rows {
                machines.append(
                    ListedMachine(
                        name: try row.text(0),
                        type: MachineType(rawValue: try row.text(1)) ?? .standard,
                        createdAt: Timestamp(microseconds: try row.timestamp(2))
                    )
                )
            }
            return machines
        }
        return Page(machines, limit: limit, cursor: \.name)
    }
}
