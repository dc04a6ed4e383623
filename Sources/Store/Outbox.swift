import Expressions
import JSON
package import Postgres

extension Store {
    /// Delivers what crosses buckets: starts child executions, tells parents how their children ended. Any process may
    /// call it at any time; what is delivered twice is applied once.
    ///
    /// - Returns: how many messages were taken up; when it is `limit`, there may be more.
    package func deliverOutbox(bucket: Int32, limit: Int = 50) async throws(StoreError) -> Int {
        // A message that is being delivered is hidden from other processes for a while; if this one dies, it shows again.
        let rows = try await query(
            Statement(
                """
                update stepwell.outbox o
                set run_at = now() + interval '10 seconds', attempts = o.attempts + 1
                where o.bucket = $1 and o.id = any (array(
                    select d.id from stepwell.outbox d
                    where d.bucket = $1 and d.run_at <= now()
                      and d.run_at >= coalesce((
                        select m.since from stepwell.low_water m
                        where m.bucket = $1 and m.kind = 'o' and m.function = ''
                          and m.looked_at > now() - interval '1 minute'), '-infinity')
                    order by d.run_at limit $2
                    for update of d skip locked))
                returning o.id, o.kind, o.message
                """,
                [.int4(bucket), .int4(Int32(clamping: limit))]
            )
        )
        for row in rows {
            let (id, kind, text) = try decode { () throws(PostgresError) in
                (try row.uuid(0), try row.text(1), try row.text(2))
            }
            if kind == "abort" {
                try await finishAbandoned(mapRun: id, bucket: bucket)
                try await forget(id, in: bucket)
                continue
            }
            let message = try OutboxMessage(text, id: id)
            switch kind {
            case "start": try await deliverStart(message, from: bucket)
            case "stop": try await deliverStop(message, from: bucket)
            default: try await deliverResult(message, from: bucket)
            }
        }
        return rows.count
    }

    /// Starts the child that a step waits for, and answers the step.
    private func deliverStart(_ message: OutboxMessage, from bucket: Int32) async throws(StoreError) {
        let rows = try await query(
            Statement(
                """
                select stepwell.payload(s.bucket, s.execution, s.task_input, s.task_input_id)
                from stepwell.steps s
                where s.bucket = $1 and s.execution = $2 and s.id = $3 and s.scheduled_event = $4 and s.phase = 'starting'
                """,
                [.int4(bucket), .uuid(message.execution), .int8(message.step), .int4(message.event)]
            )
        )
        if let row = rows.first {
            let input = try decode { () throws(PostgresError) in try row.optionalText(0) ?? "{}" }
            var parent: ChildParent?
            if message.isAwaited {
                parent = ChildParent(
                    bucket: bucket,
                    execution: message.execution,
                    step: message.step,
                    event: message.event
                )
            }
            let child = try await startChild(
                message.machine,
                name: message.name,
                input: input,
                id: message.id,
                parent: parent
            )
            let answer: Answer =
                switch child {
                case .started(let answer): message.isAwaited ? .submitted(answer.text) : .succeeded(answer.text)
                case .refused(let error, let cause): .failed(error: error, cause: cause)
                }
            _ = try await deliver(answer, to: message, bucket: bucket, phase: "starting")
        }
        try await forget(message, in: bucket)
    }

    /// Tells the parent's step how the child ended: AWS's description of the child.
    private func deliverResult(_ message: OutboxMessage, from bucket: Int32) async throws(StoreError) {
        let rows = try await query(
            Statement(
                """
                select stepwell.execution_arn(m.name, e.name)
                from stepwell.executions e join stepwell.state_machines m on m.id = e.machine
                where e.bucket = $1 and e.id = $2
                """,
                [.int4(bucket), .uuid(message.id)]
            )
        )
        guard let row = rows.first else { return try await forget(message, in: bucket) }
        let child = try await describe(try decode { () throws(PostgresError) in try row.text(0) })
        let text =
            JSONValue.object(
                child.apiMembers { .number(JSONNumber($0.epochMilliseconds)) }.capitalized
            )
            .text
        let answer: Answer =
            child.summary.status == .succeeded ? .succeeded(text) : .failed(error: "States.TaskFailed", cause: text)
        let taken = try await deliver(answer, to: message, bucket: message.bucket ?? bucket, phase: "submitted")
        if taken == "early" {
            // The parent has not read yet that the child has started; that is a matter of milliseconds.
            _ = try await query(
                Statement(
                    "update stepwell.outbox set run_at = now() + interval '100 milliseconds' where bucket = $1 and id = $2",
                    [.int4(bucket), .uuid(message.id)]
                )
            )
        } else {
            try await forget(message, in: bucket)
        }
    }

