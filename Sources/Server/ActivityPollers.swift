import Synchronization

/// How many workers wait for tasks of activities at this server: each holds a connection and a channel.
final class ActivityPollers: Sendable {
    private let most: Int
    private let mostOfOne: Int
    private let counts = Mutex((all: 0, byActivity: [String: Int]()))

    /// - Parameter mostOfOne: how many may wait for tasks of the same activity.
    init(most: Int = 10_000, mostOfOne: Int = .max) {
        self.most = most
        self.mostOfOne = mostOfOne
    }

    /// - Returns: whether there is room.
    func enter(_ activity: String) -> Bool {
        counts.withLock { counts in
            guard counts.all < most, counts.byActivity[activity, default: 0] < mostOfOne else { return false }
            counts.all += 1
            counts.byActivity[activity, default: 0] += 1
            return true
        }
    }

    func leave(_ activity: String) {
        counts.withLock { counts in
            counts.all -= 1
            let left = counts.byActivity[activity, default: 1] - 1
            counts.byActivity[activity] = left == 0 ? nil : left
        }
    }
}
