extension Timestamp {
    /// Reads RFC 3339 as States Language wants it: `2016-03-14T01:59:00Z`, with upper-case `T` and `Z` or an offset
    /// such as `+09:00`, and up to nine decimals of a second, of which microseconds are kept. Nil for all else, also
    /// for moments that no calendar has (30 February, hour 24, second 60, year 0).
    package init?(_ text: String) {
        var text = text
        let timestamp = text.withUTF8 { bytes in
            var parser = TimestampParser(bytes: bytes)
            return parser.timestamp()
        }
        guard let timestamp else { return nil }
        self = timestamp
    }
}

private struct TimestampParser {
    let bytes: UnsafeBufferPointer<UInt8>
    private var place = 0

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func timestamp() -> Timestamp? {
        guard let year = number(digits: 4, in: 1...9999), take("-"),
            let month = number(digits: 2, in: 1...12), take("-"),
            let day = number(digits: 2, in: 1...31), take("T"),
            let hour = number(digits: 2, in: 0...23), take(":"),
            let minute = number(digits: 2, in: 0...59), take(":"),
            let second = number(digits: 2, in: 0...59),
            let fraction = fraction(), let offset = offset(), place == bytes.count
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        guard day <= date.daysInMonth else { return nil }
        let seconds = date.daysSinceEpoch * 86_400 + hour * 3_600 + minute * 60 + second - offset
        return Timestamp(microseconds: seconds * 1_000_000 + fraction)
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard place < bytes.count, bytes[place] == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func digit() -> Int64? {
        guard place < bytes.count, bytes[place].isDigit else { return nil }
        defer { place += 1 }
        return Int64(bytes[place] - UInt8(ascii: "0"))
    }

    private mutating func number(digits: Int, in range: ClosedRange<Int64>) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return range.contains(value) ? value : nil
    }

    /// Microseconds; 0 without a decimal point.
    private mutating func fraction() -> Int64? {
        guard take(".") else { return 0 }
        var value: Int64 = 0
        var count = 0
        while let digit = digit() {
            count += 1
            if count <= 6 { value = value * 10 + digit }
        }
        guard (1...9).contains(count) else { return nil }
        for _ in 0..<max(0, 6 - count) { value *= 10 }
        return value
    }

    /// Seconds east of Greenwich.
    private mutating func offset() -> Int64? {
        if take("Z") { return 0 }
        let sign: Int64
        if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
        guard let hours = number(digits: 2, in: 0...18), take(":"), let minutes = number(digits: 2, in: 0...59) else {
            return nil
        }
        return hours == 18 && minutes > 0 ? nil : sign * (hours * 3_600 + minutes * 60)
    }
}
