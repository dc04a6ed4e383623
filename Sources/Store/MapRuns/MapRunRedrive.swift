import Interpreter
package import Postgres
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

    /// Begins a redrive of a run, once: all its children that did not succeed are to be redriven.
    ///
    /// - Parameter redrive: which one it is, counted from 1.
    package func markRedrive(of run: HeldMapRun, redrive: Int) async throws(StoreError) {
        _ = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        "select stepwell.mark_redrive($1, $2, $3)",
                        [.int4(bucket), .uuid(run.id), .int4(Int32(clamping: redrive))]
                    )
                }
        )
    }

    /// Redrives the next children that are to be; those of express runs begin again.
    ///
    /// - Parameters:
    ///   - limit: the most to redrive.
    ///   - state: the Map.
    /// - Returns: how many run now; those that can't be redriven are done with, too.
    package func redriveMapRunChildren(
        of run: HeldMapRun,
        limit: Int,
        state: String,
        revision: Revision,
        traceHeader: String?
    ) async throws(StoreError) -> Int {
        guard case .map(let map)? = revision.machine.states[state]?.kind, let distributed = map.distributed else {
            throw .corrupt("'\(state)' of \(revision.machineName) is no distributed Map")
        }
        let entry = map.processor.startAt
        var count = 0
        for bucket in 0..<settings.buckets where count < limit {
            let rows = try await query(
                Statement(
                    "select stepwell.redrive_pending_children($1, $2, $3, $4, $5, $6, $7)",
                    [
                        .int4(bucket), .uuid(run.id), .int4(Int32(clamping: limit - count)),
                        .bool(distributed.hasExpressChildren), .text(entry),
                        .text(revision.machine.entryFunction(at: entry) ?? ""), .text(traceHeader),
                    ]
                )
            )
            count += try decode { () throws(PostgresError) in try rows.only().int(0) }
        }
        return count
    }

    /// All children of a run that were to be redriven have been.
    package func endRedrive(of run: HeldMapRun) async throws(StoreError) {
        _ = try await query(
            Statement("select stepwell.end_redriving($1, $2)", [.int4(run.lease.key.bucket), .uuid(run.id)])
        )
    }

    /// How many children of a run did not succeed and can't be redriven: they are too old, or have too many events.
    package func failuresNotRedrivable(mapRun id: PGUUID) async throws(StoreError) -> (executions: Int, items: Int) {
        let answers = try await pipeline(
            (0..<settings.buckets)
                .map { bucket in
                    Statement(
                        """
                        select count(*)::int, coalesce(sum(e.map_items), 0)::int from stepwell.executions e
                        where e.bucket = $1 and e.map_run = $2 and e.status in ('FAILED', 'TIMED_OUT', 'ABORTED')
                          and stepwell.redrive_obstacle(e, (select s.history_events from stepwell.settings s)) is not null
                        """,
                        [.int4(bucket), .uuid(id)]
                    )
                }
        )
        return try decode { () throws(PostgresError) in
            var (executions, items) = (0, 0)
            for rows in answers {
                let row = try rows.only()
                executions += try row.int(0)
                items += try row.int(1)
            }
            return (executions, items)
        }
    }
}