    /// Stops the executions that an execution waits for no more.
    private func deliverStop(_ message: OutboxMessage, from bucket: Int32) async throws(StoreError) {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map {
                    Statement(
                        "select o_machine, o_name from stepwell.orphans($1, $2, $3)",
                        [.int4($0), .int4(bucket), .uuid(message.execution)]
                    )
                }
        )
        for rows in answers {
            for row in rows {
                let arn = try decode { () throws(PostgresError) in
                    settings.executionARN(machine: try row.text(0), execution: try row.text(1))
                }
                _ = try await stopExecution(arn, cause: "The execution that waited for it has ended.")
            }
        }
        try await forget(message, in: bucket)
    }

    /// Stops the executions that steps of an execution waited for which are gone now.
    package func stopChildren(of execution: PGUUID, bucket: Int32) async throws(StoreError) {
        _ = try await query(
            Statement("select stepwell.stop_children($1, $2)", [.int4(bucket), .uuid(execution)])
        )
    }

    private enum Answer {
        case submitted(String)
        case succeeded(String)
        case failed(error: String, cause: String)
    }

    private func deliver(
        _ answer: Answer,
        to message: OutboxMessage,
        bucket: Int32,
        phase: String
    ) async throws(StoreError) -> String {
        let (outcome, value, error, cause): (String, String?, String?, String?) =
            switch answer {
            case .submitted(let text): ("submitted", text, nil, nil)
            case .succeeded(let text): ("succeeded", text, nil, nil)
            case .failed(let error, let cause): ("failed", nil, error, cause)
            }
        let isLarge = (value?.utf8.count ?? 0) > PayloadCollector.inlineLimit
        let rows = try await query(
            Statement(
                "select stepwell.deliver($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                [
                    .int4(bucket), .uuid(message.execution), .int8(message.step), .int4(message.event), .text(phase),
                    .text(outcome), .json(isLarge ? nil : value), .uuid(isLarge ? value.map(Digest.payloadID) : nil),
                    .json(isLarge ? value : nil), .text(error?.storable), .text(cause?.storable),
                ]
            )
        )
        return try decode { () throws(PostgresError) in try rows.only().text(0) }
    }

    private func forget(_ message: OutboxMessage, in bucket: Int32) async throws(StoreError) {
        try await forget(message.id, in: bucket)
    }

    private func forget(_ message: PGUUID, in bucket: Int32) async throws(StoreError) {
        _ = try await query(
            Statement("delete from stepwell.outbox where bucket = $1 and id = $2", [.int4(bucket), .uuid(message)])
        )
    }
}

/// A row of the outbox: which step it concerns, and for a start, what to start.
private struct OutboxMessage {
    var id: PGUUID
    /// The step's bucket, where it is not the message's own.
    var bucket: Int32?
    var execution: PGUUID
    var step: Int64
    var event: Int32
    var machine: String
    var name: String
    var isAwaited: Bool

    init(_ text: String, id: PGUUID) throws(StoreError) {
        guard let json = try? JSONValue(parsing: text),
            let execution = json["execution"]?.string.flatMap(PGUUID.init)
        else { throw .corrupt("message \(id) of the outbox is malformed") }
        self.id = id
        self.bucket = json["bucket"]?.number?.integer.map { Int32(clamping: $0) }
        self.execution = execution
        step = json["step"]?.number?.integer ?? -1
        event = Int32(clamping: json["event"]?.number?.integer ?? -1)
        machine = json["machine"]?.string ?? ""
        name = json["name"]?.string ?? ""
        isAwaited = json["awaited"]?.bool ?? false
    }
}
