import Expressions

/// `cron(minutes hours day-of-month month day-of-week year)`, with the values and wildcards of EventBridge Scheduler.
struct CronExpression: Sendable, Hashable {
    private let minutes: [Int]
    private let hours: [Int]
    private let days: CronDays
    private let months: [Int]
    private let years: [Int]

    init(_ text: Substring) throws(ScheduleError) {
        let fields = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard fields.count == 6 else {
            throw ScheduleError(
                "the cron expression has \(fields.count) fields and not the six: "
                    + "minutes, hours, day of month, month, day of week, year"
            )
        }
        minutes = try CronField.minutes.values(of: fields[0])
        hours = try CronField.hours.values(of: fields[1])
        days = try CronDays(daysOfMonth: fields[2], daysOfWeek: fields[4])
        months = try CronField.month.values(of: fields[3])
        years = try CronField.year.values(of: fields[5])
    }

    /// The first moment after another at which clocks come to show one of the times; a time that they leap over is left
    /// out, and one that they show twice counts once. In seconds since 1970.
    ///
    /// The search looks at each month up to the last year once, and into no day but those that match.
    func next(after moment: Int64, in zone: ScheduleZone) -> Int64? {
        let now = zone.wallSeconds(at: moment)
        let today = floorDivided(now, by: 86_400)
        let date = CivilDate(daysSinceEpoch: today)
        for year in years where year >= date.year {
            for month in months where year > date.year || month >= date.month {
                for day in days.days(year: year, month: month) {
                    let number = CivilDate(year: Int64(year), month: Int64(month), day: Int64(day)).daysSinceEpoch
                    guard number >= today else { continue }
                    let start = number == today ? (now - today * 86_400) / 60 : 0
                    if let next = next(in: zone, on: number, from: start, after: moment) { return next }
                }
            }
        }
        return nil
    }

    private func next(in zone: ScheduleZone, on day: Int64, from start: Int64, after moment: Int64) -> Int64? {
        for hour in hours where Int64(hour) * 60 + 59 >= start {
            for minute in minutes where Int64(hour) * 60 + Int64(minute) >= start {
                let wall = day * 86_400 + Int64(hour) * 3_600 + Int64(minute) * 60
                if let shown = zone.firstMoment(showing: wall), shown > moment { return shown }
            }
        }
        return nil
    }
}

/// Rounded down, also below zero.
func floorDivided(_ value: Int64, by divisor: Int64) -> Int64 {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
}
