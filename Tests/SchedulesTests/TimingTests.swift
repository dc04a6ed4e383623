import Expressions
import Testing

@testable import Schedules

@Suite("Rates and single times")
struct TimingTests {
    private let base = Timestamp("2026-11-28T16:00:07.5Z") ?? .distantPast

    private func moment(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    @Test(arguments: [
        ("minute", 60), ("minutes", 60), ("hour", 3600), ("hours", 3600), ("day", 86400), ("days", 86400),
    ])
    func aRateBeginsAtOnceAndKeepsStep(unit: String, seconds: Int64) throws {
        let timing = try Timing("rate(7 \(unit))")
        let start = try moment("2026-11-28T16:00:07Z")
        #expect(timing.first(from: base, since: base) == start)
        #expect(timing.next(after: start, since: base) == start.adding(seconds: 7 * seconds))
        // Later than some steps, and exactly at one.
        #expect(
            timing.next(after: start.adding(seconds: 50 * seconds), since: base) == start.adding(seconds: 56 * seconds)
        )
        #expect(
            timing.next(after: start.adding(seconds: 56 * seconds), since: base) == start.adding(seconds: 63 * seconds)
        )
    }

    @Test func daysOfARateAreTwentyFourHours() throws {
        let timing = try Timing("rate(1 day)", timeZone: "Europe/Berlin", starts: moment("2026-03-28T10:00:00Z"))
        let first = try #require(timing.first(from: base, since: base))
        #expect(first > base)
        let before = try moment("2026-03-28T10:00:00Z")
        #expect(timing.next(after: before, since: base) == (try moment("2026-03-29T10:00:00Z")))
    }

    @Test func nothingIsDueBeforeTheStartOrAfterTheEnd() throws {
        let starts = try moment("2026-12-01T00:00:00Z")
        let ends = try moment("2026-12-01T02:00:00Z")
        let rate = try Timing("rate(1 hour)", starts: starts, ends: ends)
        let cron = try Timing("cron(0 * * * ? *)", starts: starts, ends: ends)
        for timing in [rate, cron] {
            var times: [Timestamp] = []
            var next = timing.first(from: base, since: base)
            while let time = next, times.count < 10 {
                times.append(time)
                next = timing.next(after: time, since: base)
            }
            #expect(times == [starts, starts.adding(seconds: Int64(3600)), ends])
        }
    }

    @Test func once() throws {
        let ends = try moment("2026-01-01T00:00:00Z")
        let timing = try Timing("at(2026-12-24T18:00:00)", timeZone: "Asia/Seoul", ends: ends)
        let due = try moment("2026-12-24T09:00:00Z")
        #expect(timing.first(from: base, since: base) == due)
        #expect(timing.next(after: due, since: base) == nil)
        #expect(timing.isOnce)
        // Shown twice: the first.
        let twice = try Timing("at(2026-10-25T02:30:00)", timeZone: "Europe/Berlin")
        #expect(twice.next(after: ends, since: base) == (try moment("2026-10-25T00:30:00Z")))
    }

    @Test func farAway() throws {
        let timing = try Timing("rate(1000000 days)")
        #expect(timing.next(after: base.adding(seconds: Int64(1)), since: base) != nil)
        #expect(timing.next(after: .distantFuture, since: .distantPast) == nil)
        #expect(timing.next(after: .distantPast, since: base) == (try moment("2026-11-28T16:00:07Z")))
        #expect(try Timing("cron(* * * * ? *)").next(after: .distantFuture, since: base) == nil)
        #expect(
            try Timing("cron(0 0 1 1 ? *)").next(after: .distantPast, since: base)
                == (try moment("1970-01-01T00:00:00Z"))
        )
    }

    // MARK: Catching up

    private func caughtUp(window: Int64, limit: Int = 100) throws -> CatchUp {
        CatchUp(
            try Timing("rate(10 minutes)"),
            from: try moment("2026-11-28T10:00:00Z"),
            now: try moment("2026-11-28T11:05:00Z"),
            since: try moment("2026-11-28T09:00:00Z"),
            window: window,
            limit: limit
        )
    }

    @Test func allThatWasMissedWithinTheWindow() throws {
        let all = try caughtUp(window: 7200)
        #expect(all.due.count == 7 && all.missedFrom == nil)
        #expect(all.following == (try moment("2026-11-28T11:10:00Z")))
        let some = try caughtUp(window: 1500)
        #expect(
            some.due == [
                try moment("2026-11-28T10:40:00Z"), try moment("2026-11-28T10:50:00Z"),
                try moment("2026-11-28T11:00:00Z"),
            ]
        )
        #expect(some.missedFrom == (try moment("2026-11-28T10:00:00Z")))
        let none = try caughtUp(window: 0)
        #expect(none.due.isEmpty && none.missedFrom != nil)
        #expect(none.following == (try moment("2026-11-28T11:10:00Z")))
        let page = try caughtUp(window: 7200, limit: 2)
        #expect(page.due.count == 2)
        #expect(page.following == (try moment("2026-11-28T10:20:00Z")))
    }

    // MARK: What is refused

    static let refused: [(String, String)] = [
        ("", "is not an expression"),
        ("cron", "is not an expression"),
        ("cron()", "has 0 fields"),
        ("cron(0 10 * * ? *", "is not an expression"),
        ("cron(0 10 * * ? *))", "is not an expression"),
        (" cron(0 10 * * ? *)", "is not an expression"),
        ("CRON(0 10 * * ? *)", "is not an expression"),
        ("cron(0 10 * * ? *)\n", "is not an expression"),
        ("every(5 minutes)", "is not an expression"),
        ("rate(5 minutes) rate(6 minutes)", "is not an expression"),
        ("cron(((((((((((((((((", "is not an expression"),
        ("cron(0 10 * * ?)", "has 5 fields"),
        ("cron(0 0 10 * * ? *)", "has 7 fields"),
        ("cron(0 10 * * * *)", "has to be ?"),
        ("cron(0 10 1 * 2 *)", "has to be ?"),
        ("cron(0 10 ? * ? *)", "only one of"),
        ("cron(60 10 * * ? *)", "minutes of the cron expression: '60'"),
        ("cron(-1 10 * * ? *)", "minutes of the cron expression"),
        ("cron(+1 10 * * ? *)", "minutes of the cron expression"),
        ("cron(1.5 10 * * ? *)", "minutes of the cron expression"),
        ("cron(٣ 10 * * ? *)", "minutes of the cron expression"),
        ("cron(99999999999999999999 10 * * ? *)", "minutes of the cron expression"),
        ("cron(? 10 * * ? *)", "minutes of the cron expression"),
        ("cron(L 10 * * ? *)", "minutes of the cron expression"),
        ("cron(, 10 * * ? *)", "has an empty item"),
        ("cron(1, 10 * * ? *)", "has an empty item"),
        ("cron(1,,2 10 * * ? *)", "has an empty item"),
        ("cron(5-1 10 * * ? *)", "ends before it begins"),
        ("cron(1-2-3 10 * * ? *)", "more than one -"),
        ("cron(1- 10 * * ? *)", "is not a value"),
        ("cron(*/0 10 * * ? *)", "needs a step"),
        ("cron(*/61 10 * * ? *)", "needs a step"),
        ("cron(*/ 10 * * ? *)", "needs a step"),
        ("cron(/5 10 * * ? *)", "is not a value"),
        ("cron(*/5/5 10 * * ? *)", "more than one /"),
        ("cron(*/-5 10 * * ? *)", "needs a step"),
        ("cron(** 10 * * ? *)", "is not a value"),
        ("cron(0 24 * * ? *)", "hours of the cron expression"),
        ("cron(0 MON * * ? *)", "hours of the cron expression"),
        ("cron(0 10 0 * ? *)", "day of month of the cron expression"),
        ("cron(0 10 32 * ? *)", "day of month of the cron expression"),
        ("cron(0 10 W * ? *)", "needs a day before it"),
        ("cron(0 10 32W * ? *)", "day of month of the cron expression"),
        ("cron(0 10 1-5W * ? *)", "day of month of the cron expression"),
        ("cron(0 10 L-3 * ? *)", "day of month of the cron expression"),
        ("cron(0 10 3#2 * ? *)", "day of month of the cron expression"),
        ("cron(0 10 * 0 ? *)", "month of the cron expression"),
        ("cron(0 10 * 13 ? *)", "month of the cron expression"),
        ("cron(0 10 * FOO ? *)", "1 to 12 or JAN to DEC"),
        ("cron(0 10 * JAN-FOO ? *)", "month of the cron expression"),
        ("cron(0 10 ? * 0 *)", "day of week of the cron expression"),
        ("cron(0 10 ? * 8 *)", "1 to 7 or SUN to SAT"),
        ("cron(0 10 ? * MON/2 *)", "can't have steps"),
        ("cron(0 10 ? * FRI-MON *)", "ends before it begins"),
        ("cron(0 10 ? * 3#0 *)", "from 1 to 5 after #"),
        ("cron(0 10 ? * 3#6 *)", "from 1 to 5 after #"),
        ("cron(0 10 ? * 3# *)", "from 1 to 5 after #"),
        ("cron(0 10 ? * #2 *)", "day of week of the cron expression"),
        ("cron(0 10 ? * 3#2#1 *)", "from 1 to 5 after #"),
        ("cron(0 10 ? * 8L *)", "day of week of the cron expression"),
        ("cron(0 10 ? * 2W *)", "day of week of the cron expression"),
        ("cron(0 10 * * ? 1969)", "year of the cron expression"),
        ("cron(0 10 * * ? 2200)", "year of the cron expression"),
        ("cron(0 10 * * ? ?)", "year of the cron expression"),
        ("rate()", "is not a number and a unit"),
        ("rate(5)", "is not a number and a unit"),
        ("rate(minutes)", "is not a number and a unit"),
        ("rate(5 minutes 3 hours)", "is not a number and a unit"),
        ("rate(0 minutes)", "is not from 1"),
        ("rate(-5 minutes)", "is not from 1"),
        ("rate(1.5 hours)", "is not from 1"),
        ("rate(1e3 hours)", "is not from 1"),
        ("rate(1000001 days)", "is not from 1"),
        ("rate(99999999999999999999 days)", "is not from 1"),
        ("rate(5 seconds)", "is not minutes, hours or days"),
        ("rate(5 weeks)", "is not minutes, hours or days"),
        ("rate(5 Minutes)", "is not minutes, hours or days"),
        ("at()", "is not one like"),
        ("at(2026-12-24)", "is not one like"),
        ("at(2026-12-24T18:00)", "is not one like"),
        ("at(2026-12-24T18:00:00Z)", "is not one like"),
        ("at(2026-12-24 18:00:00)", "is not one like"),
        ("at(2026-02-30T18:00:00)", "is not one like"),
        ("at(2026-12-24T24:00:00)", "is not one like"),
        ("at(2026-12-24T18:00:60)", "is not one like"),
        ("at(0000-12-24T18:00:00)", "is not one like"),
        ("at(2026-03-29T02:30:00)", "clocks leap over it"),
        (String(repeating: "cron", count: 100), "more than 256 bytes"),
    ]

    @Test(arguments: refused)
    func isRefused(expression: String, words: String) {
        #expect {
            _ = try Timing(expression, timeZone: "Europe/Berlin")
        } throws: { error in
            "\(error)".contains(words)
        }
    }

    @Test(arguments: [
        "", "Mars/Olympus", "../../etc/passwd", "UTC\0", "+09:00:00:00", "Asia/Seoul ", "' or 1=1",
        String(repeating: "A", count: 99),
    ])
    func aZoneThatIsNoneIsRefused(zone: String) {
        #expect {
            _ = try Timing("rate(1 day)", timeZone: zone)
        } throws: { error in
            "\(error)".contains("there is no time zone named")
        }
    }

    @Test func anEndBeforeTheStartIsRefused() {
        #expect(throws: ScheduleError.self) { try Timing("rate(1 day)", starts: base, ends: base) }
    }
}
