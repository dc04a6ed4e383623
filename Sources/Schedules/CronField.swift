/// One of the six fields of a cron expression: its name, its values and their names.
struct CronField: Sendable {
    let name: String
    let values: ClosedRange<Int>
    var names: [String] = []
    var allowsSteps = true

    static let minutes = CronField(name: "minutes", values: 0...59)
    static let hours = CronField(name: "hours", values: 0...23)
    static let dayOfMonth = CronField(name: "day of month", values: 1...31)
    static let month = CronField(
        name: "month",
        values: 1...12,
        names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    )
    static let dayOfWeek = CronField(
        name: "day of week",
        values: 1...7,
        names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
        allowsSteps: false
    )
    static let year = CronField(name: "year", values: 1970...2199)

    /// The values that a field of plain items stands for, ascending.
    func values(of text: Substring) throws(ScheduleError) -> [Int] {
        var found: Set<Int> = []
        for item in try items(of: text) { found.formUnion(try values(ofItem: item)) }
        return found.sorted()
    }

    /// What stands between the commas.
    func items(of text: Substring) throws(ScheduleError) -> [Substring] {
        let items = text.split(separator: ",", omittingEmptySubsequences: false)
        guard !items.contains("") else { throw fault(text, "has an empty item") }
        return items
    }

    /// `*`, `5`, `MON`, `1-5`, `*/15`, `10/5`, `0-30/10`.
    func values(ofItem item: Substring) throws(ScheduleError) -> [Int] {
        let parts = item.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let span = parts.first else { throw fault(item, "has more than one /") }
        guard parts.count == 2 else { return Array(try range(span)) }
        guard allowsSteps else { throw fault(item, "can't have steps") }
        guard let step = number(parts[1]), (1...values.count).contains(step) else {
            throw fault(item, "needs a step from 1 to \(values.count) after /")
        }
        // A single value begins a range that goes on to the last one.
        let start = try range(span)
        let end = span == "*" || span.contains("-") ? start.upperBound : values.upperBound
        return Array(stride(from: start.lowerBound, through: end, by: step))
    }

    private func range(_ span: Substring) throws(ScheduleError) -> ClosedRange<Int> {
        if span == "*" { return values }
        let ends = span.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2 else { throw fault(span, "has more than one -") }
        let first = try value(ends[0])
        guard ends.count == 2 else { return first...first }
        let last = try value(ends[1])
        guard first <= last else { throw fault(span, "ends before it begins") }
        return first...last
    }

    func value(_ text: Substring) throws(ScheduleError) -> Int {
        if let place = names.firstIndex(of: text.uppercased()) { return values.lowerBound + place }
        guard let number = number(text), values.contains(number) else {
            let others = names.isEmpty ? "" : " or \(names[0]) to \(names[names.count - 1])"
            throw fault(text, "is not a value from \(values.lowerBound) to \(values.upperBound)\(others)")
        }
        return number
    }

    func number(_ text: Substring) -> Int? {
        guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }

    func fault(_ text: Substring, _ what: String) -> ScheduleError {
        ScheduleError("the \(name) of the cron expression: '\(text.prefix(40))' \(what)")
    }
}
