import Expressions
import Interpreter
import Postgres

/// A single decision about a root branch as the parameters of `stepwell.advance_one`.
struct RootRow: Sendable {
    private let values: [PostgresValue]

    /// - Returns: nil: the decision needs a closer look.
    init?(_ commit: StepCommit) {
        guard let first = commit.firstEvent else { return nil }
        var payloads = PayloadRows()
        let row = CommitRow(commit, payloads: &payloads)
        var values: [PostgresValue] = [
            .uuid(commit.lease.key.execution), .int8(commit.lease.fence),
            .int4(Int32(clamping: first)), .int4(Int32(clamping: row.events.count)), .json(row.events.text),
            .timestamptz(microseconds: row.events.at.microseconds), .char(row.change.action.utf8.first),
        ]
        values += StepPosition(row, first: first).values
        values += [
            .text(row.change.status), .json(row.output.inline), .uuid(row.output.id),
            .text(row.change.error?.storable), .text(row.change.cause?.storable),
            .tid(commit.lease.executionRow), .bool(commit.revision.machine.mayHaveOtherSteps),
        ]
        self.values = values + payloads.valuesOfOne
    }

    func statement(bucket: Int32, lease: Duration) -> Statement {
        Statement(
            """
            select stepwell.advance_one($1, $2 * interval '1 microsecond', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
                $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34,
                $35, $36, $37, $38)
            """,
            [.int4(bucket), .int8(lease.microseconds)] + values
        )
    }
}
