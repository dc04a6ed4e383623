package import Expressions

/// What has become due by now, and what is due next.
package struct CatchUp: Sendable, Hashable {
    /// What is to be run now, in order.
    package var due: [Timestamp] = []
    /// The first that is too late to be run, with all that follow it up to those in `due`.
    package var missedFrom: Timestamp?
    /// What comes after them: perhaps due as well, if there was more than fits.
    package var following: Timestamp?

    /// Nothing.
    package init() {}

    /// - Parameters:
    ///   - next: what has not been run yet, and is due.
    ///   - window: for how many seconds something can be caught up on.
    ///   - limit: how many to run at once.
    package init(
        _ timing: Timing,
        from next: Timestamp,
        now: Timestamp,
        since base: Timestamp,
        window: Int64,
        limit: Int
    ) {
        let oldest = now.adding(seconds: -window)
        var candidate: Timestamp? = next
        if next < oldest {
            missedFrom = next
            candidate = timing.next(after: Timestamp(microseconds: oldest.microseconds - 1), since: base)
        }
        while let moment = candidate, moment <= now, due.count < limit {
            due.append(moment)
            candidate = timing.next(after: moment, since: base)
        }
        following = candidate
    }
}
