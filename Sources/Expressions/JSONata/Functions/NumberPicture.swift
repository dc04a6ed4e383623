/// A picture of `$formatNumber`, after XPath's `format-number`.
struct NumberPicture {
    /// The characters with a meaning, which options can replace.
    struct Symbols {
        var decimal = "."
        var grouping = ","
        var exponent = "e"
        var minus = "-"
        var percent = "%"
        var perMille = "‰"
        var zero = "0"
        var optional = "#"
        var separator = ";"

        init(_ options: Object?) {
            func set(_ symbol: WritableKeyPath<Symbols, String>, _ name: String) {
                if let text = options?[name].string { self[keyPath: symbol] = text }
            }
            set(\.decimal, "decimal-separator")
            set(\.grouping, "grouping-separator")
            set(\.exponent, "exponent-separator")
            set(\.minus, "minus-sign")
            set(\.percent, "percent")
            set(\.perMille, "per-mille")
            set(\.zero, "zero-digit")
            set(\.optional, "digit")
            set(\.separator, "pattern-separator")
        }

        /// The ten digits of the family.
        var digits: [String] {
            guard let zero = zero.unicodeScalars.first else { return [] }
            return (0..<10).compactMap { Unicode.Scalar(zero.value + $0).map(String.init) }
        }
    }

    let symbols: Symbols
    private var pictures: [SubPicture] = []

    init(_ picture: String, _ symbols: Symbols) throws(JSONataError) {
        self.symbols = symbols
        let parts = Self.split(picture.unicodeScalars.map(String.init), at: symbols.separator)
        guard parts.count <= 2 else {
            throw JSONataError(
                code: "D3080",
                reason: "The picture string must only contain a maximum of two sub-pictures"
            )
        }
        for part in parts { pictures.append(try SubPicture(part, symbols)) }
    }

    private static func split(_ text: [String], at separator: String) -> [[String]] {
        text.split(separator: separator, omittingEmptySubsequences: false).map(Array.init)
    }

    func format(_ value: Double) throws(JSONataError) -> String {
        let isNegative = value < 0
        let picture = isNegative && pictures.count > 1 ? pictures[1] : pictures[0]
        let text = picture.format(value.magnitude, symbols)
        let sign = isNegative && pictures.count == 1 ? symbols.minus : ""
        return sign + picture.prefix + text + picture.suffix
    }
}

/// The picture for positive or for negative numbers.
private struct SubPicture {
    private(set) var prefix = ""
    private(set) var suffix = ""
    private var factor = 1.0
    private var hasDecimal = false
    private var integerGroups: [Int] = []
    private var regularGroup = 0
    private var fractionGroups: [Int] = []
    private var leastInteger = 0
    private var scaling = 0
    private var leastFraction = 0
    private var mostFraction = 0
    private var leastExponent: Int?

