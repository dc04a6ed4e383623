import Expressions

/// A point in time as pages show it: in UTC, until the page's script puts it into the reader's zone.
struct Moment {
    /// For the script.
    let machine: String
    let text: String

    init(_ timestamp: Timestamp) {
        let text = "\(timestamp)"
        machine = text
        // 2026-11-23T14:03:20.123Z: seconds are fine enough to read.
        self.text = text.prefix(19).replacing("T", with: " ") + " UTC"
    }
}

extension Texts {
    /// How long something took, in the two largest units.
    func duration(from start: Timestamp, to end: Timestamp) -> String {
        duration(microseconds: max(0, end.microseconds - start.microseconds))
    }

    func duration(microseconds: Int64) -> String {
        let seconds = microseconds / 1_000_000
        let milliseconds = microseconds / 1000
        func text(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String) -> String {
            let first = "\(large) \(self("unit.\(largeUnit)"))"
            return small == 0 ? first : "\(first) \(small) \(self("unit.\(smallUnit)"))"
        }
        switch seconds {
        case 0: return "\(milliseconds) \(self("unit.ms"))"
        case ..<10: return "\(seconds).\(milliseconds / 100 % 10) \(self("unit.s"))"
        case ..<60: return "\(seconds) \(self("unit.s"))"
        case ..<3600: return text(seconds / 60, "min", seconds % 60, "s")
        case ..<86_400: return text(seconds / 3600, "h", seconds / 60 % 60, "min")
        default: return text(seconds / 86_400, "d", seconds / 3600 % 24, "h")
        }
    }

    /// A number with its thousands apart.
    func count(_ number: Int) -> String {
        var digits = ""
        for (position, digit) in String(number).reversed().enumerated() {
            if position > 0, position % 3 == 0, digit != "-" { digits.append(",") }
            digits.append(digit)
        }
        return String(digits.reversed())
    }
}
