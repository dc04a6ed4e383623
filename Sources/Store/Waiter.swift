import Postgres

/// Somebody who waits for an answer, with a channel of its own. Rows that say who waits carry the channel's name, and
/// whoever makes the answer notifies it after the commit. Polling is the truth: a notification only makes it quicker.
struct Waiter {
    /// How long nothing may be heard before the tables are looked at again.
    static let pollInterval: Duration = .seconds(1)

    let channel = "stepwell_waiter_" + PGUUID.v4().description.replacing("-", with: "")
    /// Whether anybody listens to the channel.
    let listens: Bool
    private let wakeUps: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let listening: Task<Void, Never>?

    init(listener: Listener?) {
        (wakeUps, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        guard let listener, let events = try? listener.events(on: [channel]) else {
            listens = false
            listening = nil
            return
        }
        listens = true
        listening = Task { [continuation] in
            // When listening begins, too, it is time to look.
            for await _ in events { continuation.yield() }
        }
    }

    /// Waits until there may be an answer, a second at most.
    func wait(until deadline: ContinuousClock.Instant) async {
        let limit = min(deadline, ContinuousClock.now.advanced(by: Self.pollInterval))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(until: limit) }
            group.addTask { [wakeUps] in for await _ in wakeUps { return } }
            await group.next()
            group.cancelAll()
        }
    }

    func close() {
        listening?.cancel()
        continuation.finish()
    }
}
