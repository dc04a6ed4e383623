import Synchronization

/// How many workers wait for tasks of activities at this server: each holds a connection and a channel.
final class ActivityPollers: Sendable {
    private let most: Int
    private let count = Mutex(0)

    init(most: Int = 10_000) { self.most = most }

    /// - Returns: whether there is room.
    func enter() -> Bool {
        count.withLock { count in
            guard count < most else { return false }
            count += 1
            return true
        }
    }

    func leave() { count.withLock { $0 -= 1 } }
}
