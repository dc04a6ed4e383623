import JSON
import Testing

@Suite struct ParserTests {
    static let values: [(String, JSONValue)] = [
        ("null", nil), ("true", true), ("false", false),
        ("0", 0), ("-1", -1),
        (#""a""#, "a"), (#""""#, ""),
        ("[]", []), ("{}", [:]), ("[ ]", []), ("{ }", [:]),
        ("[1, [2, []], {}]", [1, [2, []], [:]]),
        ("[[],[]]", [[], []]),
        (#"{"a":{},"b":[{}]}"#, ["a": [:], "b": [[:]]]),
        (#" { "b" : 1 , "a" : [ true , null ] } "#, ["b": 1, "a": [true, nil]]),
        ("\t\r\n [\t1\r\n,\n2 ] \t\r\n", [1, 2]),
        (#"{"":""}"#, ["": ""]),
        (#"{"__proto__":1,"constructor":2}"#, ["__proto__": 1, "constructor": 2]),
    ]

    @Test(arguments: values)
    func readsValues(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
        #expect(try JSONValue(parsing: Array(text.utf8)) == value)
    }

    @Test func readsPartOfALongerText() throws {
        let line = #"input: {"order": 7} (end)"#
        let start = try #require(line.firstIndex(of: "{"))
        let end = try #require(line.firstIndex(of: "}"))
        #expect(try JSONValue(parsing: String(line[start...end])) == ["order": 7])
    }

    @Test func keepsTheOrderOfMembers() throws {
        let value = try JSONValue(parsing: #"{"z":1,"a":2,"m":3,"0":4}"#)
        #expect(value.object?.keys == ["z", "a", "m", "0"])
    }

    @Test(arguments: [
        (#"{"a":1,"a":2}"#, #"{"a":2}"#),
        (#"{"a":1,"b":2,"a":3}"#, #"{"a":3,"b":2}"#),
        (#"{"a":1,"b":2,"b":3,"a":4,"c":5}"#, #"{"a":4,"b":3,"c":5}"#),
        (#"{"a":1,"\u0061":2}"#, #"{"a":2}"#),
    ])
    func ofEqualKeysTheLastValueAndTheFirstPlaceRemain(text: String, merged: String) throws {
        #expect(try JSONValue(parsing: text).text == merged)
    }

    @Test func keysAreEqualOnlyByteForByte() throws {
        let value = try JSONValue(parsing: #"{"\u00e9":1,"e\u0301":2}"#)
        #expect(value.object?.count == 2)
        #expect(value["\u{E9}"] == 1)
        #expect(value["e\u{301}"] == 2)
    }

    @Test(arguments: [1, 10, 100, 511, 512])
    func allowsNesting(depth: Int) throws {
        let arrays = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(try JSONValue(parsing: arrays).text == arrays)
        let objects = String(repeating: #"{"a":"#, count: depth - 1) + "{}" + String(repeating: "}", count: depth - 1)
        #expect(try JSONValue(parsing: objects).text == objects)
    }

    @Test(arguments: ["[", #"{"a":"#, #"[{"a":"#], [513, 514, 100_000, 1_000_000])
    func refusesDeeperNesting(opening: String, count: Int) {
        let text = String(repeating: opening, count: count)
        let levels = opening.hasPrefix("[{") ? 2 : 1
        #expect {
            try JSONValue(parsing: text)
        } throws: {
            let error = $0 as? JSONSyntaxError
            return error?.reason == "nested deeper than 512 levels"
                && error?.offset == 512 / levels * opening.utf8.count
        }
    }
}
