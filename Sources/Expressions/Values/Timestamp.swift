/// A point in time in microseconds since 1970-01-01T00:00:00Z: what PostgreSQL stores, compared exactly.
package struct Timestamp: Sendable, Hashable, Comparable {
    package var microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    /// The last microsecond of the year 9999, the latest moment that RFC 3339 can write.
    package static let distantFuture = Timestamp(microseconds: 253_402_300_799_999_999)
    /// The first moment of the year 1.
    package static let distantPast = Timestamp(microseconds: -62_135_596_800_000_000)

    /// Milliseconds since 1970, rounded down.
    package var epochMilliseconds: Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// The moment so many seconds later (or earlier), held between ``distantPast`` and ``distantFuture``.
    package func adding(seconds: Int64) -> Timestamp {
        let (distance, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? (seconds < 0 ? .distantPast : .distantFuture) : adding(microseconds: distance)
    }

    /// The moment so many seconds later (or earlier), held between ``distantPast`` and ``distantFuture``. A distance
    /// that is not a number is none.
    package func adding(seconds: Double) -> Timestamp {
        guard !seconds.isNaN else { return self }
        let distance = (seconds * 1_000_000).rounded()
        guard let exact = Int64(exactly: distance) else { return seconds < 0 ? .distantPast : .distantFuture }
        return adding(microseconds: exact)
    }

    private func adding(microseconds distance: Int64) -> Timestamp {
        let (sum, overflow) = microseconds.addingReportingOverflow(distance)
        if overflow { return distance < 0 ? .distantPast : .distantFuture }
        return min(max(Timestamp(microseconds: sum), .distantPast), .distantFuture)
    }
}

extension Timestamp: CustomStringConvertible {
    /// `2024-01-01T00:00:00.123Z`: UTC with milliseconds, the form of the context object.
    package var description: String {
        let (days, millisecondsOfDay) = Self.divide(epochMilliseconds, by: 86_400_000)
        let date = CivilDate(daysSinceEpoch: days)
        let time = millisecondsOfDay
        return String(unsafeUninitializedCapacity: 32) { bytes in
            var writer = DigitWriter(bytes: bytes)
            writer.write(date.year, digits: 4, then: "-")
            writer.write(date.month, digits: 2, then: "-")
            writer.write(date.day, digits: 2, then: "T")
            writer.write(time / 3_600_000, digits: 2, then: ":")
            writer.write(time / 60_000 % 60, digits: 2, then: ":")
            writer.write(time / 1_000 % 60, digits: 2, then: ".")
            writer.write(time % 1_000, digits: 3, then: "Z")
            return writer.count
        }
    }

    private static func divide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// Writes numbers of fixed width into a buffer that has room for them.
private struct DigitWriter {
    let bytes: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    init(bytes: UnsafeMutableBufferPointer<UInt8>) { self.bytes = bytes }

    /// Writes the last digits of a number (more of them for a year that needs more) and a character.
    mutating func write(_ number: Int64, digits: Int, then character: Unicode.Scalar) {
        if number < 0 { put(UInt8(ascii: "-")) }
        var divisor: Int64 = 1
        for _ in 1..<digits { divisor *= 10 }
        while number.magnitude / UInt64(divisor) > 9 { divisor *= 10 }
        while divisor > 0 {
            put(UInt8(ascii: "0") + UInt8(number.magnitude / UInt64(divisor) % 10))
            divisor /= 10
        }
        put(UInt8(ascii: character))
    }

    private mutating func put(_ byte: UInt8) {
        bytes[count] = byte
        count += 1
    }
}

/// A day of the proleptic Gregorian calendar, converted by Howard Hinnant's day-count formulas: years begin in March,
/// so that the leap day is the last of its year, and 400 of them make an era of fixed length.
package struct CivilDate: Sendable {
    package let year: Int64
    package let month: Int64
    package let day: Int64

    package init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    package init(daysSinceEpoch days: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    package var daysSinceEpoch: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The number of days in the month.
    package var daysInMonth: Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
