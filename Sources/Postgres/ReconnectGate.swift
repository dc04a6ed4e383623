import Synchronization

/// Keeps a process from hammering a server that is away: attempts after a failure start at least a second apart, no
/// matter how many pools and listeners make them. Once one of them gets through, the others don't wait any longer.
package final class ReconnectGate: Sendable {
    /// The gate that everything in this process passes.
    package static let process = ReconnectGate()

    private struct Queue {
        var nextStart: ContinuousClock.Instant
        var waiting: [ObjectIdentifier: Promise<Void>] = [:]
    }

    private let queues = Mutex<[String: Queue]>([:])
    private let spacing: Duration

    /// Makes a gate; the spacing is the shortest distance between attempts.
    package init(spacing: Duration = .seconds(1)) {
        self.spacing = spacing
    }

    /// Waits for one's turn to try again: a second after a failure, a little at random on top so that processes don't
    /// come in step, and not within a second of anybody else in this process. No longer, because a server that is back
    /// should be noticed soon. Returns early when the task is cancelled.
    ///
    /// - Parameter server: Which one is away; each has a queue of its own.
    func turn(to server: String) async {
        let promise = Promise<Void>()
        let id = ObjectIdentifier(promise)
        let now = ContinuousClock.now
        let start = queues.withLock { queues in
            let wanted = now + spacing * Double.random(in: 1...1.25)
            var queue = queues[server] ?? Queue(nextStart: wanted)
            let start = max(wanted, queue.nextStart)
            queue.nextStart = start + spacing
            queue.waiting[id] = promise
            queues[server] = queue
            return start
        }
        let alarm = Task {
            try? await Task.sleep(until: start, clock: .continuous)
            promise.provide(())
        }
        _ = await promise.cancellableValue(start: {})
        alarm.cancel()
        queues.withLock { _ = $0[server]?.waiting.removeValue(forKey: id) }
    }

    /// Lets everybody try who waits for this server: it has taken a connection.
    func gotThrough(to server: String) {
        let queue = queues.withLock { $0.removeValue(forKey: server) }
        for promise in queue?.waiting.values.map(\.self) ?? [] { promise.provide(()) }
    }
}
