import Expressions
import Interpreter
import JSON
import Postgres

/// Decisions as the array parameters of `stepwell.advance`, one element per decision.
struct CommitColumns: Sendable {
    private var executions: [PGUUID] = []
    private var steps: [Int64] = []
    private var fences: [Int64] = []
    private var actions: [String] = []
    private var events: [String] = []
    private var eventCounts: [Int32] = []
    private var ats: [Int64] = []
    private var phases: [String?] = []
    private var states: [String?] = []
    private var functions: [String?] = []
    private var runAts: [Int64?] = []
    private var wakeAts: [Int64?] = []
    private var enteredAts: [Int64?] = []
    private var entries: [Int32] = []
    private var retryCounts: [Int32] = []
    private var retrierUses: [String?] = []
    private var deadlines: [Int64?] = []
    private var heartbeats: [Int32?] = []
    private var lastEvents: [Int32] = []
    private var enteredEvents: [Int32] = []
    private var scheduledEvents: [Int32] = []
    private var inputs: [PayloadColumn] = []
    private var taskInputs: [PayloadColumn] = []
    private var variables: [PayloadColumn] = []
    private var statuses: [String?] = []
    private var outputs: [PayloadColumn] = []
    private var errors: [String?] = []
    private var causes: [String?] = []
    private var forks: [String?] = []
    private var outboxes: [String?] = []
    private var payloadExecutions: [PGUUID] = []
    private var payloadIDs: [PGUUID] = []
    private var payloadTexts: [String] = []

    init(_ commits: [StepCommit]) {
        for commit in commits { append(commit) }
    }

    func statement(bucket: Int32, worker: PGUUID, lease: Duration) -> Statement {
        Statement(
            """
            select o_item, o_result::text, o_fence, o_last_event, o_entered_event, o_scheduled_event,
                o_worker
            from stepwell.advance($1, $2, $3 * interval '1 microsecond', $4, $5, $6, $7::text[]::"char"[], $8, $9, $10,
                $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30,
                $31, $32, $33, $34, $35, $36, $37, $38, $39, $40)
            """,
            [
                .int4(bucket), .uuid(worker), .int8(lease.microseconds),
                .uuidArray(executions), .int8Array(steps), .int8Array(fences), .textArray(actions),
                .jsonArray(events), .int4Array(eventCounts), .timestamptzArray(microseconds: ats),
                .textArray(phases.ifAny()), .textArray(states.ifAny()), .textArray(functions.ifAny()),
                .timestamptzArray(microseconds: runAts.ifAny()), .timestamptzArray(microseconds: wakeAts.ifAny()),
                .timestamptzArray(microseconds: enteredAts), .int4Array(entries), .int4Array(retryCounts),
                .textArray(retrierUses.ifAny()), .timestamptzArray(microseconds: deadlines.ifAny()),
                .int4Array(heartbeats.ifAny()),
                .int4Array(lastEvents), .int4Array(enteredEvents), .int4Array(scheduledEvents),
                .jsonArray(inputs.map(\.inline).ifAny()), .uuidArray(inputs.map(\.id).ifAny()),
                .jsonArray(taskInputs.map(\.inline).ifAny()), .uuidArray(taskInputs.map(\.id).ifAny()),
                .jsonArray(variables.map(\.inline).ifAny()), .uuidArray(variables.map(\.id).ifAny()),
                .textArray(statuses.ifAny()), .jsonArray(outputs.map(\.inline).ifAny()),
                .uuidArray(outputs.map(\.id).ifAny()),
                .textArray(errors.ifAny()), .textArray(causes.ifAny()), .jsonArray(forks.ifAny()),
                .jsonArray(outboxes.ifAny()),
                .uuidArray(payloadExecutions), .uuidArray(payloadIDs), .jsonArray(payloadTexts),
            ]
        )
    }

    private mutating func append(_ commit: StepCommit) {
        let branch = commit.decision.branch
        let change = StepChange(commit)
        var payloads = PayloadCollector()
        let packed = PackedEvents(branch.events, payloads: &payloads)

        executions.append(commit.lease.key.execution)
        steps.append(commit.lease.key.id)
        fences.append(commit.lease.fence)
        actions.append(change.action)
        events.append(packed.text)
        eventCounts.append(Int32(clamping: packed.count))
        ats.append(packed.at.microseconds)
        let keepsStep = change.keepsStep
        phases.append(keepsStep ? branch.phase.rawValue : nil)
        states.append(keepsStep ? branch.state : nil)
        functions.append(keepsStep ? change.function ?? "" : nil)
        runAts.append(keepsStep ? change.runAt?.microseconds ?? packed.at.microseconds : nil)
        wakeAts.append(change.wakeAt?.microseconds)
        enteredAts.append(branch.enteredAt.microseconds)
        entries.append(Int32(clamping: branch.entry))
        retryCounts.append(Int32(clamping: branch.retryCount))
        retrierUses.append(
            branch.retrierUses.isEmpty ? nil : "{\(branch.retrierUses.map(String.init).joined(separator: ","))}"
        )
        deadlines.append(branch.deadline?.microseconds)
        heartbeats.append(branch.heartbeatSeconds.map { Int32(clamping: $0) })
        lastEvents.append(Int32(clamping: branch.lastEvent.packed))
        enteredEvents.append(Int32(clamping: branch.enteredEvent.packed))
        scheduledEvents.append(Int32(clamping: branch.scheduledEvent.packed))

        var room = PayloadCollector.rowLimit
        inputs.append(keepsStep ? payloads.column(branch.input, room: &room) : .none)
        let taskInput = keepsStep ? change.taskInput : nil
        taskInputs.append(payloads.column(taskInput, room: &room))
        let own = branch.variables.isEmpty || !keepsStep ? nil : JSONDocument(branch.variablesObject)
        variables.append(payloads.column(own, room: &room))

        statuses.append(change.status)
        outputs.append(payloads.column(change.output))
        errors.append(change.error?.storable)
        causes.append(change.cause?.storable)
        forks.append(change.fork)
        outboxes.append(change.outbox)
        for row in payloads.rows {
            payloadExecutions.append(commit.lease.key.execution)
            payloadIDs.append(row.id)
            payloadTexts.append(row.text)
        }
    }
}

extension Array {
    /// Nothing where all elements are nil: the call takes what an array lacks as null, and nobody has to pass it on.
    fileprivate func ifAny<Value>() -> [Value?] where Element == Value? {
        contains { $0 != nil } ? self : []
    }
}

extension Branch {
    /// The variables in a stable order.
    fileprivate var variablesObject: JSONValue {
        .object(JSONObject(variables.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
    }
}

extension Duration {
    /// Whole microseconds, clamped to what PostgreSQL's intervals hold.
    var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { return seconds < 0 ? .min / 2 : .max / 2 }
        return scaled &+ attoseconds / 1_000_000_000_000
    }
}

extension String {
    /// As a column of type text can hold it: without U+0000, which PostgreSQL's text has no room for. In payloads and in
    /// the history, which are JSON, it stays.
    var storable: String { utf8.contains(0) ? replacing("\u{0}", with: "\u{FFFD}") : self }
}
