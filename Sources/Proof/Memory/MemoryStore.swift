package import Store
import Synchronization

/// An in-memory store next door: no round trip takes time or gets lost.
package final class MemoryStore: MemoryConnection {
    package let settings: Settings
    package let bug: PlantedBug?
    private let state: Mutex<MemoryState>

    package init(_ state: MemoryState) {
        settings = state.settings
        bug = state.bug
        self.state = Mutex(state)
    }

    package func call<Answer: Sendable>(
        _ body: @escaping @Sendable (inout MemoryState) throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        try withState(body)
    }

    /// Looks at it or changes it, without a worker.
    package func withState<Answer: Sendable>(
        _ body: (inout MemoryState) throws(StoreError) -> Answer
    ) throws(StoreError) -> Answer {
        let result: Result<Answer, StoreError> = state.withLock { state in
            do throws(StoreError) {
                return .success(try body(&state))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
