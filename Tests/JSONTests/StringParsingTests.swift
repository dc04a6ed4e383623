import JSON
import Testing

@Suite struct StringParsingTests {
    @Test(arguments: [
        (#""\"\\\/""#, "\"\\/"),
        (#""\b\f\n\r\t""#, "\u{8}\u{C}\n\r\t"),
        (#""\u0041\u00e9\uC8FC""#, "A\u{E9}\u{C8FC}"),
        (#""\ud83d\ude00\uD83D\uDE00""#, "\u{1F600}\u{1F600}"),
        (#""\ud800\udc00\udbff\udfff""#, "\u{10000}\u{10FFFF}"),
        (#""\u0000""#, "\0"),
        (#""a\u0000b""#, "a\0b"),
        (#""\u007f\u2028\u2029\ufeff\uffff""#, "\u{7F}\u{2028}\u{2029}\u{FEFF}\u{FFFF}"),
        ("\"\u{7F}\u{2028}\u{202E}\u{2066}\u{FEFF}\"", "\u{7F}\u{2028}\u{202E}\u{2066}\u{FEFF}"),
        ("\"주문이 처리되었습니다.\"", "주문이 처리되었습니다."),
        ("\"1234567\\n1234567\\t12345678\\\"\"", "1234567\n1234567\t12345678\""),
    ])
    func reads(text: String, string: String) throws {
        #expect(try JSONValue(parsing: text) == .string(string))
        #expect(try JSONValue(parsing: Array(text.utf8)) == .string(string))
    }

    /// The scanner works on eight bytes at a time, so every place within them is tried.
    @Test(arguments: 0..<20)
    func findsWhatIsSpecialAtEveryPlace(position: Int) throws {
        let plain = String(repeating: "x", count: position)
        for (escaped, character) in [
            (#"\""#, "\""), (#"\\"#, "\\"), (#"\u00e9"#, "\u{E9}"), ("\u{1F600}", "\u{1F600}"),
        ] {
            let text = "\"\(plain)\(escaped)\(plain)\""
            #expect(try JSONValue(parsing: text) == .string(plain + character + plain))
            #expect(try JSONValue(parsing: Array(text.utf8)) == .string(plain + character + plain))
        }
        #expect(try JSONValue(parsing: "\"\(plain)\"") == .string(plain))
        for control: UInt8 in 0..<0x20 {
            let bytes = Array("\"\(plain)".utf8) + [control] + Array("\(plain)\"".utf8)
            #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
        }
    }

    @Test func readsEveryScalarAsItIsAndEscaped() throws {
        for range: ClosedRange<UInt32> in [0...0x3000, 0xD700...0xE0FF, 0xFF00...0x10100, 0x10FF00...0x10FFFF] {
            for scalar in range.lazy.compactMap(Unicode.Scalar.init) {
                let string = String(Character(scalar))
                let escapes = string.utf16.map { unit in
                    let digits = String(unit, radix: 16)
                    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
                #expect(try JSONValue(parsing: "\"\(escapes.joined())\"") == .string(string))
                if scalar.value >= 0x20 && scalar != "\"" && scalar != "\\" {
                    #expect(try JSONValue(parsing: Array("\"\(string)\"".utf8)) == .string(string))
                }
            }
        }
    }

    @Test(arguments: [
        #"\ud800"#, #"\udbff"#, #"\udc00"#, #"\udfff"#, #"\ud800x"#, #"\ud800\n"#, #"\ud800\u0041"#, #"\ud800\ud800"#,
        #"\udc00\ud800"#, #"\ud83d\ude00\ud83d"#,
    ])
    func refusesLoneSurrogates(escapes: String) {
        #expect {
            try JSONValue(parsing: "\"\(escapes)\"")
        } throws: {
            ($0 as? JSONSyntaxError)?.reason == "half a surrogate pair in a '\\u' escape, the other half is missing"
        }
    }

    @Test(arguments: [
        #"\x41"#, #"\a"#, #"\'"#, #"\0"#, #"\U0041"#, #"\u"#, #"\u1"#, #"\u12"#, #"\u123"#, #"\u12g4"#, #"\u-123"#,
        #"\u 123"#, #"\ud83d\u"#, #"\ud83d\ude0"#, "\\\n", "\\é", "\\",
    ])
    func refusesOtherEscapes(escape: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: "\"\(escape)\"") }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: "\"\(escape)") }
    }

    static let invalidUTF8: [[UInt8]] = [
        // Continuation bytes on their own, and bytes that never occur.
        [0x80], [0xBF], [0xC0], [0xC1], [0xF5], [0xF8], [0xFC], [0xFE], [0xFF],
        // Too long for what they encode.
        [0xC0, 0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xF0, 0x80, 0x80, 0x80],
        [0xF0, 0x8F, 0xBF, 0xBF], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFC, 0x84, 0x80, 0x80, 0x80, 0x80],
        // Surrogates.
        [0xED, 0xA0, 0x80], [0xED, 0xAF, 0xBF], [0xED, 0xB0, 0x80], [0xED, 0xBF, 0xBF],
        [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80],
        // Beyond U+10FFFF.
        [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF7, 0xBF, 0xBF, 0xBF],
        // Cut off.
        [0xC3], [0xE2], [0xE2, 0x82], [0xF0], [0xF0, 0x9F], [0xF0, 0x9F, 0x98],
        // A continuation byte replaced.
        [0xC3, 0x41], [0xE2, 0x41, 0xAC], [0xE2, 0x82, 0x41], [0xF0, 0x41, 0x98, 0x80], [0xF0, 0x9F, 0x41, 0x80],
        [0xF0, 0x9F, 0x98, 0x41], [0xE2, 0x82, 0xC3, 0xA9],
    ]

    @Test(arguments: invalidUTF8)
    func refusesInvalidUTF8(bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        for length in 0..<9 {
            let before = [UInt8](repeating: UInt8(ascii: "x"), count: length)
            for text in [[quote] + before + bytes + before + [quote], [quote] + before + bytes] {
                #expect {
                    try JSONValue(parsing: text)
                } throws: {
                    let error = $0 as? JSONSyntaxError
                    return error?.reason.hasSuffix("is not valid UTF-8") == true && error?.offset == length + 1
                }
            }
        }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [UInt8(ascii: "1")] + bytes) }
    }
}
