import JSON
import Testing

/// Sizes at which a careless parser becomes quadratic, runs out of stack or traps.
@Suite struct LargeInputTests {
    @Test func aMillionElements() throws {
        let text = "[" + String(repeating: "7,", count: 999_999) + "7]"
        let value = try JSONValue(parsing: text)
        #expect(value.array?.count == 1_000_000)
        #expect(value.text == text)
    }

    @Test func aHundredThousandKeys() throws {
        let text = "{" + (0..<100_000).map { "\"key\($0)\":\($0)" }.joined(separator: ",") + "}"
        let value = try JSONValue(parsing: text)
        #expect(value.object?.count == 100_000)
        #expect(value["key99999"] == 99_999)
        #expect(value["key100000"] == nil)
        #expect(value.text == text)
    }

    @Test func aHundredThousandEqualKeys() throws {
        let text = "{" + (0..<100_000).map { "\"key\($0 % 20)\":\($0)" }.joined(separator: ",") + "}"
        let value = try JSONValue(parsing: text)
        #expect(value.object?.keys == (0..<20).map { "key\($0)" })
        #expect(value.object?.values == (0..<20).map { .number(JSONNumber(99_980 + $0)) })
        let one = "{" + String(repeating: #""a":[1,2],"#, count: 99_999) + #""a":null}"#
        #expect(try JSONValue(parsing: one) == ["a": nil])
    }

    @Test func aHundredThousandObjects() throws {
        let text = "[" + String(repeating: #"{"a":{"b":[]}},"#, count: 99_999) + "{}]"
        #expect(try JSONValue(parsing: text).text == text)
    }

    @Test(arguments: ["x", "é", "주", "\u{1F600}"])
    func aMegabyteOfText(character: String) throws {
        let string = String(repeating: character, count: 1_000_000)
        let text = "\"\(string)\""
        #expect(try JSONValue(parsing: text) == .string(string))
        #expect(try JSONValue(parsing: Array(text.utf8)) == .string(string))
        #expect(JSONValue.string(string).text == text)
    }

    @Test func aMegabyteOfEscapes() throws {
        let text = "\"" + String(repeating: #"\n\u0001"#, count: 250_000) + "\""
        let value = try JSONValue(parsing: text)
        #expect(value.string?.utf8.count == 500_000)
        #expect(value.text == text)
    }

    @Test func aMegabyteOfSpace() throws {
        let space = String(repeating: " \n\t\r", count: 250_000)
        #expect(try JSONValue(parsing: "\(space)[\(space)]\(space)") == [])
        let error = #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: space) }
        #expect(error?.offset == 1_000_000)
        #expect(error?.line == 250_001)
    }

    @Test func aValueDeeperThanTheParserAllowsIsWritten() {
        var value = JSONValue.array([])
        for _ in 0..<2_000 { value = ["a": .array([1, value, 2])] }
        let text = String(repeating: #"{"a":[1,"#, count: 2_000) + "[]" + String(repeating: ",2]}", count: 2_000)
        #expect(value.text == text)
        #expect(value.prettyText.count { $0 == "\n" } == 2_000 * 6)
    }
}
