import Expressions
import Interpreter
import Postgres
import Store

/// The store as the committers see it.
struct WorkerDatabase: StepDatabase {
    let store: any WorkerStore
    let worker: PGUUID
    let hints: HintSender
    let metrics: WorkerMetrics

    @concurrent
    func commit(_ commits: [StepCommit], bucket: Int32, lease: Duration) async throws(StoreError) -> [CommitResult] {
        let outcome = try await store.commit(commits, bucket: bucket, worker: worker, lease: lease)
        hints.tell(outcome.holders)
        metrics.committed(commits, outcome.results)
        #if FAULTS
            if isRedoing { return try await redone(commits, outcome.results, bucket: bucket, lease: lease) }
        #endif
        return outcome.results
    }

    #if FAULTS
        let isRedoing: Bool

        /// Makes refused decisions again, as if the fence only were old.
        private func redone(
            _ commits: [StepCommit],
            _ results: [CommitResult],
            bucket: Int32,
            lease: Duration
        ) async throws(StoreError) -> [CommitResult] {
            var results = results
            for (place, commit) in commits.enumerated() {
                for difference: Int64 in 1...4 {
                    guard case .refused = results[place] else { break }
                    let again = StepCommit(
                        lease: StepLease(key: commit.lease.key, fence: commit.lease.fence + difference),
                        revision: commit.revision,
                        decision: commit.decision,
                        keepsLease: commit.keepsLease
                    )
                    results[place] = try await store.commit([again], bucket: bucket, worker: worker, lease: lease)
                        .results[0]
                }
            }
            return results
        }
    #endif
}
