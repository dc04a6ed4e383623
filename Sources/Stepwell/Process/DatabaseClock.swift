import Expressions

/// Estimates the database's time between its answers.
///
/// Every answer that says what time it is gives a lower bound: it was a little later there when it arrived here. The
/// highest bound of the last 10 to 20 seconds is the best, and old ones are forgotten in case a clock jumps.
struct DatabaseClock {
    typealias Instant = ContinuousClock.Instant

    private static let window: Duration = .seconds(10)
    private let origin: Instant
    private var windowEnd: Instant
    /// Database microseconds at `origin`: the best bound of this window and of the one before.
    private var current: Int64?
    private var previous: Int64?

    init(now: Instant) {
        origin = now
        windowEnd = now.advanced(by: Self.window)
    }

    /// Notes an answer that has just arrived.
    mutating func observe(_ time: Timestamp, at now: Instant) {
        if now >= windowEnd {
            previous = now < windowEnd.advanced(by: Self.window) ? current : nil
            current = nil
            windowEnd = now.advanced(by: Self.window)
        }
        let bound = time.microseconds - elapsed(now)
        current = max(current ?? bound, bound)
    }

    /// The database's time, never ahead of it; nil before the first answer.
    func time(at now: Instant) -> Timestamp? {
        guard let bound = current ?? previous else { return nil }
        return Timestamp(microseconds: max(bound, previous ?? bound) + elapsed(now))
    }

    /// The local instant at which the database's clock shows a time, as far as is known; at most a day ahead.
    func instant(of time: Timestamp, now: Instant) -> Instant {
        guard let current = self.time(at: now) else { return now }
        let (difference, overflow) = time.microseconds.subtractingReportingOverflow(current.microseconds)
        let day: Int64 = 86_400_000_000
        return now.advanced(by: .microseconds(overflow ? day : min(max(difference, -day), day)))
    }

    private func elapsed(_ now: Instant) -> Int64 {
        let (seconds, attoseconds) = origin.duration(to: now).components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
