import Synchronization

/// How many requests may come under each of many names.
///
/// Every server counts for itself.
final class RateLimits: Sendable {
    private struct Bucket {
        var tokens: Double
        var filledAt: ContinuousClock.Instant
    }

    /// Access keys exist in the database; still, nobody knows how many there will be.
    private static let capacity = 100_000

    private let buckets = Mutex<[String: Bucket]>([:])

    /// Counts a request.
    ///
    /// - Parameters:
    ///   - rate: requests a second.
    ///   - burst: requests at once; nil: those of two seconds.
    /// - Returns: whether it may go on.
    func admit(_ key: String, rate: Int, burst: Int? = nil, at now: ContinuousClock.Instant = .now) -> Bool {
        let (rate, capacity) = (Double(rate), Double(burst ?? rate * 2))
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
