/// A picture of a whole number, after XPath's `format-integer`.
struct IntegerPicture {
    enum Style {
        case letters
        case roman
        case words
        case digits
        /// A numbering that is not known here.
        case sequence
    }

    enum Case {
        case lower
        case upper
        case title
    }

    private(set) var style = Style.digits
    private(set) var letterCase = Case.lower
    var isOrdinal = false
    private var zero: UInt32 = 0x30
    var mandatoryDigits = 0
    private(set) var optionalDigits = 0
    /// From the right, the number of digits after each separator.
    private(set) var separators: [(place: Int, text: String)] = []
    private(set) var regularDistance = 0
    private let picture: String
    /// The exact number of digits to read, when another number follows at once.
    var parseWidth: Int?

    /// The first digits of the families of decimal digits.
    private static let zeros: [UInt32] = [
        0x30, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
        0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
        0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
    ]

    init(_ text: String) throws(JSONataError) {
        var primary = text
        if let semicolon = text.lastIndex(of: ";") {
            primary = String(text[..<semicolon])
            isOrdinal = text[text.index(after: semicolon)...].first == "o"
        }
        picture = primary
        switch primary {
        case "A": (style, letterCase) = (.letters, .upper)
        case "a": style = .letters
        case "I": (style, letterCase) = (.roman, .upper)
        case "i": style = .roman
        case "W": (style, letterCase) = (.words, .upper)
        case "Ww": (style, letterCase) = (.words, .title)
        case "w": style = .words
        default: try readDigits(primary)
        }
    }

    private mutating func readDigits(_ text: String) throws(JSONataError) {
        var family: UInt32?
        var place = 0
        for scalar in text.unicodeScalars.reversed() {
            if let zero = Self.zeros.first(where: { scalar.value >= $0 && scalar.value <= $0 + 9 }) {
                mandatoryDigits += 1
                place += 1
                guard family == nil || family == zero else {
                    throw JSONataError(
                        code: "D3131",
                        reason: "In a decimal digit pattern, all digits must be from the same decimal group"
                    )
                }
                family = zero
            } else if scalar == "#" {
                optionalDigits += 1
                place += 1
            } else {
                separators.append((place, String(scalar)))
            }
        }
        guard let family else {
            style = .sequence
            return
        }
        zero = family
        if Set(separators.map(\.text)).count == 1 {
            regularDistance = Grouping.regularDistance(separators.map(\.place))
        }
    }

    private func unsupported() -> JSONataError {
        JSONataError(
            code: "D3130",
            reason:
                "Formatting or parsing an integer as a sequence starting with \(Value.string(picture).quoted) is not"
                + " supported by this implementation"
        )
    }

    // MARK: Writing

    func format(_ number: Double) throws(JSONataError) -> String {
        let value = number.magnitude
        let text: String
        switch style {
        case .letters: text = Self.letters(value, letterCase == .upper ? "A" : "a")
        case .roman:
            guard value < 1e7 else { throw .bound("a Roman numeral of \(FormattedNumber.text(value)) is too long") }
            let roman = RomanNumerals.text(value)
            text = letterCase == .upper ? roman.uppercased() : roman
        case .words:
            guard value.isFinite else { throw .bound("there are no words for \(FormattedNumber.text(value))") }
            let words = NumberWords.text(value, isOrdinal: isOrdinal)
            text = letterCase == .upper ? words.uppercased() : letterCase == .lower ? words.lowercased() : words
        case .digits: text = digits(value)
        case .sequence: throw unsupported()
        }
        return number < 0 ? "-" + text : text
    }

    private static func letters(_ number: Double, _ first: Unicode.Scalar) -> String {
        var rest = number
        var letters: [Unicode.Scalar] = []
        while rest >= 1, rest.isFinite {
            let place = UInt32(exactly: (rest - 1).truncatingRemainder(dividingBy: 26).rounded(.down)) ?? 0
            letters.append(Unicode.Scalar(first.value + place) ?? first)
            rest = ((rest - 1) / 26).rounded(.down)
        }
        return String(String.UnicodeScalarView(letters.reversed()))
    }

