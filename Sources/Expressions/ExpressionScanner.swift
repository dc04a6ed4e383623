import JSON

/// A position in the text of an expression, and the small steps every parser here is made of.
struct ExpressionScanner {
    let bytes: [UInt8]
    private(set) var offset = 0
    /// How many parentheses, filters and calls are open: bounds the recursion of the parsers.
    var depth = 0

    /// Parentheses, negations and filters within filters.
    static let depthLimit = 100

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// The byte at the position; nil at the end.
    var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    var isAtEnd: Bool { offset == bytes.count }

    /// The byte so many places ahead; nil past the end.
    func peek(_ distance: Int) -> UInt8? {
        let place = offset + distance
        return place < bytes.count ? bytes[place] : nil
    }

    mutating func advance(by distance: Int = 1) {
        offset = min(offset + distance, bytes.count)
    }

    mutating func skipSpaces() {
        while let byte = current, byte == UInt8(ascii: " ") || (0x09...0x0D).contains(byte) { offset += 1 }
    }

    /// Takes `text` if it stands at the position.
    mutating func take(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard bytes.count - offset >= length else { return false }
        let matches = text.withUTF8Buffer { expected in
            bytes[offset..<offset + length].elementsEqual(expected)
        }
        if matches { offset += length }
        return matches
    }

    /// The text between a place and the position.
    func text(from start: Int) -> String {
        String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    /// An error at the position, or at another place.
    func fault(_ reason: String, at place: Int? = nil) -> ExpressionSyntaxError {
        ExpressionSyntaxError(reason: reason, offset: place ?? offset)
    }

    /// What stands at the position, in words for an error.
    var found: String {
        guard let byte = current else { return "the end" }
        var end = offset + 1
        while byte >= 0x80, end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        return "'\(String(decoding: bytes[offset..<end], as: UTF8.self))'"
    }

    /// Opens one more level of nesting.
    mutating func descend() throws(ExpressionSyntaxError) {
        depth += 1
        guard depth <= Self.depthLimit else {
            throw fault("an expression may be nested at most \(Self.depthLimit) deep")
        }
    }

    /// A whole number with an optional minus sign.
    mutating func integer() throws(ExpressionSyntaxError) -> Int {
        let start = offset
        if current == UInt8(ascii: "-") { advance() }
        while let byte = current, byte.isDigit { advance() }
        let digits = text(from: start)
        guard digits != "-", !digits.isEmpty else { throw fault("expected a whole number, found \(found)", at: start) }
        guard let value = Int(digits), value.magnitude <= 1 << 53 else {
            throw fault("the number \(digits) is too large", at: start)
        }
        return value
    }

    /// A number as JSON writes it.
    mutating func number() throws(ExpressionSyntaxError) -> JSONValue {
        let start = offset
        while let byte = current, byte.isDigit || "+-.eE".utf8.contains(byte) { advance() }
        let written = text(from: start)
        if let integer = Int64(written), String(integer) == written { return .number(JSONNumber(integer)) }
        do throws(JSONSyntaxError) {
            return try JSONValue(parsing: written)
        } catch {
            throw fault("'\(written)' is not a number", at: start)
        }
    }
}

extension UInt8 {
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
