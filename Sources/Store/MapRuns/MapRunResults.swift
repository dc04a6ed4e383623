import Expressions
package import JSON
package import Postgres

/// How one child of a map run ended.
package struct ChildResult: Sendable {
    package var index: Int
    package var status: ExecutionStatus
    package var output: JSONDocument?
    /// What is known of the execution, for exports and for children that failed; nil where nobody asked for it.
    package var description: JSONValue?

    /// The size in bytes, for bounds.
    package var byteCount: Int { output?.byteCount ?? 0 }
}

extension Store {
    /// The results of a run's children with these indexes, in order. Children that have not ended have none.
    ///
    /// - Parameter describesAll: whether successful children are described, too.
    package func mapRunResults(
        _ id: PGUUID,
        indexes: Range<Int>,
        describesAll: Bool
    ) async throws(StoreError) -> [ChildResult] {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        """
                        select e.map_index, e.status, stepwell.payload(e.bucket, e.id, e.output, e.output_id),
                            m.name || '/' || e.map_label, e.name, e.error, e.cause, e.started_at, e.stopped_at,
                            case when $5 or e.status <> 'SUCCEEDED'
                                then stepwell.payload(e.bucket, e.id, e.input, e.input_id) end
                        from stepwell.executions e join stepwell.state_machines m on m.id = e.machine
                        where e.bucket = $1 and e.map_run = $2 and e.map_index >= $3 and e.map_index < $4
                          and e.status <> 'RUNNING'
                        order by e.map_index
                        """,
                        [
                            .int4(bucket), .uuid(id), .int4(Int32(clamping: indexes.lowerBound)),
                            .int4(Int32(clamping: indexes.upperBound)), .bool(describesAll),
                        ]
                    )
                }
        )
        var results: [ChildResult] = []
        for rows in answers {
            for row in rows {
                results.append(
                    try decode { () throws(PostgresError) in
                        let status = ExecutionStatus(rawValue: try row.text(1)) ?? .failed
                        return ChildResult(
                            index: try row.int(0),
                            status: status,
                            output: try row.optionalText(2).map(JSONDocument.init(trusted:)),
                            description: describesAll || status != .succeeded ? try describe(row) : nil
                        )
                    }
                )
            }
        }
        return results.sorted { $0.index < $1.index }
    }

    /// A child as exports show it.
    private func describe(_ row: Row) throws(PostgresError) -> JSONValue {
        let machine = try row.text(3)
        let name = try row.text(4)
        let status = try row.text(1)
        var members: JSONObject = [:]
        if let cause = try row.optionalText(6) { members["Cause"] = .string(cause) }
        if let error = try row.optionalText(5) { members["Error"] = .string(error) }
        members["ExecutionArn"] = .string(settings.executionARN(machine: machine, execution: name))
        if let input = try row.optionalText(9) {
            members["Input"] = .string(input)
            members["InputDetails"] = ["Included": true]
        }
        members["Name"] = .string(name)
        if let output = try row.optionalText(2) {
            members["Output"] = .string(output)
            members["OutputDetails"] = ["Included": true]
        }
        members["RedriveCount"] = 0
        if status == ExecutionStatus.succeeded.rawValue {
            members["RedriveStatus"] = "NOT_REDRIVABLE"
            members["RedriveStatusReason"] = "Execution is SUCCEEDED and cannot be redriven"
        } else {
            members["RedriveStatus"] = "REDRIVABLE_BY_MAP_RUN"
        }
        members["StartDate"] = .string(Timestamp(microseconds: try row.timestamp(7)).description)
        members["StateMachineArn"] = .string(settings.stateMachineARN(machine))
        members["Status"] = .string(status)
        if let stopped = try row.optionalTimestamp(8) {
            members["StopDate"] = .string(Timestamp(microseconds: stopped).description)
        }
        return .object(members)
    }
}
