package import Expressions
import Interpreter
import JSON
import Postgres
import StatesLanguage

/// The answer to a redrive.
package struct RedrivenExecution: Sendable {
    package var arn: String
    package var redrivenAt: Timestamp
    /// How often the execution has been redriven, this time included.
    package var count: Int
}

extension Store {
    /// Lets an execution that failed, was aborted or timed out go on from the state in which that happened. States that
    /// were left well are not run again; a Parallel or Map that was not begins anew.
    ///
    /// - Parameter execution: an ARN or `MACHINE:NAME`.
    /// - Throws: `.executionDoesNotExist`; `.executionNotRedrivable` with the reason.
    package func redriveExecution(_ execution: String) async throws(StoreError) -> RedrivenExecution {
        while true {
            let standing = try await standing(of: execution)
            guard let point = try await resumePoint(of: standing) else {
                throw .executionNotRedrivable("the history does not say where the execution was")
            }
            let large = point.input.byteCount > PayloadCollector.inlineLimit
            let input = point.input.text
            let rows = try await query(
                Statement(
                    "select * from stepwell.redrive($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                    [
                        .int4(standing.bucket), .uuid(standing.id), .int4(Int32(clamping: standing.lastEvent)),
                        .text(point.phase.rawValue), .text(point.state),
                        .text(standing.revision.machine.entryFunction(at: point.state) ?? ""),
                        .int4(Int32(clamping: point.enteredEvent)),
                        .timestamptz(microseconds: point.enteredAt.microseconds),
                        .json(large ? nil : input), .uuid(large ? Digest.payloadID(input) : nil),
                        .json(point.variables.isEmpty ? nil : JSONValue.object(point.variables).text),
                        .uuidArray(large ? [Digest.payloadID(input)] : []), .jsonArray(large ? [input] : []),
                    ]
                )
            )
            let (outcome, count, at) = try decode { () throws(PostgresError) in
                let row = try rows.only()
                return (try row.text(0), try row.optionalInt(1), try row.optionalTimestamp(2))
            }
            switch outcome {
            case "redriven":
                return RedrivenExecution(
                    arn: standing.arn,
                    redrivenAt: Timestamp(microseconds: at ?? 0),
                    count: count ?? 0
                )
            case "changed": continue
            case let reason: throw .executionNotRedrivable(reason)
            }
        }
    }

    /// Which execution, and the definition that it runs.
    private struct Standing {
        var arn: String
        var bucket: Int32
        var id: PGUUID
        var lastEvent: Int
        var input: JSONDocument
        var revision: Revision
    }

    /// Where a root branch goes on.
    private struct ResumePoint {
        var phase: Branch.Phase
        var state: String
        var enteredEvent: Int
        var enteredAt: Timestamp
        var input: JSONDocument
        var variables: JSONObject = [:]
    }

    private func standing(of execution: String) async throws(StoreError) -> Standing {
        let rows = try await query(
            Statement(
                """
                select stepwell.execution_arn(m.name, e.name), e.bucket, e.id, coalesce(e.last_event, 0), e.revision,
                    stepwell.payload(e.bucket, e.id, e.input, e.input_id), e.status
                from stepwell.find_execution($1) e join stepwell.state_machines m on m.id = e.machine
                """,
                [.text(execution)]
            )
        )
        guard let row = rows.first else { throw .executionDoesNotExist("there is no execution '\(execution)'") }
        let (number, status) = try decode { () throws(PostgresError) in
            (Int32(clamping: try row.int(4)), try row.text(6))
        }
        guard ExecutionStatus(rawValue: status)?.isRedrivable == true else {
            throw .executionNotRedrivable("Execution is \(status) and cannot be redriven")
        }
        guard let revision = try await loadRevisions([number])[number] else {
            throw .executionNotRedrivable("this version can't run its definition")
        }
        return try decode { () throws(PostgresError) in
            Standing(
                arn: try row.text(0),
                bucket: Int32(clamping: try row.int(1)),
                id: try row.uuid(2),
                lastEvent: try row.int(3),
                input: JSONDocument(trusted: try row.text(5)),
                revision: revision
            )
        }
    }

    /// Reads the root branch's history: the last state that it entered, and what its variables were.
    private func resumePoint(of standing: Standing) async throws(StoreError) -> ResumePoint? {
        let machine = standing.revision.machine
        var point = ResumePoint(
            phase: .fresh,
            state: machine.scope.startAt,
            enteredEvent: 0,
            enteredAt: standing.id.timestamp,
            input: standing.input
        )
        var after = 0
        while true {
            let page = try await rootEvents(of: standing, after: after)
            for event in page.events {
                guard let name = event.event.details.first(where: { $0.name == "name" })?.text,
                    machine.owners[name] == nil, machine.states[name] != nil
                else { continue }
                let kind = event.event.type.rawValue
                if kind.hasSuffix("StateEntered"), let input = event.event.payload("input") {
                    point.phase = .retrying
                    point.state = name
                    point.enteredEvent = event.id
                    point.enteredAt = event.event.timestamp
                    point.input = input
                } else if kind.hasSuffix("StateExited"), let output = event.event.payload("output") {
                    for variable in event.event.assigned {
                        point.variables[variable.name] = (try? variable.value.value()) ?? .null
                    }
                    guard case .next(let next)? = machine.states[name]?.transition else { continue }
                    point.phase = .entering
                    point.state = next
                    point.input = output
                }
            }
            guard let last = page.last else { return point }
            after = last
        }
    }

    private func rootEvents(
        of standing: Standing,
        after: Int
    ) async throws(StoreError) -> (events: [(id: Int, event: HistoryEvent)], last: Int?) {
        let rows = try await query(
            Statement(
                """
                select first_event, at, events, last_event from stepwell.history
                where bucket = $1 and execution = $2 and first_event > $3 and step = 0
                order by first_event limit 500
                """,
                [.int4(standing.bucket), .uuid(standing.id), .int4(Int32(clamping: after))]
            )
        )
        var unpacked: [UnpackedEvents] = []
        var references: Set<PGUUID> = []
        var last: Int?
        for row in rows {
            let (first, at, text) = try decode { () throws(PostgresError) in
                (try row.int(0), Timestamp(microseconds: try row.timestamp(1)), try row.text(2))
            }
            let events = try UnpackedEvents(text: text, firstEvent: first, at: at)
            references.formUnion(events.references)
            unpacked.append(events)
            last = first
        }
        let stored = try await payloads(references, bucket: standing.bucket, execution: standing.id)
        var events: [(id: Int, event: HistoryEvent)] = []
        for row in unpacked {
            for event in row.events { events.append((event.id, try row.historyEvent(event, stored: stored))) }
        }
        return (events, last)
    }
}

extension HistoryEvent {
    fileprivate func payload(_ name: String) -> JSONDocument? {
        guard case .payload(let document)? = details.first(where: { $0.name == name })?.value else { return nil }
        return document
    }

    fileprivate var assigned: [AssignedVariable] {
        guard case .variables(let variables)? = details.first(where: { $0.name == "assignedVariables" })?.value else {
            return []
        }
        return variables
    }
}

extension HistoryEvent.Detail {
    fileprivate var text: String? {
        guard case .string(let text) = value else { return nil }
        return text
    }
}
