import Store

/// Keeps to a quota of executions that are open at once.
///
/// To count a million rows costs more than a start, so the count is up to some seconds old.
actor OpenExecutions {
    private static let countInterval: Duration = .seconds(5)

    private let store: Store
    private nonisolated let most: Int?
    private let now: @Sendable () -> ContinuousClock.Instant
    private var isFull = false
    private var nextCount: ContinuousClock.Instant?

    /// - Parameters:
    ///   - most: nil: any number.
    ///   - now: says what time it is.
    init(
        store: Store,
        most: Int?,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.store = store
        self.most = most
        self.now = now
    }

    /// Lets another one be started.
    ///
    /// - Throws: `ExecutionLimitExceeded`.
    nonisolated func admit() async throws {
        guard let most else { return }
        guard try await isFull(most) else { return }
        throw APIError("ExecutionLimitExceeded", "The maximum number of open executions, \(most), has been reached")
    }

    private func isFull(_ most: Int) async throws -> Bool {
        let now = now()
        if let nextCount, nextCount > now { return isFull }
        // Whoever comes while it is counted goes by the count before.
        nextCount = now.advanced(by: Self.countInterval)
        isFull = try await store.hasOpenExecutions(atLeast: most)
        return isFull
    }
}
