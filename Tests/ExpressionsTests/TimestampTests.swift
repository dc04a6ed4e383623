import Expressions
import Testing

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "texts that are timestamps",
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00.000001Z", 1),
            ("1969-12-31T23:59:59.5Z", -500_000),
            ("2016-03-14T01:59:00Z", 1_457_920_740_000_000),
            ("2016-03-14T01:59:00.123456789Z", 1_457_920_740_123_456),
            ("2016-03-14T01:59:00.1Z", 1_457_920_740_100_000),
            ("2016-03-14T10:59:00+09:00", 1_457_920_740_000_000),
            ("2016-03-13T20:29:00-05:30", 1_457_920_740_000_000),
            ("2016-03-14T01:59:00-00:00", 1_457_920_740_000_000),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
            ("2000-02-29T23:59:59Z", 951_868_799_000_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
            ("2016-03-14T19:59:00+18:00", 1_457_920_740_000_000),
        ] as [(String, Int64)]
    )
    func parse(_ text: String, _ microseconds: Int64) {
        #expect(Timestamp(text) == Timestamp(microseconds: microseconds))
    }

    @Test(
        "texts that are none",
        arguments: [
            "", "date", "2023-02-24", "2012-10-09T19:00:55", "2016-12-05T21:29:29", "05-12-2016T21:29:29Z",
            "2016-13-05T21:29:29Z", "2016-00-05T21:29:29Z", "2016-12-05T25:29:29Z", "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-04-31T00:00:00Z", "2024-01-00T00:00:00Z",
            "2024-01-01T24:00:00Z", "2016-12-31T23:59:60Z", "2024-01-01T00:60:00Z", "0000-01-01T00:00:00Z",
            "9999999-01-01T00:00:00Z", "-024-01-01T00:00:00Z", "2024-01-01t00:00:00Z", "2024-01-01T00:00:00z",
            "2024-01-01 00:00:00Z", "2024-01-01T00:00Z", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00,5Z",
            "2024-01-01T00:00:00.1234567890Z", "2024-01-01T00:00:00+09", "2024-01-01T00:00:00+0900",
            "2024-01-01T00:00:00+9:00", "2024-01-01T00:00:00+18:01", "2024-01-01T00:00:00+19:00",
            "2024-01-01T00:00:00+09:60", "2024-01-01T00:00:00Z ", " 2024-01-01T00:00:00Z", "2024-01-01T00:00:00ZZ",
            "２024-01-01T00:00:00Z", "2024-1-1T0:0:0Z", "20240101T000000Z", "2024-01-01T00:00:00\u{0}Z",
        ]
    )
    func refuse(_ text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test(
        "format",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_704_067_200_123_999, "2024-01-01T00:00:00.123Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (-86_400_000_001, "1969-12-30T23:59:59.999Z"),
            (-62_135_596_800_000_000, "0001-01-01T00:00:00.000Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999Z"), (951_782_400_000_000, "2000-02-29T00:00:00.000Z"),
        ] as [(Int64, String)]
    )
    func format(_ microseconds: Int64, _ text: String) {
        #expect(Timestamp(microseconds: microseconds).description == text)
    }

    @Test("every day of 400 years is written and read back, one second after the other")
    func days() {
        var previous = Timestamp("1799-12-31T23:59:59Z")
        for day in 0..<146_097 as Range<Int64> {
            let moment = Timestamp(microseconds: -5_364_662_400_000_000).adding(seconds: day * 86_400)
            let read = Timestamp(moment.description)
            if read != moment || previous?.adding(seconds: Int64(1)) != moment { Issue.record("\(moment)") }
            previous = moment.adding(seconds: Int64(86_399))
        }
        #expect(previous?.description == "2199-12-31T23:59:59.000Z")
    }

    @Test("any Int64 can be written")
    func extremes() {
        #expect(Timestamp(microseconds: .max).description == "294247-01-10T04:00:54.775Z")
        #expect(Timestamp(microseconds: .min).description.hasSuffix("Z"))
    }

    @Test("sums stop at the ends of the calendar")
    func adding() {
        let zero = Timestamp(microseconds: 0)
        #expect(zero.adding(seconds: Int64(-2)).microseconds == -2_000_000)
        #expect(zero.adding(seconds: 1.5).microseconds == 1_500_000)
        #expect(zero.adding(seconds: 0.1).microseconds == 100_000)
        for seconds in [Int64.max, 253_402_300_800] { #expect(zero.adding(seconds: seconds) == .distantFuture) }
        for seconds in [Int64.min, -62_135_596_801] { #expect(zero.adding(seconds: seconds) == .distantPast) }
        for seconds in [1e300, .infinity, 1e12] { #expect(zero.adding(seconds: seconds) == .distantFuture) }
        for seconds in [-1e300, -.infinity, -1e12] { #expect(zero.adding(seconds: seconds) == .distantPast) }
        #expect(zero.adding(seconds: .nan) == zero)
        #expect(Timestamp.distantFuture.adding(seconds: Int64.max) == .distantFuture)
        #expect(Timestamp(microseconds: .max).adding(seconds: Int64(9_000_000_000_000)) == .distantFuture)
    }

    @Test("order and milliseconds")
    func order() throws {
        let earlier = try #require(Timestamp("2024-01-01T00:00:00Z"))
        let later = try #require(Timestamp("2024-01-01T08:59:59.999999+08:59"))
        #expect(earlier < later)
        #expect(later.epochMilliseconds == 1_704_067_259_999)
        #expect(Timestamp(microseconds: -1).epochMilliseconds == -1)
        #expect(Timestamp(microseconds: -1_000).epochMilliseconds == -1)
    }
}
