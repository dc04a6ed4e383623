import Synchronization

/// Keeps a process from hammering a server that is away: attempts after a failure start at least a second apart, no
/// matter how many pools and listeners make them.
package final class ReconnectGate: Sendable {
    /// The gate that everything in this process passes.
    package static let process = ReconnectGate()

    private let nextStart: Mutex<ContinuousClock.Instant?> = Mutex(nil)
    private let spacing: Duration

    /// Makes a gate; the spacing is the shortest distance between attempts.
    package init(spacing: Duration = .seconds(1)) {
        self.spacing = spacing
    }

    /// How long to wait before the next attempt: one second after the first failure, two after more, a little at random
    /// on top so that processes don't come in step, and not within a second of anybody else in this process. No longer,
    /// because a server that is back should be noticed within a few seconds.
    func pause(failures: Int, now: ContinuousClock.Instant = .now) -> Duration {
        let wanted = spacing * (failures > 1 ? 2 : 1) * Double.random(in: 1...1.25)
        return nextStart.withLock { nextStart in
            let start = max(now + wanted, nextStart ?? now)
            nextStart = start + spacing
            return now.duration(to: start)
        }
    }
}
