import Synchronization

/// How many requests each access key may send: as many in a second as its rate, and twice as many at once.
///
/// Every server counts for itself.
final class RateLimits: Sendable {
    private struct Bucket {
        var tokens: Double
        var filledAt: ContinuousClock.Instant
    }

    /// Keys exist in the database; still, nobody knows how many there will be.
    private static let capacity = 100_000

    private let buckets = Mutex<[String: Bucket]>([:])

    /// Counts a request.
    ///
    /// - Parameter rate: requests a second.
    /// - Returns: whether it may go on.
    func admit(_ key: String, rate: Int, at now: ContinuousClock.Instant = .now) -> Bool {
        let (rate, capacity) = (Double(rate), Double(rate) * 2)
        return buckets.withLock { buckets in
            if buckets.count >= Self.capacity { buckets.removeAll() }
            var bucket = buckets[key] ?? Bucket(tokens: capacity, filledAt: now)
            let seconds = bucket.filledAt.duration(to: now) / .seconds(1)
            bucket.tokens = min(capacity, bucket.tokens + max(0, seconds) * rate)
            bucket.filledAt = now
            let isAdmitted = bucket.tokens >= 1
            if isAdmitted { bucket.tokens -= 1 }
            buckets[key] = bucket
            return isAdmitted
        }
    }
}
