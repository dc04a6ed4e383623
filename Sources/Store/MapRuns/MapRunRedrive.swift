import Interpreter
import Postgres
import StatesLanguage

extension Store {
    /// Whether a run has items that no child has worked on with success.
    func hasUnfinishedChildren(mapRun id: PGUUID, bucket: Int32) async throws(StoreError) -> Bool {
        let rows = try await query(
            Statement(
                """
                select r.item_total is null or r.next_item < r.item_total from stepwell.map_runs r
                where r.bucket = $1 and r.id = $2
                """,
                [.int4(bucket), .uuid(id)]
            )
        )
        guard let row = rows.first else { return false }
        if try decode({ () throws(PostgresError) in try row.bool(0) }) { return true }
        let counts = try await mapRunCounts(id).executions
        return counts.succeeded < counts.started
    }

    /// Redrives the children of a run that did not succeed; those of express runs begin again.
    ///
    /// - Parameter state: the Map.
    package func redriveMapRunChildren(
        of run: HeldMapRun,
        state: String,
        revision: Revision
    ) async throws(StoreError) {
        guard case .map(let map)? = revision.machine.states[state]?.kind, let distributed = map.distributed else {
            throw .corrupt("'\(state)' of \(revision.machineName) is no distributed Map")
        }
        let entry = map.processor.startAt
        for bucket in 0..<settings.buckets {
            var next: Int? = 0
            while let from = next {
                let rows = try await query(
                    Statement(
                        "select stepwell.redrive_map_run_children($1, $2, $3, 200, $4, $5, $6)",
                        [
                            .int4(bucket), .uuid(run.id), .int4(Int32(clamping: from)),
                            .bool(distributed.hasExpressChildren), .text(entry),
                            .text(revision.machine.entryFunction(at: entry) ?? ""),
                        ]
                    )
                )
                next = try decode { () throws(PostgresError) in try rows.only().optionalInt(0) }
            }
        }
        _ = try await query(
            Statement("select stepwell.end_redriving($1, $2)", [.int4(run.lease.key.bucket), .uuid(run.id)])
        )
    }
}
