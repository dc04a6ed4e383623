import Postgres

/// The rows of history that the engine wrote for one execution: the limits write the same bytes.
struct RecordedRows {
    struct Row {
        var first: Int32
        var count: Int32
        var events: String
    }

    let rows: [Row]

    /// Reads them of any execution that has ended.
    init(of workload: Workload, in database: BenchDatabase) async throws {
        let answer = try await database.sql(
            """
            select h.first_event, h.last_event - h.first_event + 1, h.events
            from stepwell.history h
            where (h.bucket, h.execution) = (
                select e.bucket, e.id from stepwell.executions e
                join stepwell.state_machines m on m.id = e.machine
                where m.name = $1 and e.status = 'SUCCEEDED' limit 1)
            order by h.first_event
            """,
            [.text(workload.machine)]
        )
        rows = try answer.map { row in
            Row(first: try Int32(row.int(0)), count: try Int32(row.int(1)), events: try row.text(2))
        }
        guard !rows.isEmpty else { throw BenchFailure("no execution of \(workload.machine) has ended") }
    }
}
