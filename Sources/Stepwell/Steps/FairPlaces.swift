import Expressions
import Interpreter
import Postgres
import Store
import Synchronization

/// Finds places in the lanes of one bucket for calls. Those that come while an answer is on its way ask together.
final class FairPlaces: Sendable {
    private enum Turn: Sendable {
        case lead
        /// Nil: the database could not be asked.
        case done(Timestamp?)
    }

    private typealias Queue = CommitQueue<FairRequest, CheckedContinuation<Turn, Never>>

    private static let most = 500

    private let store: Store
    private let bucket: Int32
    private let queue = Mutex(Queue(maximumCount: most, maximumWeight: .max))

    init(store: Store, bucket: Int32) {
        self.store = store
        self.bucket = bucket
    }

    /// - Returns: nil: the database could not be asked.
    func place(for request: FairRequest) async -> Timestamp? {
        let turn = await withCheckedContinuation { continuation in
            let leads = queue.withLock { $0.add(request, weight: 0, waiter: continuation) }
            if leads { continuation.resume(returning: .lead) }
        }
        switch turn {
        case .done(let place): return place
        case .lead: return await lead()
        }
    }

    private func lead() async -> Timestamp? {
        // Those that were claimed with it come along.
        await Task.yield()
        let batch = queue.withLock { $0.takeBatch() }
        var places: [Timestamp?] = batch.items.map { _ in nil }
        if let found = try? await store.fairPlaces(batch.items, bucket: bucket), found.count == places.count {
            places = found
        }
        queue.withLock { $0.finish() }?.resume(returning: .lead)
        for (waiter, place) in zip(batch.waiters, places).dropFirst() { waiter.resume(returning: .done(place)) }
        return places.first ?? nil
    }
}

extension Engine {
    /// A place for a call in its function's lane; nil: the step is not this worker's any more.
    func place(of call: FunctionCall, as name: String, _ rule: FairRule, for lease: StepLease) async -> Timestamp? {
        let request = FairRequest(function: name, turn: rule.turn(of: call.input))
        var backoff = Backoff(surroundings)
        while !held(of: lease.key).steps.withLock({ $0.isLost(lease.key) }) {
            if let place = await fairPlaces[Int(lease.key.bucket)].place(for: request) { return place }
            await backoff.wait()
        }
        return nil
    }
}
