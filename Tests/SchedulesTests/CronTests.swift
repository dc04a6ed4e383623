import Expressions
import Testing

@testable import Schedules

@Suite("Cron expressions")
struct CronTests {
    /// The next times after a moment, as clocks in the zone show them.
    private func next(_ expression: String, after moment: String, in zone: String = "UTC", count: Int) throws
        -> [String]
    {
        let timing = try Timing(expression, timeZone: zone)
        var times: [String] = []
        var moment = try #require(Timestamp(moment))
        while times.count < count, let next = timing.next(after: moment, since: moment) {
            times.append(timing.zone.text(of: next))
            moment = next
        }
        return times
    }

    struct Example: Sendable, CustomTestStringConvertible {
        var expression: String
        var after: String
        /// Day and minute in UTC.
        var times: [String]
        var testDescription: String { "\(expression) after \(after)" }

        init(_ expression: String, after: String = "2026-11-28T16:00:00Z", _ times: String...) {
            self.expression = expression
            self.after = after
            self.times = times
        }
    }

    @Test(arguments: [
        Example("cron(0 10 * * ? *)", "2026-11-29 10:00", "2026-11-30 10:00"),
        Example("cron(15 12 * * ? *)", "2026-11-29 12:15"),
        Example("cron(0 18 ? * MON-FRI *)", "2026-11-30 18:00", "2026-12-01 18:00"),
        Example("cron(0 8 1 * ? *)", "2026-12-01 08:00", "2027-01-01 08:00"),
        Example("cron(0/15 * * * ? *)", "2026-11-28 16:15", "2026-11-28 16:30", "2026-11-28 16:45", "2026-11-28 17:00"),
        Example("cron(0/10 * ? * mon-fri *)", "2026-11-30 00:00", "2026-11-30 00:10"),
        Example("cron(0/5 8-17 ? * MON-FRI *)", "2026-11-30 08:00", "2026-11-30 08:05"),
        Example("cron(5,35 14 * * ? *)", "2026-11-29 14:05", "2026-11-29 14:35"),
        Example(
            "cron(10-50/20 1/12 3 JAN,jul ? *)",
            "2027-01-03 01:10",
            "2027-01-03 01:30",
            "2027-01-03 01:50",
            "2027-01-03 13:10"
        ),
        Example("cron(0 0 L * ? *)", "2026-11-30 00:00", "2026-12-31 00:00", "2027-01-31 00:00", "2027-02-28 00:00"),
        Example("cron(0 0 L 2 ? *)", "2027-02-28 00:00", "2028-02-29 00:00"),
        Example("cron(0 0 LW * ? *)", "2026-11-30 00:00", "2026-12-31 00:00", "2027-01-29 00:00", "2027-02-26 00:00"),
        Example("cron(0 0 3W * ? *)", "2026-12-03 00:00", "2027-01-04 00:00", "2027-02-03 00:00"),
        // 1 August 2026 is a Saturday: the nearest weekday of that month. 31 October is one, too, and 31 January a Sunday.
        Example("cron(0 0 1W * ? *)", after: "2026-07-31T00:00:00Z", "2026-08-03 00:00", "2026-09-01 00:00"),
        Example(
            "cron(0 0 31W * ? *)",
            after: "2026-09-01T00:00:00Z",
            "2026-10-30 00:00",
            "2026-12-31 00:00",
            "2027-01-29 00:00"
        ),
        Example("cron(0 0 ? * 6L *)", "2026-12-25 00:00", "2027-01-29 00:00", "2027-02-26 00:00"),
        Example("cron(0 9 ? * 2#1 *)", "2026-12-07 09:00", "2027-01-04 09:00"),
        Example("cron(0 9 ? * FRI#5 *)", "2027-01-29 09:00", "2027-04-30 09:00"),
        Example("cron(0 9 ? * L *)", after: "2026-11-28T09:00:00Z", "2026-12-05 09:00"),
        Example("cron(0 0 29 2 ? *)", "2028-02-29 00:00", "2032-02-29 00:00"),
        Example("cron(0 0 29 2 ? 2099-2110)", "2104-02-29 00:00", "2108-02-29 00:00"),
        Example("cron(0 0 1,L * ? 2027/2)", "2027-01-01 00:00", "2027-01-31 00:00"),
        Example("cron(59 23 31 12 ? 2199)", "2199-12-31 23:59"),
        Example("cron( 0  10 *\t* ? * )", "2026-11-29 10:00"),
    ])
    func days(_ example: Example) throws {
        let times = try next(example.expression, after: example.after, count: example.times.count)
        #expect(times.map { String($0.prefix(16)) } == example.times)
    }

    @Test func theNearestFridayBeforeTheYearEnds() throws {
        let times = try next("cron(0 0 ? * 6L *)", after: "2026-11-20T00:00:00Z", count: 2)
        #expect(times == ["2026-11-27 00:00:00 +00:00", "2026-12-25 00:00:00 +00:00"])
    }

