import Store

/// Starts executions, those that come at the same time in one transaction.
///
/// A request that finds a lane free is sent at once, so an idle server adds no latency. Others wait until a lane is free
/// and then go together: under load many starts share one commit. Whoever leads a batch carries the others with it.
actor StartBatcher {
    private enum Verdict: Sendable {
        case answer(Result<StartedExecution, StoreError>)
        case lead
    }

    private struct Waiter: Sendable {
        let request: StartRequest
        let continuation: CheckedContinuation<Verdict, Never>
    }

    /// Transactions at once: while one commits, the next is made.
    private static let laneCount = 3
    private static let largestBatch = 128
    private static let mostWaiting = 10_000

    private let store: Store
    private var busyLanes = 0
    private var waiting: [Waiter] = []

    init(store: Store) { self.store = store }

    func start(_ request: StartRequest) async throws -> StartedExecution {
        if busyLanes < Self.laneCount {
            busyLanes += 1
        } else {
            guard waiting.count < Self.mostWaiting else { throw APIError.unavailable }
            let verdict = await withCheckedContinuation { continuation in
                waiting.append(Waiter(request: request, continuation: continuation))
            }
            if case .answer(let result) = verdict { return try result.get() }
        }
        return try await lead(request)
    }

    private func lead(_ request: StartRequest) async throws -> StartedExecution {
        let followers = Array(waiting.prefix(Self.largestBatch - 1))
        waiting.removeFirst(followers.count)
        let results = await store.startExecutions([request] + followers.map(\.request))
        for (follower, result) in zip(followers, results.dropFirst()) {
            follower.continuation.resume(returning: .answer(result))
        }
        if waiting.isEmpty {
            busyLanes -= 1
        } else {
            waiting.removeFirst().continuation.resume(returning: .lead)
        }
        return try results[0].get()
    }
}
