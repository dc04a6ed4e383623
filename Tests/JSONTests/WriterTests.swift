import JSON
import Testing

@Suite struct WriterTests {
    static let compact: [(JSONValue, String)] = [
        (nil, "null"), (true, "true"), (false, "false"), (0, "0"), ("", #""""#), ([], "[]"), ([:], "{}"),
        ([1, [], [:], [2, [3]], 4], "[1,[],{},[2,[3]],4]"),
        (["b": 1, "a": ["c": [:], "d": []], "z": nil], #"{"b":1,"a":{"c":{},"d":[]},"z":null}"#),
        ("\"\\/", #""\"\\/""#),
        ("\u{8}\u{C}\n\r\t", #""\b\f\n\r\t""#),
        ("\0\u{1}\u{B}\u{E}\u{1F}", #""\u0000\u0001\u000b\u000e\u001f""#),
        ("\u{7F}\u{80}é주\u{2028}\u{202E}\u{1F600}", "\"\u{7F}\u{80}é주\u{2028}\u{202E}\u{1F600}\""),
        (["a\"b": 1], #"{"a\"b":1}"#),
    ]

    @Test(arguments: compact)
    func writesCompactly(value: JSONValue, text: String) throws {
        #expect(value.text == text)
        #expect(value.description == text)
        #expect(try JSONValue(parsing: text) == value)
        var bytes = Array("=".utf8)
        value.write(to: &bytes)
        #expect(bytes == Array("=\(text)".utf8))
    }

    /// The writer looks at eight bytes at a time, so every place within them is tried.
    @Test(arguments: 0..<20)
    func escapesAtEveryPlace(position: Int) {
        let plain = String(repeating: "é", count: position / 2) + String(repeating: "x", count: position % 2)
        #expect(JSONValue.string(plain).text == "\"\(plain)\"")
        for (character, escaped) in [("\"", #"\""#), ("\\", #"\\"#), ("\n", #"\n"#), ("\u{1F}", #"\u001f"#)] {
            let string = plain + character + plain + character
            #expect(JSONValue.string(string).text == "\"\(plain)\(escaped)\(plain)\(escaped)\"")
        }
    }

    @Test func writesAnySizeOfInteger() {
        var number = 1
        for _ in 0..<18 {
            for value in [number - 1, number, -number, 1 - number, number * 9] {
                #expect(JSONValue.number(JSONNumber(value)).text == String(value))
            }
            number *= 10
        }
        for value in [Int64.min, .min + 1, .max, .max - 1] {
            #expect(JSONValue.number(JSONNumber(value)).text == String(value))
        }
    }

    @Test func writesForPeople() {
        let value: JSONValue = [
            "order": "주문-1", "items": [["sku": "A", "quantity": 2], [:]], "tags": [], "note": nil,
        ]
        let text = """
            {
              "order": "주문-1",
              "items": [
                {
                  "sku": "A",
                  "quantity": 2
                },
                {}
              ],
              "tags": [],
              "note": null
            }
            """
        #expect(value.prettyText == text)
        #expect(JSONValue.array([]).prettyText == "[]")
        #expect(JSONValue.object([:]).prettyText == "{}")
        #expect(JSONValue.string("a").prettyText == "\"a\"")
    }

    @Test func writesStringsIntoLargerBuffers() {
        var bytes = Array("{".utf8)
        JSONValue.writeString("a \"b\"", to: &bytes)
        bytes.append(contentsOf: ":1}".utf8)
        #expect(String(decoding: bytes, as: UTF8.self) == #"{"a \"b\"":1}"#)
    }
}
