import Items
import JSON
import Testing

struct JSONItemsTests {
    private static func json(_ text: String, at pointer: [String] = [], pieces: Int = .max) throws -> [String] {
        try ItemsTests.items(text, JSONItems(pointer: pointer, maximumItemBytes: 50), pieces: pieces)
    }

    @Test(
        "items are cut out of what is around them",
        arguments: [
            (
                "[1, \"a,]\" ,{\"x\": [1, {}]}, [ ], null,-1.5e3]", [],
                ["1", "\"a,]\"", #"{"x":[1,{}]}"#, "[]", "null", "-1.5e3"]
            ),
            (" [ ] and the rest is not read", [], []),
            ("\u{FEFF}[true]", [], ["true"]),
            (#"["\"", "\\", "\\\""]"#, [], [#""\"""#, #""\\""#, #""\\\"""#]),
            (#"{"skip": {"items": [9]}, "items": [1,2], "items": [3]}"#, ["items"], ["1", "2"]),
            (#"{"a": {"x": "}", "b": [5]}}"#, ["a", "b"], ["5"]),
            (#"{"a": [[0], [1, 2]]}"#, ["a", "1"], ["1", "2"]),
            (#"{"a": {"k": 1, "l": {"m": 2}}}"#, ["a"], ["k=1", #"l={"m":2}"#]),
            (#"{"é": [1]}"#, ["é"], ["1"]),
            (#"{"a/b": [1]}"#, ["a/b"], ["1"]),
        ] as [(String, [String], [String])]
    )
    func cuts(text: String, pointer: [String], expected: [String]) throws {
        for pieces in [1, 2, 7, 1000] { #expect(try Self.json(text, at: pointer, pieces: pieces) == expected) }
    }

    @Test(
        "what is wrong is said",
        arguments: [
            (#"{"a": 1}"#, [], "Attempting to map over non-iterable node."),
            ("12", [], "Attempting to map over non-iterable node."),
            (#"{"a": "text"}"#, ["a"], "Attempting to map over non-iterable node."),
            (#"{"a": 1}"#, ["b"], "The ItemsPointer leads nowhere: there is no 'b'."),
            ("[[1]]", ["5"], "The ItemsPointer leads nowhere: there is no '5'."),
            ("", [], "The JSON file ends too early (after 0 bytes)."),
            ("[1, 2", [], "The JSON file ends too early (after 5 bytes)."),
            ("[1, oops]", [], "The file is not JSON: unexpected byte 111 at offset 4."),
            ("[1 2]", [], "The file is not JSON: unexpected byte 50 at offset 3."),
            (
                "[\"\(String(repeating: "x", count: 60))\"]", [],
                "An item of the JSON file has more than 50 bytes (at byte 51)."
            ),
        ] as [(String, [String], String)]
    )
    func faults(text: String, pointer: [String], message: String) {
        #expect(throws: ItemError(message)) { try Self.json(text, at: pointer) }
        #expect(throws: ItemError(message)) { try Self.json(text, at: pointer, pieces: 1) }
    }

    @Test("brackets that don't match, numbers that are none and deep nesting end in an error")
    func hostile() {
        for text in ["[{]}", "[01]", "[tru]", "[\"\u{1}\"]", "[\(String(repeating: "[", count: 40))]"] {
            #expect(throws: ItemError.self) { try Self.json(text) }
        }
    }

    @Test("lines are values")
    func lines() throws {
        let parser = JSONLinesItems(maximumItemBytes: 20)
        for pieces in [1, 5, 1000] {
            let found = try ItemsTests.items("{\"a\": 1}\r\n\n  \n[2]\n3", parser, pieces: pieces)
            #expect(found == [#"{"a":1}"#, "[2]", "3"])
        }
        #expect(throws: ItemError("Line 2 has more than 20 bytes.")) {
            try ItemsTests.items("1\n\"\(String(repeating: "x", count: 30))\"", parser)
        }
        let error = #expect(throws: ItemError.self) { try ItemsTests.items("1\n2\n{", parser) }
        #expect(error?.description.hasPrefix("Line 3 is not JSON: ") == true)
    }
}
