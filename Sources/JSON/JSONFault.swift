/// What the parser found wrong, small enough to be thrown cheaply; the sentence and the place are made from it once
/// parsing has stopped.
struct JSONFault: Error {
    enum Kind {
        case byteOrderMark
        case depth
        case value
        case valueAfterComma
        case key
        case keyAfterComma
        case colon
        case afterElement
        case afterMember
        case afterDocument
        case leadingZero
        case digitAfterMinus
        case digitAfterPoint
        case digitAfterExponent
        case unterminatedString
        case controlCharacter
        case invalidUTF8
        case escape
        case unicodeEscape
        case loneSurrogate
    }

    let kind: Kind
    /// In bytes from the start of the text.
    let offset: Int
}

extension JSONSyntaxError {
    /// The error that tells a person about a fault in `text`.
    init(_ fault: JSONFault, in text: UnsafeBufferPointer<UInt8>) {
        let before = text[..<min(fault.offset, text.count)]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        self.init(
            reason: fault.reason(in: text),
            offset: fault.offset,
            line: before.count { $0 == UInt8(ascii: "\n") } + 1,
            column: before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
        )
    }
}

extension JSONFault {
    /// What is wrong, as a sentence without the place.
    func reason(in text: UnsafeBufferPointer<UInt8>) -> String {
        let found = Self.describe(text[min(offset, text.count)...])
        return switch kind {
        case .byteOrderMark: "the text starts with a byte order mark; JSON is sent as UTF-8 without one"
        case .depth: "nested deeper than \(JSONParser.maximumDepth) levels"
        case .value where text.isEmpty: "the text is empty, expected a JSON value"
        case .value: "expected a value, found \(found)\(hint(in: text))"
        case .valueAfterComma: "expected a value after ',', found \(found)\(hint(in: text))"
        case .key: "expected a key in double quotes or '}', found \(found)"
        case .keyAfterComma: "expected a key in double quotes after ',', found \(found)"
        case .colon: "expected ':' after an object key, found \(found)"
        case .afterElement: "expected ',' or ']' after an array element, found \(found)"
        case .afterMember: "expected ',' or '}' after an object member, found \(found)"
        case .afterDocument: "expected nothing after the JSON value, found \(found)"
        case .leadingZero: "a number must not start with a superfluous 0"
        case .digitAfterMinus: "expected a digit after '-', found \(found)"
        case .digitAfterPoint: "expected a digit after the decimal point, found \(found)"
        case .digitAfterExponent: "expected a digit in the exponent, found \(found)"
        case .unterminatedString: "expected '\"' at the end of a string, found the end of the text"
        case .controlCharacter: "the control character \(found) must be escaped in a string"
        case .invalidUTF8: "\(found) is not valid UTF-8"
        case .escape: "expected one of \" \\ / b f n r t u after '\\', found \(found)"
        case .unicodeEscape: "expected four hexadecimal digits after '\\u', found \(found)"
        case .loneSurrogate: "half a surrogate pair in a '\\u' escape, the other half is missing"
        }
    }

    /// What people who write JavaScript, Python or JSON5 expect to work here.
    private func hint(in text: UnsafeBufferPointer<UInt8>) -> String {
        guard offset < text.count else { return "" }
        return switch text[offset] {
        case UInt8(ascii: "]") where kind == .valueAfterComma: "; JSON has no trailing commas"
        case UInt8(ascii: "'"): "; JSON strings stand in double quotes"
        case UInt8(ascii: "/"), UInt8(ascii: "#"): "; JSON has no comments"
        case UInt8(ascii: "+"): "; JSON numbers have no '+' sign"
        case UInt8(ascii: "."): "; JSON numbers have a digit before the decimal point"
        default: ""
        }
    }

    /// The character or word at the start of `rest`, safe to show in a log or on a terminal.
    private static func describe(_ rest: Slice<UnsafeBufferPointer<UInt8>>) -> String {
        guard let first = rest.first else { return "the end of the text" }
        let word = rest.prefix(24).prefix { isLetter($0) }
        if !word.isEmpty { return "'\(String(decoding: word, as: UTF8.self))'" }
        if first > 0x20 && first < 0x7F { return "'\(Character(Unicode.Scalar(first)))'" }
        var decoder = UTF8()
        var bytes = rest.makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&bytes) else {
            return "the byte 0x" + padded(UInt32(first), to: 2)
        }
        return "U+" + padded(scalar.value, to: 4)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func padded(_ value: UInt32, to width: Int) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