    /// Days that no year has: the search ends, in a bounded number of steps.
    @Test(arguments: [
        "cron(0 0 31 2 ? *)", "cron(* * 30,31 2 ? *)", "cron(0 0 31 4,6,9,11 ? *)", "cron(0 0 29 2 ? 2027)",
        "cron(0 0 ? 2 1#5 2027)", "cron(* * * * ? 1999)", "cron(0 0 30W 2 ? *)",
    ])
    func neverComes(expression: String) throws {
        #expect(try next(expression, after: "2026-11-28T16:00:00Z", in: "America/New_York", count: 1).isEmpty)
    }

    struct Clocks: Sendable, CustomTestStringConvertible {
        var zone: String
        var expression: String
        var after: String
        var times: [String]
        var testDescription: String { "\(expression) in \(zone)" }
    }

    @Test(arguments: [
        // Clocks leap from 2 to 3 o'clock: the time that there isn't is left out.
        Clocks(
            zone: "America/New_York",
            expression: "cron(30 2 * * ? *)",
            after: "2026-03-07T12:00:00Z",
            times: ["2026-03-09 02:30:00 -04:00"]
        ),
        Clocks(
            zone: "Europe/Berlin",
            expression: "cron(0/30 1-3 29 3 ? 2026)",
            after: "2026-03-28T12:00:00Z",
            times: [
                "2026-03-29 01:00:00 +01:00", "2026-03-29 01:30:00 +01:00", "2026-03-29 03:00:00 +02:00",
                "2026-03-29 03:30:00 +02:00",
            ]
        ),
        // They go back from 3 to 2 o'clock: a time that comes twice counts once.
        Clocks(
            zone: "Europe/Berlin",
            expression: "cron(30 2 * * ? *)",
            after: "2026-10-24T12:00:00Z",
            times: ["2026-10-25 02:30:00 +02:00", "2026-10-26 02:30:00 +01:00"]
        ),
        Clocks(
            zone: "America/New_York",
            expression: "cron(30 0-2 1 11 ? 2026)",
            after: "2026-11-01T00:00:00Z",
            times: ["2026-11-01 00:30:00 -04:00", "2026-11-01 01:30:00 -04:00", "2026-11-01 02:30:00 -05:00"]
        ),
        // Asked between the first and the second time that clocks show 1:15.
        Clocks(
            zone: "America/New_York",
            expression: "cron(15,45 * * * ? *)",
            after: "2026-11-01T05:20:00Z",
            times: ["2026-11-01 01:45:00 -04:00", "2026-11-01 02:15:00 -05:00"]
        ),
        Clocks(
            zone: "America/New_York",
            expression: "cron(15,45 * * * ? *)",
            after: "2026-11-01T06:20:00Z",
            times: ["2026-11-01 02:15:00 -05:00"]
        ),
        // Half an hour, and the southern hemisphere.
        Clocks(
            zone: "Australia/Lord_Howe",
            expression: "cron(15 2 * * ? *)",
            after: "2026-10-03T00:00:00Z",
            times: ["2026-10-05 02:15:00 +11:00"]
        ),
        Clocks(
            zone: "Australia/Lord_Howe",
            expression: "cron(45 1 * * ? *)",
            after: "2026-04-04T00:00:00Z",
            times: ["2026-04-05 01:45:00 +11:00", "2026-04-06 01:45:00 +10:30"]
        ),
        // At midnight.
        Clocks(
            zone: "Africa/Cairo",
            expression: "cron(30 0 * * ? *)",
            after: "2026-04-23T00:00:00Z",
            times: ["2026-04-25 00:30:00 +03:00"]
        ),
        // A day that Samoa did not have.
        Clocks(
            zone: "Pacific/Apia",
            expression: "cron(0 12 * * ? *)",
            after: "2011-12-29T00:00:00Z",
            times: ["2011-12-29 12:00:00 -10:00", "2011-12-31 12:00:00 +14:00"]
        ),
        Clocks(
            zone: "Asia/Seoul",
            expression: "cron(0 9 ? * MON *)",
            after: "2026-11-29T23:59:59Z",
            times: ["2026-11-30 09:00:00 +09:00", "2026-12-07 09:00:00 +09:00"]
        ),
        Clocks(
            zone: "Asia/Kathmandu",
            expression: "cron(0 0 1 1 ? *)",
            after: "2026-11-29T23:59:59Z",
            times: ["2027-01-01 00:00:00 +05:45"]
        ),
    ])
    func clocks(_ example: Clocks) throws {
        let times = try next(example.expression, after: example.after, in: example.zone, count: example.times.count)
        #expect(times == example.times)
    }

    /// Whatever the zone does, time goes forward, and clocks show what was asked for.
    @Test(arguments: ["America/New_York", "Europe/Dublin", "Africa/Casablanca", "America/Santiago", "Antarctica/Troll"])
    func aYearOfHalfHours(zone: String) throws {
        let timing = try Timing("cron(0,30 * * * ? 2026)", timeZone: zone)
        var moment = try #require(Timestamp("2025-12-30T00:00:00Z"))
        var count = 0
        while let next = timing.next(after: moment, since: moment) {
            #expect(next > moment)
            #expect(["00:00", "30:00"].contains(timing.zone.text(of: next).dropFirst(14).prefix(5)))
            moment = next
            count += 1
        }
        // A year has 17,520; each change of clocks takes some away.
        #expect((17_510...17_520).contains(count))
    }
}