    init(_ picture: [String], _ symbols: NumberPicture.Symbols) throws(JSONataError) {
        let digits = Set(symbols.digits)
        let active = digits.union([symbols.decimal, symbols.grouping, symbols.optional, symbols.exponent])
        func isMark(_ text: String) -> Bool { active.contains(text) && text != symbols.exponent }
        let text = picture.joined()
        func count(_ symbol: String) -> Int { Substrings.ranges(of: symbol, in: text, limit: 2).count }
        let start = picture.firstIndex(where: isMark) ?? 0
        let end = max(start, picture.lastIndex(where: isMark).map { $0 + 1 } ?? picture.count)
        prefix = picture[..<start].joined()
        suffix = picture[end...].joined()
        let body = Array(picture[start..<end])
        // An exponent separator right behind the last digit is one without digits.
        let isCutOff = picture[end...].first == symbols.exponent && !body.contains(symbols.exponent)
        let exponentPlace = isCutOff ? body.count : body.firstIndex(of: symbols.exponent)
        let mantissa = Array(body[..<(exponentPlace ?? body.count)])
        let exponent = exponentPlace.map { Array(body.dropFirst($0 + 1)) }
        let decimalPlace = mantissa.firstIndex(of: symbols.decimal)
        let integer = Array(mantissa[..<(decimalPlace ?? mantissa.count)])
        let fraction = decimalPlace.map { Array(mantissa[($0 + 1)...]) } ?? []

        // The last rule that is broken is the one that is reported.
        var fault: (code: String, reason: String)?
        func check(_ isRight: Bool, _ code: String, _ reason: String) { if !isRight { fault = (code, reason) } }
        check(
            count(symbols.decimal) <= 1,
            "D3081",
            "must not contain more than one instance of the 'decimal-separator' character"
        )
        check(
            count(symbols.percent) <= 1,
            "D3082",
            "must not contain more than one instance of the 'percent' character"
        )
        check(
            count(symbols.perMille) <= 1,
            "D3083",
            "must not contain more than one instance of the 'per-mille' character"
        )
        let isScaled = count(symbols.percent) > 0 || count(symbols.perMille) > 0
        let isScaledTwice = count(symbols.percent) > 0 && count(symbols.perMille) > 0
        check(!isScaledTwice, "D3084", "must not contain both a 'percent' and a 'per-mille' character")
        let hasDigit = mantissa.contains { digits.contains($0) || $0 == symbols.optional }
        check(
            hasDigit,
            "D3085",
            "The mantissa part of a sub-picture must contain at least one character that is either an 'optional digit"
                + " character' or a member of the 'decimal digit family'"
        )
        check(
            body.allSatisfy(active.contains),
            "D3086",
            "must not contain a passive character that is preceded by an active character and that is"
                + " followed by another active character"
        )
        if let decimalPlace {
            let isNext =
                decimalPlace > 0 && mantissa[decimalPlace - 1] == symbols.grouping
                || fraction.first == symbols.grouping
            check(
                !isNext,
                "D3087",
                "must not contain a 'grouping-separator' character that appears adjacent to a"
                    + " 'decimal-separator' character"
            )
        } else {
            check(
                integer.last != symbols.grouping,
                "D3088",
                "must not contain a 'grouping-separator' at the end of the integer part"
            )
        }
        let isDoubled = zip(picture, picture.dropFirst()).contains { $0 == symbols.grouping && $1 == $0 }
        check(!isDoubled, "D3089", "must not contain two adjacent instances of the 'grouping-separator' character")
        if let place = integer.firstIndex(where: digits.contains) {
            let isMixed = integer[place...].contains(symbols.optional)
            check(
                !isMixed,
                "D3090",
                "The integer part of the sub-picture must not contain a member of the 'decimal digit family' that is"
                    + " followed by an instance of the 'optional digit character'"
            )
        }
        if let place = fraction.firstIndex(of: symbols.optional) {
            let isMixed = fraction[place...].contains(where: digits.contains)
            check(
                !isMixed,
                "D3091",
                "The fractional part of the sub-picture must not contain an instance of the 'optional digit character'"
                    + " that is followed by a member of the 'decimal digit family'"
            )
        }
        if let exponent {
            check(
                exponent.isEmpty || !isScaled,
                "D3092",
                "A sub-picture that contains a 'percent' or 'per-mille' character must not contain a character treated as an"
                    + " 'exponent-separator'"
            )
            let isNumber = !exponent.isEmpty && exponent.allSatisfy(digits.contains)
            check(
                isNumber,
                "D3093",
                "The exponent part of the sub-picture must comprise only of one or more characters that are members of"
                    + " the 'decimal digit family'"
            )
            leastExponent = exponent.count
        }
        if let fault {
            let sentence = fault.reason.hasPrefix("must") ? "The sub-picture \(fault.reason)" : fault.reason
            throw JSONataError(code: fault.code, reason: sentence, token: text)
        }
        factor = count(symbols.percent) > 0 ? 100 : count(symbols.perMille) > 0 ? 1_000 : 1
        hasDecimal = decimalPlace != nil
        analyse(integer: integer, fraction: fraction, digits, symbols)
    }

