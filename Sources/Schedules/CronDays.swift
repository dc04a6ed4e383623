import Expressions

/// The days of a month that the two fields for days stand for; one of them is `?`.
struct CronDays: Sendable, Hashable {
    private enum Item: Sendable, Hashable {
        case day(Int)
        /// The weekday that is nearest to a day, within its month: `15W`.
        case weekdayNearest(Int)
        case lastDay
        /// The last weekday of the month: `LW`.
        case lastWeekday
        /// Every Monday, counted from Sunday, 1.
        case every(Int)
        /// The last Friday: `6L`.
        case last(Int)
        /// The third Tuesday: `3#3`.
        case nth(Int, Int)
    }

    private let items: Set<Item>

    init(daysOfMonth: Substring, daysOfWeek: Substring) throws(ScheduleError) {
        switch (daysOfMonth, daysOfWeek) {
        case ("?", "?"):
            throw ScheduleError("the cron expression: only one of day of month and day of week can be ?")
        case ("?", _): items = try Self.daysOfWeek(daysOfWeek)
        case (_, "?"): items = try Self.daysOfMonth(daysOfMonth)
        default:
            throw ScheduleError("the cron expression: one of day of month and day of week has to be ?")
        }
    }

    private static func daysOfMonth(_ text: Substring) throws(ScheduleError) -> Set<Item> {
        let field = CronField.dayOfMonth
        var items: Set<Item> = []
        for item in try field.items(of: text) {
            switch item.uppercased() {
            case "L": items.insert(.lastDay)
            case "LW": items.insert(.lastWeekday)
            case let item where item.hasSuffix("W"):
                guard item.count > 1 else { throw field.fault("W", "needs a day before it, such as 15W") }
                items.insert(.weekdayNearest(try field.value(item.dropLast())))
            default: items.formUnion(try field.values(ofItem: item).map { .day($0) })
            }
        }
        return items
    }

    private static func daysOfWeek(_ text: Substring) throws(ScheduleError) -> Set<Item> {
        let field = CronField.dayOfWeek
        var items: Set<Item> = []
        for item in try field.items(of: text) {
            let parts = item.split(separator: "#", omittingEmptySubsequences: false)
            if parts.count > 1 {
                guard parts.count == 2, let place = field.number(parts[1]), (1...5).contains(place) else {
                    throw field.fault(item, "needs a number from 1 to 5 after #")
                }
                items.insert(.nth(try field.value(parts[0]), place))
            } else if item.uppercased() == "L" {
                // The last day of the week.
                items.insert(.every(7))
            } else if item.uppercased().hasSuffix("L") {
                items.insert(.last(try field.value(item.dropLast())))
            } else {
                items.formUnion(try field.values(ofItem: item).map { .every($0) })
            }
        }
        return items
    }

    /// The days, ascending.
    func days(year: Int, month: Int) -> [Int] {
        let first = CivilDate(year: Int64(year), month: Int64(month), day: 1)
        let count = Int(first.daysInMonth)
        // 1 January 1970 was a Thursday, the fifth day of its week.
        let dayOfWeek = Int(((first.daysSinceEpoch + 4) % 7 + 7) % 7) + 1
        func weekday(_ day: Int) -> Int { (dayOfWeek + day - 2) % 7 + 1 }
        func day(ofFirst weekday: Int) -> Int { (weekday - dayOfWeek + 7) % 7 + 1 }

        var days: Set<Int> = []
        for item in items {
            switch item {
            case .day(let day): days.insert(day)
            case .lastDay: days.insert(count)
            case .lastWeekday:
                days.insert(count - (weekday(count) == 1 ? 2 : weekday(count) == 7 ? 1 : 0))
            case .weekdayNearest(let day) where day <= count:
                switch weekday(day) {
                case 7: days.insert(day == 1 ? 3 : day - 1)
                case 1: days.insert(day == count ? day - 2 : day + 1)
                default: days.insert(day)
                }
            case .weekdayNearest: break
            case .every(let weekday): days.formUnion(stride(from: day(ofFirst: weekday), through: count, by: 7))
            case .last(let weekday):
                let first = day(ofFirst: weekday)
                days.insert(first + (count - first) / 7 * 7)
            case .nth(let weekday, let place): days.insert(day(ofFirst: weekday) + (place - 1) * 7)
            }
        }
        return days.filter { $0 <= count }.sorted()
    }
}
