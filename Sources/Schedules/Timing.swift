package import Expressions

/// When something is due: an expression of EventBridge Scheduler in a time zone, between two dates.
///
/// ```swift
/// let timing = try Timing("cron(30 2 ? * MON-FRI *)", timeZone: "Europe/Berlin")
/// let first = timing.next(after: now, since: now)
/// ```
package struct Timing: Sendable, Hashable {
    private enum Kind: Sendable, Hashable {
        /// Every so many seconds.
        case rate(Int64)
        case cron(CronExpression)
        /// Once.
        case at(Timestamp)
    }

    package let zone: ScheduleZone
    private let kind: Kind
    private let starts: Timestamp?
    private let ends: Timestamp?

    /// As in EventBridge Scheduler.
    private static let longestExpression = 256
    private static let units: [String: Int64] = [
        "minute": 60, "minutes": 60, "hour": 3_600, "hours": 3_600, "day": 86_400, "days": 86_400,
    ]

    /// - Parameters:
    ///   - expression: `rate(5 minutes)`, `cron(0 3 * * ? *)` or `at(2026-12-24T18:00:00)`.
    ///   - starts: nothing is due before; where a rate counts from.
    ///   - ends: nothing is due after. Both mean nothing to what is due once.
    package init(
        _ expression: String,
        timeZone: String = "UTC",
        starts: Timestamp? = nil,
        ends: Timestamp? = nil
    ) throws(ScheduleError) {
        zone = try ScheduleZone(timeZone)
        guard expression.utf8.count <= Self.longestExpression else {
            throw ScheduleError("the expression has more than \(Self.longestExpression) bytes")
        }
        guard let match = expression.wholeMatch(of: /(rate|cron|at)\(([^()]*)\)/) else {
            throw ScheduleError(
                "'\(expression.prefix(80))' is not an expression: rate(5 minutes), cron(0 3 * * ? *) or "
                    + "at(2026-12-24T18:00:00)"
            )
        }
        if let starts, let ends, ends <= starts { throw ScheduleError("the end does not lie after the start") }
        self.starts = starts
        self.ends = ends
        switch match.1 {
        case "rate": kind = .rate(try Self.seconds(ofRate: match.2))
        case "cron": kind = .cron(try CronExpression(match.2))
        default: kind = .at(try Self.moment(match.2, in: zone))
        }
    }

    private static func seconds(ofRate text: Substring) throws(ScheduleError) -> Int64 {
        let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard words.count == 2 else {
            throw ScheduleError("the rate '\(text.prefix(40))' is not a number and a unit: rate(5 minutes)")
        }
        guard words[0].utf8.allSatisfy({ (48...57).contains($0) }), let number = Int64(words[0]),
            (1...1_000_000).contains(number)
        else { throw ScheduleError("the number '\(words[0].prefix(40))' of the rate is not from 1 to 1000000") }
        guard let unit = units[String(words[1])] else {
            throw ScheduleError("the unit '\(words[1].prefix(40))' of the rate is not minutes, hours or days")
        }
        return number * unit
    }

    private static func moment(_ text: Substring, in zone: ScheduleZone) throws(ScheduleError) -> Timestamp {
        guard text.utf8.count == 19, let wall = Timestamp("\(text)Z") else {
            throw ScheduleError("the time '\(text.prefix(40))' is not one like 2026-12-24T18:00:00")
        }
        guard let seconds = zone.firstMoment(showing: wall.seconds) else {
            throw ScheduleError("there is no \(text) in \(zone.name): clocks leap over it")
        }
        return Timestamp(microseconds: 0).adding(seconds: seconds)
    }

    /// Whether it is due once and never again.
    package var isOnce: Bool { if case .at = kind { true } else { false } }

    /// What is due first after a moment; nil: nothing is any more.
    ///
    /// - Parameter since: where a rate without a start counts from: it is due then, and at every step after.
    package func next(after moment: Timestamp, since base: Timestamp) -> Timestamp? {
        // What begins later has nothing before.
        let earliest = starts.map { Timestamp(microseconds: $0.microseconds - 1) } ?? .distantPast
        let next: Timestamp?
        switch kind {
        case .at(let time): return time > moment ? time : nil
        case .cron(let cron):
            next = cron.next(after: max(moment, earliest).seconds, in: zone)
                .map { Timestamp(microseconds: 0).adding(seconds: $0) }
        case .rate(let step):
            let first = (starts ?? base).seconds
            let passed = floorDivided(moment.seconds - first, by: step)
            next = Timestamp(microseconds: 0).adding(seconds: first + max(0, passed + 1) * step)
        }
        guard let next, next < .distantFuture, next <= ends ?? .distantFuture else { return nil }
        return next
    }

    /// What is due first, seen from a moment. A rate without a start begins at once.
    package func first(from moment: Timestamp, since base: Timestamp) -> Timestamp? {
        if case .rate = kind, starts == nil, base == moment, moment <= ends ?? .distantFuture {
            return Timestamp(microseconds: 0).adding(seconds: base.seconds)
        }
        return next(after: moment, since: base)
    }
}
