import Interpreter
import Postgres

/// Decisions about root branches as the array parameters of `stepwell.advance_roots`.
struct RootColumns: Sendable {
    private var executions: [PGUUID] = []
    private var firstEvents: [Int32] = []
    private var events: EventColumns
    private var moves = Group()
    private var actions: [String] = []
    private var positions: PositionColumns
    private var ends = Group()
    private var endings = EndColumns()
    private var payloads = PayloadRows()

    /// Which steps are written, and how many events their executions have before and after.
    private struct Group: Sendable {
        var executions: [PGUUID] = []
        var before: [Int32] = []
        var after: [Int32] = []
        var fences: [Int64] = []

        mutating func append(_ commit: StepCommit, first: Int) {
            executions.append(commit.lease.key.execution)
            before.append(Int32(clamping: first - 1))
            after.append(Int32(clamping: first - 1 + commit.decision.branch.events.count))
            fences.append(commit.lease.fence)
        }

        var values: [PostgresValue] {
            [.uuidArray(executions), .int4Array(before), .int4Array(after), .int8Array(fences)]
        }
    }

    /// - Returns: nil: some decision needs a closer look.
    init?(_ commits: [StepCommit]) {
        events = EventColumns(capacity: commits.count)
        positions = PositionColumns(capacity: commits.count)
        executions.reserveCapacity(commits.count)
        firstEvents.reserveCapacity(commits.count)
        var order: [(execution: PGUUID, first: Int, place: Int)] = []
        order.reserveCapacity(commits.count)
        for (place, commit) in commits.enumerated() {
            guard let first = commit.firstEvent else { return nil }
            order.append((commit.lease.key.execution, first, place))
        }
        // Rows are locked in this order.
        order.sort { $0.execution < $1.execution }
        for (execution, first, place) in order {
            let commit = commits[place]
            let row = CommitRow(commit, payloads: &payloads)
            executions.append(execution)
            firstEvents.append(Int32(clamping: first))
            events.append(row.events)
            if case .endExecution = commit.decision.next {
                ends.append(commit, first: first)
                endings.append(row)
            } else {
                moves.append(commit, first: first)
                actions.append(row.change.action)
                positions.append(StepPosition(row, first: first))
            }
        }
    }

    func statement(bucket: Int32, lease: Duration) -> Statement {
        Statement(
            """
            select stepwell.advance_roots($1, $2 * interval '1 microsecond', $3, $4, $5, $6, $7, $8, $9, $10, $11,
                $12::text[]::"char"[], $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29,
                $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44)
            """,
            [
                .int4(bucket), .int8(lease.microseconds),
                .uuidArray(executions), .int4Array(firstEvents), .int4Array(events.counts), .jsonArray(events.texts),
                .timestamptzArray(microseconds: events.times),
            ] + moves.values + [.textArray(actions)] + positions.values + ends.values + endings.values + payloads.values
        )
    }
}

extension StepCommit {
    /// The number that the decision's first event gets, if nobody but this branch has added any; nil where that can't be
    /// known, or where the decision touches other rows than its own branch's.
    var firstEvent: Int? {
        switch decision.next {
        case .invoke, .pause, .proceed, .request, .runMap, .awaitAnswer, .endExecution: break
        case .fork, .startExecution, .endBranch, .failBranch: return nil
        }
        guard lease.key.id == 0, case .recorded(let last)? = decision.branch.events.first?.previous else { return nil }
        // Before everything else there is the start, to which no event refers.
        return max(last, 1) + 1
    }
}
