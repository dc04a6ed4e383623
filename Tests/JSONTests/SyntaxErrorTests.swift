import JSON
import Testing

@Suite struct SyntaxErrorTests {
    /// Text, offset of the fault, and what is said about it.
    static let faults: [(String, Int, String)] = [
        ("", 0, "the text is empty, expected a JSON value"),
        (" ", 1, "expected a value, found the end of the text"),
        ("\u{FEFF}{}", 0, "the text starts with a byte order mark; JSON is sent as UTF-8 without one"),
        ("\u{FEFF}", 0, "the text starts with a byte order mark; JSON is sent as UTF-8 without one"),
        ("\u{FEC0}", 0, "expected a value, found U+FEC0"),
        ("nul", 0, "expected a value, found 'nul'"),
        ("nullable", 4, "expected nothing after the JSON value, found 'able'"),
        ("True", 0, "expected a value, found 'True'"),
        ("NaN", 0, "expected a value, found 'NaN'"),
        ("-Infinity", 1, "expected a digit after '-', found 'Infinity'"),
        ("undefined", 0, "expected a value, found 'undefined'"),
        ("+1", 0, "expected a value, found '+'; JSON numbers have no '+' sign"),
        (".5", 0, "expected a value, found '.'; JSON numbers have a digit before the decimal point"),
        ("'a'", 0, "expected a value, found '''; JSON strings stand in double quotes"),
        ("// a", 0, "expected a value, found '/'; JSON has no comments"),
        ("[1,]", 3, "expected a value after ',', found ']'; JSON has no trailing commas"),
        ("[1,", 3, "expected a value after ',', found the end of the text"),
        ("[,1]", 1, "expected a value, found ','"),
        ("[1 2]", 3, "expected ',' or ']' after an array element, found '2'"),
        ("[1", 2, "expected ',' or ']' after an array element, found the end of the text"),
        ("[1}", 2, "expected ',' or ']' after an array element, found '}'"),
        ("[", 1, "expected a value, found the end of the text"),
        ("]", 0, "expected a value, found ']'"),
        ("{", 1, "expected a key in double quotes or '}', found the end of the text"),
        ("{a:1}", 1, "expected a key in double quotes or '}', found 'a'"),
        ("{1:1}", 1, "expected a key in double quotes or '}', found '1'"),
        (#"{"a" 1}"#, 5, "expected ':' after an object key, found '1'"),
        (#"{"a""#, 4, "expected ':' after an object key, found the end of the text"),
        (#"{"a":}"#, 5, "expected a value, found '}'"),
        (#"{"a":1"#, 6, "expected ',' or '}' after an object member, found the end of the text"),
        (#"{"a":1]"#, 6, "expected ',' or '}' after an object member, found ']'"),
        (#"{"a":1 "b":2}"#, 7, "expected ',' or '}' after an object member, found '\"'"),
        (#"{"a":1,}"#, 7, "expected a key in double quotes after ',', found '}'"),
        ("1 2", 2, "expected nothing after the JSON value, found '2'"),
        ("{}{}", 2, "expected nothing after the JSON value, found '{'"),
        ("null\0", 4, "expected nothing after the JSON value, found U+0000"),
        ("01", 0, "a number must not start with a superfluous 0"),
        ("[-012]", 2, "a number must not start with a superfluous 0"),
        ("1.", 2, "expected a digit after the decimal point, found the end of the text"),
        ("1.e5", 2, "expected a digit after the decimal point, found 'e'"),
        ("1e+]", 3, "expected a digit in the exponent, found ']'"),
        ("\"abc", 4, "expected '\"' at the end of a string, found the end of the text"),
        ("\"abc\\", 5, "expected '\"' at the end of a string, found the end of the text"),
        ("\"\\u00", 5, "expected '\"' at the end of a string, found the end of the text"),
        ("\"a\nb\"", 2, "the control character U+000A must be escaped in a string"),
        ("\"\u{1}\"", 1, "the control character U+0001 must be escaped in a string"),
        (#""\x41""#, 2, #"expected one of " \ / b f n r t u after '\', found 'x'"#),
        (#""\u12G4""#, 5, #"expected four hexadecimal digits after '\u', found 'G'"#),
        (#""ab\ud800""#, 3, #"half a surrogate pair in a '\u' escape, the other half is missing"#),
        ("주문", 0, "expected a value, found U+C8FC"),
        ("[\u{202E}1]", 1, "expected a value, found U+202E"),
        ("{\u{201C}a\u{201D}:1}", 1, "expected a key in double quotes or '}', found U+201C"),
        ("[\u{A0}1]", 1, "expected a value, found U+00A0"),
    ]

    @Test(arguments: faults)
    func saysWhatAndWhere(text: String, offset: Int, reason: String) {
        #expect(Self.error(in: text)?.reason == reason)
        #expect(Self.error(in: text)?.offset == offset)
        #expect(Self.error(in: Array(text.utf8)) == Self.error(in: text))
    }

    @Test(
        arguments: [
            ([0xFF, 0xFE, 0x31, 0x00], 0, "the text starts with a byte order mark; JSON is sent as UTF-8 without one"),
            ([0x22, 0xC0, 0xAF, 0x22], 1, "the byte 0xC0 is not valid UTF-8"),
            ([0x22, 0xED, 0xA0, 0x80, 0x22], 1, "the byte 0xED is not valid UTF-8"),
            ([0x5B, 0x80], 1, "expected a value, found the byte 0x80"),
        ] as [([UInt8], Int, String)]
    )
    func saysWhatAndWhere(bytes: [UInt8], offset: Int, reason: String) {
        #expect(Self.error(in: bytes)?.reason == reason)
        #expect(Self.error(in: bytes)?.offset == offset)
    }

    /// The place of the `!` in each text.
    @Test(arguments: [
        ("!", 1, 1), ("  !", 1, 3), ("\n!", 2, 1), ("\r\n!", 2, 1), ("[1,\n  2,\n  !]", 3, 3), ("[\n\n\n!", 4, 1),
        ("[\"주문\", !]", 1, 8), ("[\"\u{1F600}\u{1F600}\",\n\"e\u{301}\" !", 2, 6), ("\t!", 1, 2),
    ])
    func countsLinesAndColumns(text: String, line: Int, column: Int) throws {
        let error = try #require(Self.error(in: text))
        #expect(error.line == line)
        #expect(error.column == column)
        #expect(Array(text.utf8)[error.offset] == UInt8(ascii: "!"))
    }

    @Test func readsAsASentence() {
        let error = Self.error(in: "{\n  \"a\": 1\n  \"b\": 2\n}")
        #expect(error?.description == "line 3, column 3: expected ',' or '}' after an object member, found '\"'")
    }

    private static func error(in text: String) -> JSONSyntaxError? {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
    }

    private static func error(in bytes: [UInt8]) -> JSONSyntaxError? {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
    }
}
