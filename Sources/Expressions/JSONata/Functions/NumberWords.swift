internal import Glibc

/// English words for whole numbers.
enum NumberWords {
    private static let few = [
        "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve",
        "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen",
    ]
    private static let ordinals = [
        "Zeroth", "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth",
        "Eleventh", "Twelfth", "Thirteenth", "Fourteenth", "Fifteenth", "Sixteenth", "Seventeenth", "Eighteenth",
        "Nineteenth",
    ]
    private static let decades = ["Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"]
    private static let magnitudes = ["Thousand", "Million", "Billion", "Trillion"]

    /// Every word and what it stands for, in lower case.
    static let values: [String: Double] = {
        var values: [String: Double] = [:]
        for (place, word) in few.enumerated() { values[word.lowercased()] = Double(place) }
        for (place, word) in ordinals.enumerated() { values[word.lowercased()] = Double(place) }
        for (place, word) in decades.enumerated() {
            let value = Double((place + 2) * 10)
            values[word.lowercased()] = value
            values[String(word.lowercased().dropLast()) + "ieth"] = value
        }
        values["hundred"] = 100
        values["hundredth"] = 100
        for (place, word) in magnitudes.enumerated() {
            let value = pow(1_000, Double(place + 1))
            values[word.lowercased()] = value
            values[word.lowercased() + "th"] = value
        }
        return values
    }()

    static func text(_ value: Double, isOrdinal: Bool) -> String { text(value, follows: false, isOrdinal) }

    /// Each call handles a smaller number than the one before: 10^12 at a time at worst, 26 times.
    private static func text(_ value: Double, follows: Bool, _ isOrdinal: Bool) -> String {
        if value < 100 {
            let number = Int(exactly: value.rounded(.down)) ?? 0
            let lead = follows ? " and " : ""
            if number < 20 { return lead + (isOrdinal ? ordinals : few)[max(number, 0)] }
            let decade = decades[number / 10 - 2]
            if number % 10 > 0 {
                return lead + decade + "-" + text(Double(number % 10), follows: false, isOrdinal)
            }
            return lead + (isOrdinal ? String(decade.dropLast()) + "ieth" : decade)
        }
        let lead = follows ? ", " : ""
        var unit = 100.0
        var name = "Hundred"
        if value >= 1_000 {
            var place = 0
            unit = 1_000
            while place < magnitudes.count - 1, value >= unit * 1_000 {
                unit *= 1_000
                place += 1
            }
            name = magnitudes[place]
        }
        // In doubles 10^46 is ten billion trillion trillion trillion, not the number of 47 digits that is nearest to it.
        let count = (value / unit).rounded(.down)
        let rest = value - count * unit
        let words = lead + text(count, follows: false, false) + " " + name
        if rest >= 1 { return words + text(rest, follows: true, isOrdinal) }
        return isOrdinal ? words + "th" : words
    }

    static func value(_ text: String) -> Double? {
        var segments = [0.0]
        for word in text.split(whereSeparator: { " ,-".contains($0) }) where word != "and" {
            guard let value = values[String(word)] else { return nil }
            let top = segments.removeLast()
            if value < 100 {
                if top >= 1_000 {
                    segments += [top, value]
                } else {
                    segments.append(top + value)
                }
            } else {
                segments.append(top * value)
            }
        }
        return segments.reduce(0, +)
    }
}

/// Roman numerals, in lower case.
enum RomanNumerals {
    private static let numerals: [(value: Double, text: String)] = [
        (1_000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
        (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
    ]

    static func text(_ value: Double) -> String {
        var rest = value
        var text = ""
        for numeral in numerals {
            while rest >= numeral.value {
                text += numeral.text
                rest -= numeral.value
            }
        }
        return text
    }

    static func value(_ text: String) -> Double? {
        var total = 0.0
        var highest = 0.0
        for letter in text.reversed() {
            guard let value = numerals.first(where: { $0.text == String(letter) })?.value else { return nil }
            if value < highest {
                total -= value
            } else {
                highest = value
                total += value
            }
        }
        return total
    }
}