    private func digits(_ value: Double) -> String {
        let plain = Array(FormattedNumber.text(value).unicodeScalars)
        let filled =
            [Unicode.Scalar](repeating: "0", count: max(0, mandatoryDigits - plain.count)) + plain
        var result = ""
        for (place, digit) in filled.enumerated() {
            let remaining = filled.count - place
            if place > 0 {
                if regularDistance > 0 {
                    if remaining % regularDistance == 0 { result += separators[0].text }
                } else {
                    for separator in separators.reversed() where separator.place == remaining {
                        result += separator.text
                    }
                }
            }
            let scalar = digit.value >= 0x30 && digit.value <= 0x39 ? Unicode.Scalar(zero + digit.value - 0x30) : digit
            result.unicodeScalars.append(scalar ?? digit)
        }
        for separator in separators.reversed() where separator.place == 0 { result += separator.text }
        return isOrdinal ? result + Self.ordinalSuffix(plain) : result
    }

    private static func ordinalSuffix(_ digits: [Unicode.Scalar]) -> String {
        if digits.count > 1, digits[digits.count - 2] == "1" { return "th" }
        return switch digits.last {
        case "1": "st"
        case "2": "nd"
        case "3": "rd"
        default: "th"
        }
    }

    // MARK: Reading

    /// What the picture's numbers look like, as the pattern of a regex.
    var pattern: String {
        switch style {
        case .letters: return letterCase == .upper ? "[A-Z]+" : "[a-z]+"
        case .roman: return letterCase == .upper ? "[MDCLXVI]+" : "[mdclxvi]+"
        case .words: return "(?:\(NumberWords.values.keys.joined(separator: "|"))|and|[\\-, ])+"
        case .digits, .sequence:
            let others = Set(separators.map(\.text)).map { RegexText.escaped($0) }.joined()
            let digits = zero == 0x30 ? "0-9" : (RegexText.range(zero, zero + 9))
            let count = parseWidth.map { "{\($0)}" } ?? "+"
            return "[\(digits)\(others)]\(count)" + (isOrdinal ? "(?:th|st|nd|rd)" : "")
        }
    }

    /// The number that a text of this form says.
    func parse(_ text: String) throws(JSONataError) -> Double? {
        switch style {
        case .letters:
            var value = 0.0
            for scalar in text.uppercased().unicodeScalars where ("A"..."Z").contains(scalar) {
                value = value * 26 + Double(scalar.value - 0x40)
            }
            return value
        case .roman: return RomanNumerals.value(text.lowercased())
        case .words: return NumberWords.value(text.lowercased())
        case .digits:
            return leadingNumber(of: text)
        case .sequence: throw unsupported()
        }
    }

    /// The digits that a text begins with, grouping separators among them.
    private func leadingNumber(of text: String) -> Double? {
        let groupings = Set(separators.map(\.text))
        var value: Double?
        for (place, scalar) in text.unicodeScalars.enumerated() where !groupings.contains(String(scalar)) {
            if scalar.value >= zero, scalar.value <= zero + 9 {
                value = (value ?? 0) * 10 + Double(scalar.value - zero)
            } else if place > 0 || scalar != "-" {
                break
            }
        }
        return value.map { text.hasPrefix("-") ? -$0 : $0 }
    }
}

/// Whole numbers as digits alone.
enum FormattedNumber {
    static func text(_ value: Double) -> String { NumberText.text(of: value.rounded(.down)) }
}

/// Text inside the pattern of a regex.
enum RegexText {
    static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            if scalar.isASCII, !scalar.properties.isAlphabetic, !("0"..."9").contains(scalar) { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
    }

    static func range(_ first: UInt32, _ last: UInt32) -> String {
        guard let first = Unicode.Scalar(first), let last = Unicode.Scalar(last) else { return "" }
        return "\(first)-\(last)"
    }
}
