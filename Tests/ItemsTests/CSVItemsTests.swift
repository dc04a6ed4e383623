import Items
import JSON
import StatesLanguage
import Testing

struct CSVItemsTests {
    private static func csv(
        _ text: String,
        headers: [String]? = nil,
        delimiter: Character = ",",
        pieces: Int = .max,
        limit: Int = 1000
    ) throws -> [String] {
        let format = CSVFormat(headers: headers, delimiter: delimiter.asciiValue ?? 0)
        return try items(text, CSVItems(format, maximumItemBytes: limit), pieces: pieces)
    }

    @Test(
        "rows are objects with the headers as keys",
        arguments: [
            ("a,b\n1,2\n3,4\n", [#"{"a":"1","b":"2"}"#, #"{"a":"3","b":"4"}"#]),
            ("a,b\r\n1,2\r\n\r\n3,4", [#"{"a":"1","b":"2"}"#, #"{"a":"3","b":"4"}"#]),
            ("a,b\r1,2\r", [#"{"a":"1","b":"2"}"#]),
            ("a,b\n1\n,2,3\n", [#"{"a":"1","b":""}"#, #"{"a":"","b":"2"}"#]),
            ("a,b\n\"x,\"\"y\"\"\nz\",\"\"\n", [#"{"a":"x,\"y\"\nz","b":""}"#]),
            ("a,b\n\"x\"tail,y\"z\n", [#"{"a":"xtail","b":"y\"z"}"#]),
            ("a,b\n  ,\t\n", [#"{"a":"  ","b":"\t"}"#]),
            ("\u{FEFF}a\n1\n", [#"{"a":"1"}"#]),
            ("a\n\"\"\n", [#"{"a":""}"#]),
            ("a\n", []),
            ("", []),
            ("\n\n\n", []),
        ]
    )
    func rows(text: String, expected: [String]) throws {
        for pieces in [1, 2, 3, 1000] { #expect(try Self.csv(text, pieces: pieces) == expected) }
    }

    @Test("headers can be given, and other delimiters be used")
    func given() throws {
        #expect(try Self.csv("1|2\n", headers: ["x", "y"], delimiter: "|") == [#"{"x":"1","y":"2"}"#])
        #expect(try Self.csv("1,5;2\n", headers: ["x", "y"], delimiter: ";") == [#"{"x":"1,5","y":"2"}"#])
    }

    @Test(
        "what is wrong is said",
        arguments: [
            ("a,a\n1,2\n", "CSV headers cannot contain duplicates."),
            ("a\n\"open\n", "The CSV file ends inside a quoted field (line 3)."),
            ("a\n\(String(repeating: "x", count: 51))\n", "A record of the CSV file has more than 50 bytes (line 2)."),
            (
                "a\n\(String(repeating: ",", count: 10_000))\n",
                "A record of the CSV file has more than 50 bytes (line 2)."
            ),
        ]
    )
    func faults(text: String, message: String) {
        #expect(throws: ItemError(message)) { try Self.csv(text, limit: 50) }
        #expect(throws: ItemError(message)) { try Self.csv(text, pieces: 1, limit: 50) }
    }

    @Test("text must be UTF-8")
    func encoding() {
        #expect(throws: ItemError("The CSV file is not UTF-8 (line 2).")) {
            try items(Array("a\n".utf8) + [0xFF, 0x0A], CSVItems(CSVFormat(), maximumItemBytes: 100))
        }
    }
}
