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
    private var events: EventColumns
    private var positions: PositionColumns
    private var ends = EndColumns()
    private var forks: [String?] = []
    private var outboxes: [String?] = []
    private var payloads = PayloadRows()

    init(_ commits: [StepCommit]) {
        events = EventColumns(capacity: commits.count)
        positions = PositionColumns(capacity: commits.count)
        for commit in commits {
            let row = CommitRow(commit, payloads: &payloads)
            executions.append(commit.lease.key.execution)
            steps.append(commit.lease.key.id)
            fences.append(commit.lease.fence)
            actions.append(row.change.action)
            events.append(row.events)
            positions.append(StepPosition(row))
            ends.append(row)
            forks.append(row.change.fork)
            outboxes.append(row.change.outbox)
        }
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
                .jsonArray(events.texts), .int4Array(events.counts), .timestamptzArray(microseconds: events.times),
            ] + positions.values + ends.values
                + [.jsonArray(forks.ifAny()), .jsonArray(outboxes.ifAny())] + payloads.values
        )
    }
}

/// What one decision writes, before it is sorted into columns.
struct CommitRow {
    let commit: StepCommit
    let change: StepChange
    let events: PackedEvents
    let input: PayloadColumn
    let taskInput: PayloadColumn
    let variables: PayloadColumn
    let output: PayloadColumn

    var branch: Branch { commit.decision.branch }

    init(_ commit: StepCommit, payloads rows: inout PayloadRows) {
        let branch = commit.decision.branch
        var payloads = PayloadCollector()
        self.commit = commit
        change = StepChange(commit)
        events = PackedEvents(branch.events, payloads: &payloads)
        var room = PayloadCollector.rowLimit
        let keepsStep = change.keepsStep
        input = keepsStep ? payloads.column(branch.input, room: &room) : .none
        taskInput = payloads.column(keepsStep ? change.taskInput : nil, room: &room)
        let own = branch.variables.isEmpty || !keepsStep ? nil : JSONDocument(branch.variablesObject)
        variables = payloads.column(own, room: &room)
        output = payloads.column(change.output)
        rows.append(payloads.rows, of: commit.lease.key.execution)
    }
}

/// The events of decisions.
struct EventColumns: Sendable {
    private(set) var texts: [String] = []
    private(set) var counts: [Int32] = []
    private(set) var times: [Int64] = []

    init(capacity: Int) {
        texts.reserveCapacity(capacity)
        counts.reserveCapacity(capacity)
        times.reserveCapacity(capacity)
    }

    mutating func append(_ events: PackedEvents) {
        texts.append(events.text)
        counts.append(Int32(clamping: events.count))
        times.append(events.at.microseconds)
    }
}

/// Where a branch stands after its decision, as a row of `steps` says it.
struct StepPosition {
    let phase: String?
    let state: String?
    let function: String?
    let runAt: Int64?
    let wakeAt: Int64?
    let enteredAt: Int64
    let entry: Int32
    let retryCount: Int32
    let retrierUses: String?
    let deadline: Int64?
    let heartbeat: Int32?
    let lastEvent: Int32
    let enteredEvent: Int32
    let scheduledEvent: Int32
    let input: PayloadColumn
    let taskInput: PayloadColumn
    let variables: PayloadColumn

    /// - Parameter first: the number of the decision's first event, where that is known: then references to events are
    ///   their numbers.
    init(_ row: CommitRow, first: Int? = nil) {
        let (branch, change) = (row.branch, row.change)
        func number(_ event: EventReference) -> Int32 {
            Int32(clamping: first.map { event.recorded(from: $0).packed } ?? event.packed)
        }
        let keepsStep = change.keepsStep
        phase = keepsStep ? branch.phase.rawValue : nil
        state = keepsStep ? branch.state : nil
        function = keepsStep ? change.function ?? "" : nil
        runAt = keepsStep ? change.runAt?.microseconds ?? row.events.at.microseconds : nil
        wakeAt = change.wakeAt?.microseconds
        enteredAt = branch.enteredAt.microseconds
        entry = Int32(clamping: branch.entry)
        retryCount = Int32(clamping: branch.retryCount)
        retrierUses =
            branch.retrierUses.isEmpty ? nil : "{\(branch.retrierUses.map(String.init).joined(separator: ","))}"
        deadline = branch.deadline?.microseconds
        heartbeat = branch.heartbeatSeconds.map { Int32(clamping: $0) }
        lastEvent = number(branch.lastEvent)
        enteredEvent = number(branch.enteredEvent)
        scheduledEvent = number(branch.scheduledEvent)
        input = row.input
        taskInput = row.taskInput
        variables = row.variables
    }

