package import Expressions
package import Interpreter
import JSON
package import Postgres
import StatesLanguage

extension Store {
    /// Starts child executions, beginning with the one of index `first`. Those that were started before are left alone.
    ///
    /// - Parameters:
    ///   - state: the Map.
    ///   - traceHeader: the trace that they belong to.
    ///   - now: when they start, by the database's clock.
    /// - Returns: how many are new; nil: the run takes no more.
    package func startMapRunChildren(
        _ children: [ItemBatches.Child],
        of run: HeldMapRun,
        first: Int,
        state: String,
        revision: Revision,
        traceHeader: String?,
        now: Timestamp
    ) async throws(StoreError) -> Int? {
        guard case .map(let map)? = revision.machine.states[state]?.kind, let distributed = map.distributed else {
            throw .corrupt("'\(state)' of \(revision.machineName) is no distributed Map")
        }
        let entry = map.processor.startAt
        var pages: [Int32: ChildColumns] = [:]
        for (offset, child) in children.enumerated() {
            let name = Self.childName(run: run.id, index: first + offset)
            let bucket = Digest.bucket(
                machine: "\(revision.machineName)/\(distributed.label)",
                execution: name,
                of: settings.buckets
            )
            pages[bucket, default: ChildColumns()].append(child, index: first + offset, name: name, now: now)
        }
        let answers = try await pipeline(
            pages.map { bucket, columns in
                Statement(
                    """
                    select stepwell.start_map_run_children(
                        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14\(traceHeader == nil ? "" : ", $15"))
                    """,
                    [
                        .int4(bucket), .uuid(run.id), .int4(revision.machineID), .int4(revision.id),
                        .text(distributed.label), .text(entry),
                        .text(revision.machine.entryFunction(at: entry) ?? ""),
                    ] + columns.parameters + (traceHeader.map { [.text($0)] } ?? [])
                )
            }
        )
        return try decode { () throws(PostgresError) in
            var started = 0
            for rows in answers {
                guard let count = try rows.only().optionalInt(0) else { return nil }
                started += count
            }
            return started
        }
    }

    /// A child's name says whose it is: a page of children that is started twice finds the first ones.
    static func childName(run: PGUUID, index: Int) -> String {
        Digest.payloadID("\(run)-\(index)").description
    }

    /// Aborts all children of a run that still run, and lets no more begin.
    ///
    /// - Returns: the workers that hold leases on steps that are gone now.
    package func abortMapRunChildren(_ id: PGUUID) async throws(StoreError) -> [PGUUID] {
        _ = try await pipeline(
            (0..<settings.buckets)
                .map { Statement("select stepwell.close_map_run_shard($1, $2)", [.int4($0), .uuid(id)]) }
        )
        var holders: Set<PGUUID> = []
        for bucket in 0..<settings.buckets {
            var next: Int? = 0
            while let from = next {
                let rows = try await query(
                    Statement(
                        "select o_next, o_holders from stepwell.abort_map_run_children($1, $2, $3, 500)",
                        [.int4(bucket), .uuid(id), .int4(Int32(clamping: from))]
                    )
                )
                next = try decode { () throws(PostgresError) in
                    let row = try rows.only()
                    holders.formUnion(try row.uuidArray(1))
                    return try row.optionalInt(0)
                }
            }
        }
        return Array(holders)
    }

    /// A hint that executions have ended that may be children of map runs: the steps of those rest no longer.
    ///
    /// - Parameter ended: executions, by bucket.
    /// - Returns: the buckets in which steps are due now.
    package func wakeMapRuns(ofChildren ended: [Int32: Set<PGUUID>]) async throws(StoreError) -> Set<Int32> {
        let answers = try await pipeline(
            ended.map { bucket, executions in
                Statement(
                    """
                    select distinct e.map_run from stepwell.executions e
                    where e.bucket = $1 and e.id = any ($2) and e.map_run is not null
                    """,
                    [.int4(bucket), .uuidArray(Array(executions))]
                )
            }
        )
        let runs = try decode { () throws(PostgresError) in
            var runs: Set<PGUUID> = []
            for rows in answers {
                for row in rows { runs.insert(try row.uuid(0)) }
            }
            return runs
        }
        // Children don't know the bucket of their run.
        let buckets = Array(0..<settings.buckets)
        let wakes = try await pipeline(
            runs.flatMap { run in
                buckets.map { Statement("select stepwell.wake_map_run($1, $2)", [.int4($0), .uuid(run)]) }
            }
        )
        return try decode { () throws(PostgresError) in
            var due: Set<Int32> = []
            for (place, rows) in wakes.enumerated() where try rows.only().bool(0) {
                due.insert(buckets[place % buckets.count])
            }
            return due
        }
    }

    /// Finishes a run whose Map is gone: the children end, the items go.
    func finishAbandoned(mapRun id: PGUUID, bucket: Int32) async throws(StoreError) {
        await notifyWorkers(try await abortMapRunChildren(id))
        try await forgetMapRunItems(bucket: bucket, run: id)
    }
}

/// Children that start in one bucket, as array parameters.
private struct ChildColumns {
    private var ids: [PGUUID] = []
    private var names: [String] = []
    private var indexes: [Int32] = []
    private var counts: [Int32] = []
    private var inputs: [String?] = []
    private var inputIDs: [PGUUID?] = []
    private var payloads: [String?] = []

    mutating func append(_ child: ItemBatches.Child, index: Int, name: String, now: Timestamp) {
        let text = child.input.text
        let isLarge = text.utf8.count > PayloadCollector.inlineLimit
        ids.append(.v7(microseconds: now.microseconds))
        names.append(name)
        indexes.append(Int32(clamping: index))
        counts.append(Int32(clamping: child.count))
        inputs.append(isLarge ? nil : text)
        inputIDs.append(isLarge ? Digest.payloadID(text) : nil)
        payloads.append(isLarge ? text : nil)
    }

    var parameters: [PostgresValue] {
        [
            .uuidArray(ids), .textArray(names), .int4Array(indexes), .int4Array(counts), .jsonArray(inputs),
            .uuidArray(inputIDs), .jsonArray(payloads),
        ]
    }
}
