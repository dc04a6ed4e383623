import JSON
import Testing

@Suite struct DocumentTests {
    @Test func textFromOutsideIsKeptAsItCame() throws {
        let document = try JSONDocument(parsing: #"{ "a" : 1.0 }"#)
        #expect(document.text == #"{ "a" : 1.0 }"#)
        #expect(try document.value()["a"]?.number?.text == "1.0")
        #expect(document.byteCount == 13)
        #expect(document.description == document.text)
    }

    @Test func textFromOutsideIsChecked() {
        #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: "{") }
    }

    @Test func trustedTextIsCheckedOnlyWhenItIsRead() throws {
        let document = JSONDocument(trusted: "[1,")
        #expect(document.text == "[1,")
        for _ in 0..<2 {
            let error = #expect(throws: JSONSyntaxError.self) { try document.value() }
            #expect(error?.offset == 3)
        }
        #expect(try JSONDocument(trusted: "[1]").value() == [1])
    }

    @Test func aComputedValueIsWrittenCompactly() throws {
        let document = JSONDocument(["주문": [1, 2]])
        #expect(document.text == #"{"주문":[1,2]}"#)
        #expect(document.byteCount == 16)
        #expect(try document.value() == ["주문": [1, 2]])
    }

    @Test func equalityIsThatOfTheText() throws {
        #expect(JSONDocument([1]) == JSONDocument(trusted: "[1]"))
        #expect(try JSONDocument([1]) != JSONDocument(parsing: "[ 1 ]"))
    }

    @Test func manyTasksMayReadIt() async throws {
        let text = "[" + String(repeating: "{\"a\":1},", count: 200) + "null]"
        let document = JSONDocument(trusted: text)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<16 { group.addTask { try document.value().text == document.text } }
            for try await isEqual in group { #expect(isEqual) }
        }
    }
}
