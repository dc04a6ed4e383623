/// Cuts an expression into tokens. Whether `/` divides or begins a regex depends on what came before, so the parser
/// says which of the two it can use.
struct Lexer {
    private let text: [Unicode.Scalar]
    private(set) var position = 0

    init(_ expression: String) { text = Array(expression.unicodeScalars) }

    private static let singles: Set<Unicode.Scalar> = [
        ".", "[", "]", "{", "}", "(", ")", ",", "@", "#", ";", ":", "?", "+", "-", "*", "/", "%", "|", "=", "<", ">",
        "^", "&", "!", "~",
    ]
    private static let doubles: Set<String> = ["..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??"]
    private static let spaces: Set<Unicode.Scalar> = [" ", "\t", "\n", "\r", "\u{B}"]

    /// The next token.
    ///
    /// - Parameter infix: Whether an operator between two values may come here, so that `/` divides.
    mutating func next(infix: Bool) throws(JSONataError) -> Token {
        try skipSpaceAndComments()
        guard position < text.count else { return Token(.end, "(end)", end: position) }
        let current = text[position]
        if !infix, current == "/" { return try regex() }
        if position + 1 < text.count {
            var pair = ""
            pair.unicodeScalars.append(current)
            pair.unicodeScalars.append(text[position + 1])
            if Self.doubles.contains(pair) {
                position += 2
                return Token(.operator, pair, end: position)
            }
        }
        if Self.singles.contains(current) {
            position += 1
            return Token(.operator, String(current), end: position)
        }
        if current == "\"" || current == "'" { return try string(quote: current) }
        if let number = try number() { return number }
        if current == "`" { return try quotedName() }
        return name()
    }

    private mutating func skipSpaceAndComments() throws(JSONataError) {
        while position < text.count {
            if Self.spaces.contains(text[position]) {
                position += 1
            } else if text[position] == "/", position + 1 < text.count, text[position + 1] == "*" {
                let start = position
                position += 2
                while !(position + 1 < text.count && text[position] == "*" && text[position + 1] == "/") {
                    guard position + 1 < text.count else {
                        throw JSONataError(code: "S0106", reason: "Comment has no closing tag", position: start)
                    }
                    position += 1
                }
                position += 2
            } else {
                return
            }
        }
    }

    private mutating func regex() throws(JSONataError) -> Token {
        position += 1
        let start = position
        var depth = 0
        while position < text.count {
            let current = text[position]
            if current == "/", depth == 0, !isEscaped(position) {
                guard position > start else {
                    throw JSONataError(
                        code: "S0301",
                        reason: "Empty regular expressions are not allowed",
                        position: position
                    )
                }
                let pattern = String(String.UnicodeScalarView(text[start..<position]))
                position += 1
                let flagStart = position
                while position < text.count, text[position] == "i" || text[position] == "m" { position += 1 }
                let flags = String(String.UnicodeScalarView(text[flagStart..<position]))
                return Token(.regex, pattern, flags: flags, end: position)
            }
            if "([{".unicodeScalars.contains(current), !isEscaped(position) { depth += 1 }
            if ")]}".unicodeScalars.contains(current), !isEscaped(position) { depth -= 1 }
            position += 1
        }
        throw JSONataError(code: "S0302", reason: "No terminating / in regular expression", position: position)
    }

    private func isEscaped(_ place: Int) -> Bool {
        var count = 0
        while place - count > 0, text[place - count - 1] == "\\" { count += 1 }
        return count % 2 == 1
    }

    private mutating func string(quote: Unicode.Scalar) throws(JSONataError) -> Token {
        position += 1
        var value = String.UnicodeScalarView()
        while position < text.count {
            let current = text[position]
            if current == quote {
                position += 1
                return Token(.string, String(value), end: position)
            }
            if current == "\\" {
                value.append(try escape())
            } else {
                value.append(current)
                position += 1
            }
        }
        throw JSONataError(
            code: "S0101",
            reason: "String literal must be terminated by a matching quote",
            position: position
        )
    }

    private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
        "\"": "\"", "\\": "\\", "/": "/", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t",
    ]

    private mutating func escape() throws(JSONataError) -> Unicode.Scalar {
        position += 1
        let letter = position < text.count ? text[position] : "\0"
        if letter == "u" {
            let unit = try codeUnit()
            position += 5
            if let scalar = Unicode.Scalar(unit) { return scalar }
            if (0xD800...0xDBFF).contains(unit), position + 1 < text.count, text[position] == "\\",
                text[position + 1] == "u"
            {
                position += 1
                if let low = try? codeUnit(), (0xDC00...0xDFFF).contains(low) {
                    position += 5
                    return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
                }
                position -= 1
            }
            return Surrogates.standIn(for: unit) ?? "\u{FFFD}"
        }
        guard let scalar = Self.escapes[letter] else {
            throw JSONataError(
                code: "S0103",
                reason: "Unsupported escape sequence: \\\"\(letter)\"",
                position: position,
                token: String(letter)
            )
        }
        position += 1
        return scalar
    }

    /// The four digits after the `u` at the current place.
    private func codeUnit() throws(JSONataError) -> UInt32 {
        let digits = text[min(position + 1, text.count)..<min(position + 5, text.count)]
        guard digits.count == 4, digits.allSatisfy(\.properties.isASCIIHexDigit),
            let unit = UInt32(String(String.UnicodeScalarView(digits)), radix: 16)
        else {
            throw JSONataError(
                code: "S0104",
                reason: "The escape sequence must be followed by 4 hex digits",
                position: position
            )
        }
        return unit
    }

    private mutating func number() throws(JSONataError) -> Token? {
        var end = position
        func isDigit(_ place: Int) -> Bool { place < text.count && ("0"..."9").contains(text[place]) }
        guard isDigit(end) else { return nil }
        if text[end] == "0" { end += 1 } else { while isDigit(end) { end += 1 } }
        if end < text.count, text[end] == ".", isDigit(end + 1) {
            end += 1
            while isDigit(end) { end += 1 }
        }
        if end < text.count, text[end] == "e" || text[end] == "E" {
            var exponent = end + 1
            if exponent < text.count, text[exponent] == "+" || text[exponent] == "-" { exponent += 1 }
            if isDigit(exponent) {
                while isDigit(exponent) { exponent += 1 }
                end = exponent
            }
        }
        let digits = String(String.UnicodeScalarView(text[position..<end]))
        guard let value = Double(digits), value.isFinite else {
            throw JSONataError(
                code: "S0102",
                reason: "Number out of range: \"\(digits)\"",
                position: end,
                token: digits
            )
        }
        position = end
        return Token(.number, digits, number: value, end: position)
    }

    private mutating func quotedName() throws(JSONataError) -> Token {
        position += 1
        guard let end = text[position...].firstIndex(of: "`") else {
            throw JSONataError(
                code: "S0105",
                reason: "Quoted property name must be terminated with a backquote (`)",
                position: text.count
            )
        }
        let name = String(String.UnicodeScalarView(text[position..<end]))
        position = end + 1
        return Token(.name, name, end: position)
    }

    private mutating func name() -> Token {
        let start = position
        while position < text.count, !Self.spaces.contains(text[position]), !Self.singles.contains(text[position]) {
            position += 1
        }
        let word = String(String.UnicodeScalarView(text[start..<position]))
        if text[start] == "$" { return Token(.variable, String(word.unicodeScalars.dropFirst()), end: position) }
        switch word {
        case "or", "in", "and": return Token(.operator, word, end: position)
        case "true", "false", "null": return Token(.constant, word, end: position)
        default: return Token(.name, word, end: position)
        }
    }
}
