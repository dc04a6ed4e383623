import Expressions
import Interpreter
import JSON
import Postgres
package import StatesLanguage

extension Store {
    /// Creates a state machine, or gives it a new revision; the same text again changes nothing. Executions that run
    /// keep their revision.
    ///
    /// - Parameters:
    ///   - definition: the text, kept as it is.
    ///   - type: it can't be changed later; nil: the present one, or standard.
    ///   - roleARN: shown in histories and in the context object; nil keeps the present one.
    /// - Throws: `.invalidDefinition` with every problem; `.invalidName`; `.validation` if there is one of the other type.
    package func deploy(
        name: String,
        definition: String,
        type: MachineType? = nil,
        roleARN: String? = nil
    ) async throws(StoreError) -> Deployment {
        let type = if let type { type } else { try await machineDetails(name)?.type ?? .standard }
        let definition = try ValidDefinition(definition, type: type)
        _ = try await query(Statement("select stepwell.check_name('state machine', $1)", [.text(name)]))
        let rows = try await query(
            Statement(
                "select o_outcome, o_number from stepwell.deploy($1, $2, $3, $4, $5, $6, $7)",
                [
                    .text(name), .text(definition.text), .text(definition.entryState), .text(definition.entryFunction),
                    .int4(definition.timeoutSeconds), .text(roleARN), .text(type.rawValue),
                ]
            )
        )
        let (outcome, number) = try decode { () throws(PostgresError) in
            let row = try rows.only()
            return (Deployment.Outcome(rawValue: try row.text(0)), try row.int(1))
        }
        guard let outcome else { throw .corrupt("stepwell.deploy answered with an unknown outcome") }
        return Deployment(
            outcome: outcome,
            name: name,
            arn: settings.stateMachineARN(name),
            revision: number,
            warnings: definition.warnings + (try await unmet(definition.needs))
        )
    }

    /// What there is to say of needs that no worker meets.
    private func unmet(_ needs: [ServiceNeed]) async throws(StoreError) -> [Diagnostic] {
        guard !needs.isEmpty else { return [] }
        let offered = try await offeredServices()
        return needs.filter { !offered.contains($0.offer) }.map(\.warning)
    }

    /// All state machines, by name.
    package func stateMachines() async throws(StoreError) -> [StateMachineSummary] {
        let rows = try await query(
            """
            select m.name, r.number, m.created_at, m.updated_at
            from stepwell.state_machines m join stepwell.revisions r on r.id = m.revision
            where m.deleted_at is null
            order by m.name
            """
        )
        return try decode { () throws(PostgresError) in
            var summaries: [StateMachineSummary] = []
            for row in rows {
                let name = try row.text(0)
                summaries.append(
                    StateMachineSummary(
                        name: name,
                        arn: settings.stateMachineARN(name),
                        revision: try row.int(1),
                        createdAt: Timestamp(microseconds: try row.timestamp(2)),
                        updatedAt: Timestamp(microseconds: try row.timestamp(3))
                    )
                )
            }
            return summaries
        }
    }

    /// The text of the revision that new executions run, as it was deployed.
    package func definition(ofStateMachine nameOrARN: String) async throws(StoreError) -> String {
        let name = Settings.machineName(nameOrARN)
        let rows = try await query(
            Statement(
                """
                select r.definition
                from stepwell.state_machines m join stepwell.revisions r on r.id = m.revision
                where m.name = $1
                """,
                [.text(name)]
            )
        )
        guard let row = rows.first else { throw .stateMachineDoesNotExist("there is no state machine named '\(name)'") }
        return try decode { () throws(PostgresError) in try row.text(0) }
    }

    /// The revisions with these ids, parsed; from memory where they are there. One that this version can't parse is
    /// missing from the answer.
    func loadRevisions(_ ids: Set<Int32>) async throws(StoreError) -> [Int32: Revision] {
        var found: [Int32: Revision] = [:]
        var missing: [Int32] = []
        for id in ids {
            if let revision = revisions.revision(id) { found[id] = revision } else { missing.append(id) }
        }
        guard !missing.isEmpty else { return found }
        let rows = try await query(
            Statement(
                """
                select r.id, m.id, m.name, r.number, r.role_arn, r.definition, m.type, r.configuration
                from stepwell.revisions r join stepwell.state_machines m on m.id = r.machine
                where r.id = any ($1)
                """,
                [.int4Array(missing)]
            )
        )
        for row in rows {
            let revision = try decode { () throws(PostgresError) -> Revision? in
                let type = MachineType(rawValue: try row.text(6)) ?? .standard
                guard let machine = Definition.deployed(try row.text(5)) else { return nil }
                let name = try row.text(2)
                return Revision(
                    id: Int32(clamping: try row.int(0)),
                    machineID: Int32(clamping: try row.int(1)),
                    machineName: name,
                    machineARN: settings.stateMachineARN(name),
                    number: try row.int(3),
                    roleARN: try row.optionalText(4),
                    machine: machine,
                    type: type,
                    logging: ExecutionLogging(try? JSONValue(parsing: try row.text(7))["loggingConfiguration"])
                )
            }
            guard let revision else { continue }
            revisions.insert(revision)
            found[revision.id] = revision
        }
        return found
    }
}
