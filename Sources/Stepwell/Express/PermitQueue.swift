import Synchronization

/// Calls in memory that wait until one more of a limited function may run.
final class PermitQueue: Sendable {
    private struct Waiter {
        var id: UInt64
        var news: AsyncStream<Void>.Continuation
    }

    private struct State {
        var lastID: UInt64 = 0
        var waiters: [String: [Waiter]] = [:]
    }

    private let state = Mutex(State())

    /// Waits until `take` succeeds: it is tried at once, and whenever there is news of the function.
    ///
    /// - Returns: false: the task was cancelled.
    func wait(for function: String, _ take: () -> Bool) async -> Bool {
        let (stream, news) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.lastID += 1
            state.waiters[function, default: []].append(Waiter(id: state.lastID, news: news))
            return state.lastID
        }
        var isTaken = false
        while !Task.isCancelled {
            isTaken = take()
            if isTaken { break }
            for await _ in stream { break }
        }
        state.withLock { state in
            state.waiters[function]?.removeAll { $0.id == id }
            if state.waiters[function]?.isEmpty == true { state.waiters[function] = nil }
        }
        // The news may have been for one that did not stay for it.
        if !isTaken { tell(function) }
        return isTaken
    }

    /// One more call may run: whoever has waited longest should try.
    func tell(_ function: String) {
        state.withLock { $0.waiters[function]?.first }?.news.yield()
    }
}
