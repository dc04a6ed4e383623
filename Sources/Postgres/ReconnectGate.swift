import Synchronization

/// Keeps a process from hammering a server that is away: attempts after a failure start at least a second apart, no
/// matter how many pools and listeners make them.
package final class ReconnectGate: Sendable {
    /// The gate that everything in this process passes.
    package static let process = ReconnectGate()

    private let nextStart = Mutex(ContinuousClock.now)
    private let spacing: Duration

    package init(spacing: Duration = .seconds(1)) {
        self.spacing = spacing
    }

    /// How long to wait before the next attempt: longer after more failures, never in step with other processes, and
    /// not within a second of anybody else's in this process.
    func pause(failures: Int) -> Duration {
        let wanted = spacing * (1 << min(max(failures - 1, 0), 2)) * Double.random(in: 1...1.25)
        let now = ContinuousClock.now
        return nextStart.withLock { nextStart in
            let start = max(now + wanted, nextStart)
            nextStart = start + spacing
            return now.duration(to: start)
        }
    }
}
