import JSON
import Testing

@Suite("Spacing of documents")
struct JSONDocumentSpacingTests {
    @Test(
        "spacing between tokens goes, everything else stays",
        arguments: [
            (" {\n\t\"a b\" : [ 1.0 , \"x \\\" y\" ] }\r\n", "{\"a b\":[1.0,\"x \\\" y\"]}"),
            ("\"a\\\\\"", "\"a\\\\\""),
            ("[ \"\\\\\" , \" \" ]", "[\"\\\\\",\" \"]"),
            ("[\"é  주문\", 1e5]", "[\"é  주문\",1e5]"),
            (" 1 ", "1"),
        ]
    )
    func compact(text: String, expected: String) throws {
        let document = try JSONDocument(parsing: text)
        #expect(document.compactText == expected)
        #expect(document.text == text)
    }
}
