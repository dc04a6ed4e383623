import Synchronization

/// How many workers wait for tasks of activities at this server: each holds a connection and a channel.
final class ActivityPollers: Sendable {
    private static let most = 10_000
    private let count = Mutex(0)

    /// - Returns: whether there is room.
    func enter() -> Bool {
        count.withLock { count in
            guard count < Self.most else { return false }
            count += 1
            return true
        }
    }

    func leave() { count.withLock { $0 -= 1 } }
}
