import Expressions
import Interpreter
import JSON
import Postgres

/// A row of `steps` as a claim answers it: payloads may still be references.
struct ClaimRow: Sendable {
    static let columns = """
        c.execution, c.id, c.parent, c.revision, c.name, c.fence, c.suspect, c.losses, c.phase, c.state, c.entered_at,
        c.entry, c.retry_count, c.retrier_uses, c.deadline, c.heartbeat, c.last_event, c.scheduled_event,
        c.entered_event, c.fork, c.outcome,
        c.error, c.cause, c.outcome_value, c.outcome_id, c.input, c.input_id, c.task_input, c.task_input_id,
        c.variables, c.variables_id, c.trace_header, c.execution_row
        """

    /// How many there are.
    static let columnCount = 33

    let lease: StepLease
    let parent: Int64?
    let revision: Int32
    let name: String
    let isSuspect: Bool
    let losses: Int
    let phase: String
    let state: String
    let enteredAt: Timestamp
    let entry: Int
    let retryCount: Int
    let retrierUses: [Int]
    let deadline: Timestamp?
    let heartbeatSeconds: Int?
    let lastEvent: Int
    let scheduledEvent: Int
    let enteredEvent: Int
    let fork: Int?
    let outcome: String?
    let error: String?
    let cause: String?
    let outcomeValue: PayloadColumn
    let input: PayloadColumn
    let taskInput: PayloadColumn
    let variables: PayloadColumn
    /// Only in the row of the root branch.
    let traceHeader: String?

    init(_ row: Row, bucket: Int32) throws(PostgresError) {
        lease = StepLease(
            key: StepKey(bucket: bucket, execution: try row.uuid(0), id: try row.int64(1)),
            fence: try row.int64(5),
            executionRow: try row.optionalRowID(32)
        )
        parent = try row.optionalInt64(2)
        revision = Int32(clamping: try row.int(3))
        name = try row.text(4)
        isSuspect = try row.bool(6)
        losses = try row.int(7)
        phase = try row.text(8)
        state = try row.text(9)
        enteredAt = Timestamp(microseconds: try row.optionalTimestamp(10) ?? 0)
        entry = try row.int(11)
        retryCount = try row.int(12)
        retrierUses = try row.isNull(13) ? [] : try row.intArray(13)
        deadline = try row.optionalTimestamp(14).map(Timestamp.init(microseconds:))
        heartbeatSeconds = try row.optionalInt(15)
        lastEvent = try row.int(16)
        scheduledEvent = try row.int(17)
        enteredEvent = try row.int(18)
        fork = try row.optionalInt(19)
        outcome = try row.optionalText(20)
        error = try row.optionalText(21)
        cause = try row.optionalText(22)
        outcomeValue = try PayloadColumn(row, 23)
        input = try PayloadColumn(row, 25)
        taskInput = try PayloadColumn(row, 27)
        variables = try PayloadColumn(row, 29)
        traceHeader = try row.optionalText(31)
    }

    var key: StepKey { lease.key }
}

extension PayloadColumn {
    /// The pair of columns that hold a payload: inline, then its id.
    init(_ row: Row, _ column: Int) throws(PostgresError) {
        inline = try row.optionalText(.index(column))
        id = try row.optionalUUID(.index(column + 1))
    }
}
