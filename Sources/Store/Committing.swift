import Expressions
import Interpreter
package import Postgres

extension Store {
    /// Makes decisions about steps of one bucket durable, in one transaction. That is one round trip, or a second one
    /// where something about root branches is not as their holder believes.
    ///
    /// After `.outcomeUnknown` send the very same call again: what was applied is told apart from what is not this
    /// process's any more.
    package func commit(
        _ commits: [StepCommit],
        bucket: Int32,
        worker: PGUUID,
        lease: Duration
    ) async throws(StoreError) -> CommitOutcome {
        guard !commits.isEmpty else { return CommitOutcome(results: [], holders: []) }
        if let statement = Self.shortWay(of: commits, bucket: bucket, lease: lease) {
            let rows = try await query(statement)
            let areAllApplied = try decode { () throws(PostgresError) in try rows.only().bool(0) }
            if areAllApplied { return CommitOutcome(allOf: commits) }
        }
        let rows = try await query(CommitColumns(commits).statement(bucket: bucket, worker: worker, lease: lease))
        return try CommitOutcome(rows, of: commits, store: self)
    }

    /// - Returns: nil: some decision is about more than its own root branch.
    private static func shortWay(of commits: [StepCommit], bucket: Int32, lease: Duration) -> Statement? {
        if commits.count == 1 {
            RootRow(commits[0])?.statement(bucket: bucket, lease: lease)
        } else {
            RootColumns(commits)?.statement(bucket: bucket, lease: lease)
        }
    }

    /// Makes one decision durable together with what else `transaction` does: the caller commits, if the result says
    /// that it was applied.
    package func commit(
        _ commit: StepCommit,
        worker: PGUUID,
        lease: Duration,
        in transaction: Transaction
    ) async throws(StoreError) -> CommitOutcome {
        let statement = CommitColumns([commit]).statement(bucket: commit.lease.key.bucket, worker: worker, lease: lease)
        // From here on the step is locked, and nothing but COMMIT is to come. A process that is frozen in between must not
        // keep others from the step for longer than its lease.
        let milliseconds = max(1000, lease.microseconds / 1000)
        let bound = Statement(
            "select set_config('idle_in_transaction_session_timeout', $1, true)",
            [.text("\(milliseconds)")]
        )
        let answers: [Rows]
        do throws(PostgresError) {
            answers = try await transaction.batch([bound, statement])
        } catch {
            throw StoreError(error)
        }
        guard let rows = answers.last else { throw .corrupt("a transition was answered by nothing") }
        return try CommitOutcome(rows, of: [commit], store: self)
    }
}

extension CommitOutcome {
    /// Everything was as it was believed to be.
    fileprivate init(allOf commits: [StepCommit]) {
        var results: [CommitResult] = []
        results.reserveCapacity(commits.count)
        for commit in commits {
            var branch = commit.decision.branch
            branch.recordEvents(from: commit.firstEvent ?? 1)
            var lease = commit.lease
            lease.fence += 1
            results.append(.applied(lease: lease, decision: commit.decision.recorded(as: branch)))
        }
        self.init(results: results, holders: [])
    }

    fileprivate init(_ rows: Rows, of commits: [StepCommit], store: Store) throws(StoreError) {
        var results = [CommitResult](repeating: .refused, count: commits.count)
        var holders: [PGUUID] = []
        try store.decode { () throws(PostgresError) in
            for row in rows {
                let item = try row.int(0)
                let result = try row.text(1)
                if result == "h" {
                    if let holder = try row.optionalUUID(6) { holders.append(holder) }
                    continue
                }
                guard commits.indices.contains(item - 1) else { continue }
                switch result {
                case "a", "d":
                    let commit = commits[item - 1]
                    // The step may have been lost and claimed by the same worker since it was written: that is another
                    // lease, which somebody has already, and the row's fence is that one's.
                    let fence = commit.lease.fence + 1
                    if commit.keepsLease, try row.int64(2) != fence { continue }
                    var branch = commit.decision.branch
                    branch.recordEvents(
                        last: .recorded(try row.int(3)),
                        entered: .recorded(try row.int(4)),
                        scheduled: .recorded(try row.int(5))
                    )
                    var lease = commit.lease
                    lease.fence = fence
                    let decision = commit.decision.recorded(as: branch)
                    results[item - 1] = .applied(lease: lease, decision: decision, isRepeated: result == "d")
                case "c": results[item - 1] = .deferred
                default: results[item - 1] = .refused
                }
            }
        }
        self.init(results: results, holders: holders)
    }
}
