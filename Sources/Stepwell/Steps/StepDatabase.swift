import Store

/// What a committer needs of the store.
protocol StepDatabase: Sendable {
    /// Makes decisions of one bucket durable in one transaction.
    ///
    /// - Returns: what became of each, in order.
    @concurrent
    func commit(_ commits: [StepCommit], bucket: Int32, lease: Duration) async throws(StoreError) -> [CommitResult]
}