    private mutating func analyse(
        integer: [String],
        fraction: [String],
        _ digits: Set<String>,
        _ symbols: NumberPicture.Symbols
    ) {
        func isDigit(_ text: String) -> Bool { digits.contains(text) || text == symbols.optional }
        for place in integer.indices where integer[place] == symbols.grouping {
            integerGroups.append(integer[place...].count(where: isDigit))
        }
        for place in fraction.indices where fraction[place] == symbols.grouping {
            fractionGroups.append(fraction[..<place].count(where: isDigit))
        }
        regularGroup = Grouping.regularDistance(integerGroups)
        leastInteger = integer.count(where: digits.contains)
        scaling = leastInteger
        leastFraction = fraction.count(where: digits.contains)
        mostFraction = fraction.count(where: isDigit)
        if leastInteger == 0, mostFraction == 0 {
            if leastExponent != nil {
                leastFraction = 1
                mostFraction = 1
            } else {
                leastInteger = 1
            }
        }
        if leastExponent != nil, leastInteger == 0, integer.contains(symbols.optional) { leastInteger = 1 }
        if leastInteger == 0, leastFraction == 0 { leastFraction = 1 }
    }

    func format(_ value: Double, _ symbols: NumberPicture.Symbols) -> String {
        var mantissa = value * factor
        var exponent = 0
        if leastExponent != nil, mantissa > 0, mantissa.isFinite {
            // The scaling is the number of digits of a text, which is bounded; so is what a double can say.
            let most = Double("1e\(min(scaling, 308))") ?? .infinity
            let least = most / 10
            while mantissa < least {
                mantissa *= 10
                exponent -= 1
            }
            while mantissa > most {
                mantissa /= 10
                exponent += 1
            }
        }
        let places = min(mostFraction, 320)
        let text = NumberText.fixed(Library.rounded(mantissa, places: Double(places)).magnitude, digits: places)
        let halves = text.split(separator: ".", omittingEmptySubsequences: false)
        var whole = Array((halves.first ?? "").drop { $0 == "0" }).map(String.init)
        var fraction = halves.count > 1 ? Array(halves[1]).map(String.init) : []
        while fraction.last == "0" { fraction.removeLast() }
        whole = [String](repeating: "0", count: max(0, leastInteger - whole.count)) + whole
        fraction += [String](repeating: "0", count: max(0, leastFraction - fraction.count))
        let digits = symbols.digits
        func shown(_ digit: String) -> String {
            Int(digit).map { digits.indices.contains($0) ? digits[$0] : digit } ?? digit
        }
        var result = grouped(whole.map(shown), symbols.grouping)
        if hasDecimal, !fraction.isEmpty {
            result += symbols.decimal + groupedFraction(fraction.map(shown), symbols.grouping)
        }
        if let leastExponent {
            let text = String(exponent.magnitude).map { shown(String($0)) }
            let zeros = String(repeating: symbols.zero, count: max(0, leastExponent - text.count))
            result += symbols.exponent + (exponent < 0 ? symbols.minus : "") + zeros + text.joined()
        }
        return result
    }

    private func grouped(_ digits: [String], _ separator: String) -> String {
        var result = ""
        for (place, digit) in digits.enumerated() {
            let remaining = digits.count - place
            let isGroup = regularGroup > 0 ? remaining % regularGroup == 0 : integerGroups.contains(remaining)
            if place > 0, isGroup { result += separator }
            result += digit
        }
        return result
    }

    private func groupedFraction(_ digits: [String], _ separator: String) -> String {
        var result = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, fractionGroups.contains(place) { result += separator }
            result += digit
        }
        return result
    }
}

/// Distances between grouping separators.
enum Grouping {
    /// The distance of separators that stand at every multiple of it; 0 if they don't.
    static func regularDistance(_ places: [Int]) -> Int {
        guard let first = places.first else { return 0 }
        let divisor = places.reduce(first) { commonDivisor($0, $1) }
        guard divisor > 0, places.indices.allSatisfy({ places.contains(($0 + 1) * divisor) }) else { return 0 }
        return divisor
    }

    private static func commonDivisor(_ left: Int, _ right: Int) -> Int {
        var (left, right) = (left, right)
        while right != 0 { (left, right) = (right, left % right) }
        return left
    }
}
