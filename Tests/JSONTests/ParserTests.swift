import JSON
import Testing

@Suite struct ParserTests {
    static let values: [(String, JSONValue)] = [
        ("null", nil), ("true", true), ("false", false), ("0", 0), ("-1", -1), (#""a""#, "a"),
        ("[]", []), ("{}", [:]), ("[1, [2, []], {}]", [1, [2, []], [:]]),
        (#" { "b" : 1 , "a" : [ true , null ] } "#, ["b": 1, "a": [true, nil]]),
        ("\t\r\n [ ] \t\r\n", []),
        (#""\"\\\/\b\f\n\r\tA\u00e9\ud83d\ude00\u0000""#, "\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{1F600}\0"),
        (#"{"a":1,"b":2,"a":3}"#, ["a": 3, "b": 2]),
    ]

    @Test(arguments: values)
    func readsValues(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
        #expect(try JSONValue(parsing: Array(text.utf8)) == value)
    }

    @Test(arguments: [
        "", " ", "[1,]", "{\"a\":1,}", "nul", "nullable", "[1 2]", "{\"a\" 1}", "{a:1}", "01", "-", "1.", ".5", "+1",
        "1e",
        "NaN", "Infinity", "\"", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\n\"", "1 2",
        "\u{FEFF}1",
        "[", "]", "{", "}", ",",
    ])
    func refuses(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
    }
}
