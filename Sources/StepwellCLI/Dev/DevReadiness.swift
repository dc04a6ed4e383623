import Synchronization

/// Tells once that all parts of `stepwell dev` are up.
final class DevReadiness: Sendable {
    private struct State {
        /// How many parts are still starting.
        var starting: Int
        var endpoint: ListenAddress?
    }

    private let state: Mutex<State>
    private let tell: @Sendable (ListenAddress?) -> Void

    /// - Parameters:
    ///   - parts: how many parts start.
    ///   - tell: called when the last of them is up, with the address of the endpoint if there is one.
    init(parts: Int, tell: @escaping @Sendable (ListenAddress?) -> Void) {
        state = Mutex(State(starting: parts))
        self.tell = tell
    }

    func workerIsUp() { partIsUp { _ in } }

    func endpointIsUp(at address: ListenAddress) { partIsUp { $0.endpoint = address } }

    private func partIsUp(_ note: (inout State) -> Void) {
        let end = state.withLock { state in
            note(&state)
            state.starting -= 1
            return state
        }
        if end.starting == 0 { tell(end.endpoint) }
    }
}
