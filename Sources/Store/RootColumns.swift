import Interpreter
import Postgres
import StatesLanguage

/// Decisions about root branches as the array parameters of `stepwell.advance_many`.
struct RootColumns: Sendable {
    private var executions: [PGUUID] = []
    private var fences: [Int64] = []
    private var firstEvents: [Int32] = []
    private var events: EventColumns
    private var actions: [UInt8] = []
    private var positions: PositionColumns
    private var endings = EndColumns()
    private var executionRows: [PGRowID?] = []
    /// Those that end and may have other steps.
    private var lookedThrough: [PGUUID] = []
    private var payloads = PayloadRows()

    /// - Returns: nil: some decision needs a closer look.
    init?(_ commits: [StepCommit]) {
        var order: [Item] = []
        order.reserveCapacity(commits.count)
        for (place, commit) in commits.enumerated() {
            guard let first = commit.firstEvent else { return nil }
            let ends = if case .endExecution = commit.decision.next { true } else { false }
            order.append(Item(ends: ends, execution: commit.lease.key.execution, first: first, place: place))
        }
        order.sort()
        events = EventColumns(capacity: commits.count)
        positions = PositionColumns(capacity: commits.count)
        executions.reserveCapacity(commits.count)
        fences.reserveCapacity(commits.count)
        firstEvents.reserveCapacity(commits.count)
        for item in order {
            let commit = commits[item.place]
            let row = CommitRow(commit, payloads: &payloads)
            executions.append(item.execution)
            fences.append(commit.lease.fence)
            firstEvents.append(Int32(clamping: item.first))
            events.append(row.events)
            if item.ends {
                endings.append(row)
                executionRows.append(commit.lease.executionRow)
                if commit.revision.machine.mayHaveOtherSteps { lookedThrough.append(item.execution) }
            } else {
                actions.append(contentsOf: row.change.action.utf8)
                positions.append(StepPosition(row, first: item.first))
            }
        }
    }

    /// A decision, in the order of the parameters: first those that move a branch on, and rows are locked in the order of
    /// their executions.
    private struct Item: Comparable {
        let ends: Bool
        let execution: PGUUID
        let first: Int
        let place: Int

        static func < (left: Item, right: Item) -> Bool {
            left.ends != right.ends ? right.ends : left.execution < right.execution
        }
    }

    func statement(bucket: Int32, lease: Duration) -> Statement {
        Statement(
            """
            select stepwell.advance_many($1, $2 * interval '1 microsecond', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
                $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34,
                $35, $36, $37, $38, $39)
            """,
            [
                .int4(bucket), .int8(lease.microseconds),
                .uuidArray(executions), .int8Array(fences), .int4Array(firstEvents), .int4Array(events.counts),
                .jsonArray(events.texts), .timestamptzArray(microseconds: events.times), .charArray(actions),
            ] + positions.values + endings.values
                + [.tidArray(executionRows), .uuidArray(lookedThrough)] + payloads.values
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

extension StateMachine {
    /// Whether an execution can have steps beside its root: its time limit, or branches.
    var mayHaveOtherSteps: Bool { timeoutSeconds != nil || !owners.isEmpty }
}