    var values: [PostgresValue] {
        [
            .text(phase), .text(state), .text(function), .timestamptz(microseconds: runAt),
            .timestamptz(microseconds: wakeAt), .timestamptz(microseconds: enteredAt), .int4(entry), .int4(retryCount),
            .text(retrierUses), .timestamptz(microseconds: deadline), .int4(heartbeat),
            .int4(lastEvent), .int4(enteredEvent), .int4(scheduledEvent),
            .json(input.inline), .uuid(input.id), .json(taskInput.inline), .uuid(taskInput.id),
            .json(variables.inline), .uuid(variables.id),
        ]
    }
}

/// Where branches stand after their decisions.
struct PositionColumns: Sendable {
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
    private var inputs: [String?] = []
    private var inputIDs: [PGUUID?] = []
    private var taskInputs: [String?] = []
    private var taskInputIDs: [PGUUID?] = []
    private var variables: [String?] = []
    private var variablesIDs: [PGUUID?] = []

    init(capacity: Int) {
        phases.reserveCapacity(capacity)
        states.reserveCapacity(capacity)
        functions.reserveCapacity(capacity)
        runAts.reserveCapacity(capacity)
        wakeAts.reserveCapacity(capacity)
        enteredAts.reserveCapacity(capacity)
        entries.reserveCapacity(capacity)
        retryCounts.reserveCapacity(capacity)
        retrierUses.reserveCapacity(capacity)
        deadlines.reserveCapacity(capacity)
        heartbeats.reserveCapacity(capacity)
        lastEvents.reserveCapacity(capacity)
        enteredEvents.reserveCapacity(capacity)
        scheduledEvents.reserveCapacity(capacity)
        inputs.reserveCapacity(capacity)
        inputIDs.reserveCapacity(capacity)
        taskInputs.reserveCapacity(capacity)
        taskInputIDs.reserveCapacity(capacity)
        variables.reserveCapacity(capacity)
        variablesIDs.reserveCapacity(capacity)
    }

    mutating func append(_ position: StepPosition) {
        phases.append(position.phase)
        states.append(position.state)
        functions.append(position.function)
        runAts.append(position.runAt)
        wakeAts.append(position.wakeAt)
        enteredAts.append(position.enteredAt)
        entries.append(position.entry)
        retryCounts.append(position.retryCount)
        retrierUses.append(position.retrierUses)
        deadlines.append(position.deadline)
        heartbeats.append(position.heartbeat)
        lastEvents.append(position.lastEvent)
        enteredEvents.append(position.enteredEvent)
        scheduledEvents.append(position.scheduledEvent)
        inputs.append(position.input.inline)
        inputIDs.append(position.input.id)
        taskInputs.append(position.taskInput.inline)
        taskInputIDs.append(position.taskInput.id)
        variables.append(position.variables.inline)
        variablesIDs.append(position.variables.id)
    }

    var values: [PostgresValue] {
        [
            .textArray(phases.ifAny()), .textArray(states.ifAny()), .textArray(functions.ifAny()),
            .timestamptzArray(microseconds: runAts.ifAny()), .timestamptzArray(microseconds: wakeAts.ifAny()),
            .timestamptzArray(microseconds: enteredAts), .int4Array(entries), .int4Array(retryCounts),
            .textArray(retrierUses.ifAny()), .timestamptzArray(microseconds: deadlines.ifAny()),
            .int4Array(heartbeats.ifAny()),
            .int4Array(lastEvents), .int4Array(enteredEvents), .int4Array(scheduledEvents),
            .jsonArray(inputs.ifAny()), .uuidArray(inputIDs.ifAny()),
            .jsonArray(taskInputs.ifAny()), .uuidArray(taskInputIDs.ifAny()),
            .jsonArray(variables.ifAny()), .uuidArray(variablesIDs.ifAny()),
        ]
    }
}

/// How branches and executions end.
struct EndColumns: Sendable {
    private var statuses: [String?] = []
    private var outputs: [String?] = []
    private var outputIDs: [PGUUID?] = []
    private var errors: [String?] = []
    private var causes: [String?] = []

    mutating func append(_ row: CommitRow) {
        statuses.append(row.change.status)
        outputs.append(row.output.inline)
        outputIDs.append(row.output.id)
        errors.append(row.change.error?.storable)
        causes.append(row.change.cause?.storable)
    }

    var values: [PostgresValue] {
        [
            .textArray(statuses.ifAny()), .jsonArray(outputs.ifAny()), .uuidArray(outputIDs.ifAny()),
            .textArray(errors.ifAny()), .textArray(causes.ifAny()),
        ]
    }
}

/// Payloads that get rows of their own.
struct PayloadRows: Sendable {
    private var executions: [PGUUID] = []
    private var ids: [PGUUID] = []
    private var texts: [String] = []

    mutating func append(_ rows: [(id: PGUUID, text: String)], of execution: PGUUID) {
        for row in rows {
            executions.append(execution)
            ids.append(row.id)
            texts.append(row.text)
        }
    }

    var values: [PostgresValue] { [.uuidArray(executions)] + valuesOfOne }

    /// Where all are of one execution.
    var valuesOfOne: [PostgresValue] { [.uuidArray(ids), .jsonArray(texts)] }
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
