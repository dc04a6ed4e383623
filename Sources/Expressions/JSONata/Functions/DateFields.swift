/// A moment in a time zone, taken apart for a picture.
struct DateFields {
    let date: CivilDate
    private let days: Int64
    private let millisecondsOfDay: Int64
    /// The distance from UTC in minutes.
    let offset: Int64

    private static let millisecondsPerDay: Int64 = 86_400_000

    init(milliseconds: Int64, offset: Int64) {
        let local = milliseconds + offset * 60_000
        let remainder = local % Self.millisecondsPerDay
        millisecondsOfDay = remainder < 0 ? remainder + Self.millisecondsPerDay : remainder
        days = (local - millisecondsOfDay) / Self.millisecondsPerDay
        date = CivilDate(daysSinceEpoch: days)
        self.offset = offset
    }

    /// Monday is 1, Sunday 7.
    var dayOfWeek: Int64 { Self.dayOfWeek(days) }

    private static func dayOfWeek(_ days: Int64) -> Int64 {
        let remainder = (days + 3) % 7
        return (remainder < 0 ? remainder + 7 : remainder) + 1
    }

    /// The number of a component; nil for those that are not numbers.
    func number(_ component: Character) -> Int64? {
        switch component {
        case "Y": date.year
        case "M": date.month
        case "D": date.day
        case "d": days - CivilDate(year: date.year, month: 1, day: 1).daysSinceEpoch + 1
        case "F": dayOfWeek
        case "W": weekOfYear.week
        case "X": weekOfYear.year
        case "w": weekOfMonth.week
        case "x": weekOfMonth.month
        case "H": hour
        case "h": hour % 12 == 0 ? 12 : hour % 12
        case "P": hour >= 12 ? 1 : 0
        case "m": millisecondsOfDay / 60_000 % 60
        case "s": millisecondsOfDay / 1_000 % 60
        case "f": millisecondsOfDay % 1_000
        default: nil
        }
    }

    private var hour: Int64 { millisecondsOfDay / 3_600_000 }

    /// The Monday of the first week of a month: the week that has most of its days in it.
    private static func firstWeek(_ year: Int64, _ month: Int64) -> Int64 {
        let first = CivilDate(year: year, month: month, day: 1).daysSinceEpoch
        let weekday = dayOfWeek(first)
        return weekday > 4 ? first + 8 - weekday : first - (weekday - 1)
    }

    private var weekOfYear: (year: Int64, week: Int64) {
        var year = date.year
        if days < Self.firstWeek(year, 1) {
            year -= 1
        } else if days >= Self.firstWeek(year + 1, 1) {
            year += 1
        }
        return (year, (days - Self.firstWeek(year, 1)) / 7 + 1)
    }

    private var weekOfMonth: (month: Int64, week: Int64) {
        var (year, month) = (date.year, date.month)
        if days < Self.firstWeek(year, month) {
            (year, month) = month == 1 ? (year - 1, 12) : (year, month - 1)
        } else {
            let next = month == 12 ? (year + 1, Int64(1)) : (year, month + 1)
            if days >= Self.firstWeek(next.0, next.1) { (year, month) = next }
        }
        return (month, (days - Self.firstWeek(year, month)) / 7 + 1)
    }
}
