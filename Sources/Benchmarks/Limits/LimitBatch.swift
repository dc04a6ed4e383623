import Foundation
import Postgres

/// The statements that take some executions from start to end, in order.
struct LimitBatch {
    private let ids: PostgresValue
    private let names: PostgresValue
    private let inputs: PostgresValue
    private let events: [PostgresValue]
    private let bucket: Int32
    private let rows: [RecordedRows.Row]
    private let worker = PostgresValue.uuid(PGUUID.v4())
    private static let payload = #"{"id":"1042","status":"accepted","total":18000}"#

    init(_ size: Int, bucket: Int32, _ recorded: RecordedRows) {
        let now = Int64(Date.now.timeIntervalSince1970 * 1_000_000)
        let ids = (0..<size).map { _ in PGUUID.v7(microseconds: now) }.sorted()
        self.ids = .uuidArray(ids)
        names = .textArray(ids.map(\.description))
        inputs = .jsonArray([String](repeating: Workload.input, count: size))
        events = recorded.rows.map { .jsonArray([String](repeating: $0.events, count: size)) }
        self.bucket = bucket
        rows = recorded.rows
    }

    var sameRows: [Statement] {
        var statements = [
            Statement("select limits.start($1, 1, $2, $3, $4)", [.int4(bucket), ids, names, inputs]),
            Statement("select limits.claim($1, $2, $3)", [.int4(bucket), ids, worker]),
        ]
        for (number, row) in rows.enumerated() {
            let common: [PostgresValue] = [
                .int4(bucket), worker, ids, .int8(Int64(number + 1)), .int4(row.first), .int4(row.count),
                events[number],
            ]
            statements.append(
                number < rows.count - 1
                    ? Statement(
                        "select limits.step($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                        common + [.text("charge"), .json(Self.payload)]
                    )
                    : Statement("select limits.finish($1, $2, $3, $4, $5, $6, $7, $8)", common + [.json(Self.payload)])
            )
        }
        return statements
    }

    var bareBound: [Statement] {
        var statements = [
            Statement("select limits.bare_start($1, $2)", [ids, inputs]),
            Statement("select limits.bare_claim($1, $2)", [ids, worker]),
        ]
        for (number, row) in rows.enumerated() {
            let state: String? = number < rows.count - 1 ? "Charge" : "done"
            statements.append(
                Statement(
                    "select limits.bare_step($1, $2, $3, $4, $5)",
                    [ids, .int4(row.first), events[number], .text(state), .json(Self.payload)]
                )
            )
        }
        return statements
    }
}
