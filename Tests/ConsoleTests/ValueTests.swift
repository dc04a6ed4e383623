import JSON
import Testing

@testable import Console

@Suite("Values on pages")
struct ValueTests {
    private static func changes(_ old: String, _ new: String) -> ValueChanges {
        ValueChanges(from: (name: "a", text: old), to: (name: "b", text: new), choices: [], span: 1)
    }

    @Test("what has changed between two steps is listed by its place")
    func changes() {
        let changes = Self.changes(
            #"{"id": 1, "items": ["tea", "cup"], "old": true, "same": {"x": 1e3}}"#,
            #"{"items": ["tea", "pot", 3], "id": 1, "same": {"x": 1e3}, "new/er": null}"#
        )
        #expect(changes.rows.map(\.path) == ["/items/1", "/items/2", "/old", "/new~1er"])
        #expect(changes.rows.map(\.tone) == ["changed", "added", "removed", "added"])
        #expect(changes.rows.map(\.before) == [#""cup""#, nil, "true", nil])
        #expect(changes.rows.map(\.after) == [#""pot""#, "3", nil, "null"])
        #expect(!changes.areEqual && !changes.isCut)
    }

    @Test("values with very many changes, or very large ones, cost a page little")
    func bounds() {
        let many = "[" + (0..<5000).map(String.init).joined(separator: ",") + "]"
        let cut = Self.changes("[]", many)
        #expect(cut.isCut)
        #expect(cut.rows.count == 40)
        let (name, value) = (String(repeating: "<", count: 5000), String(repeating: "&", count: 5000))
        let wide = Self.changes("{}", #"{"\#(name)": "\#(value)"}"#)
        #expect(wide.rows.allSatisfy { $0.path.utf8.count <= 100 && ($0.after?.utf8.count ?? 0) <= 60 })
        let large = Self.changes("1", "\"\(String(repeating: "x", count: 2 << 20))\"")
        #expect(large.areTooLarge)
        #expect(Self.changes("{}", "{}").areEqual)
    }

    @Test("a text is found in names and in values, wherever it stands")
    func search() throws {
        let text = """
            {"Order": {"id": "o-7"}, "lines": [{"sku": "order tea"}, {"sku": "cup"}], "order_count": 12, "x": null}
            """
        let search = try #require(ValueSearch("ORDER", in: [("Input", text), ("Broken", "{")]))
        #expect(search.hits.map(\.path) == ["/Order", "/lines/0/sku", "/order_count"])
        #expect(search.hits.map(\.text) == [#"{"id":"o-7"}"#, #""order tea""#, "12"])
        #expect(!search.isVain)
        #expect(ValueSearch("nowhere", in: [("Input", text)])?.isVain == true)
        #expect(ValueSearch(nil, in: [("Input", text)]) == nil)
        let many = "[" + String(repeating: "7,", count: 500) + "7]"
        let cut = try #require(ValueSearch("7", in: [("Input", many)]))
        #expect(cut.isCut)
        #expect(cut.hits.count == 50)
    }

    @Test(
        "a text is cut by what it takes in HTML, between its characters",
        arguments: [
            ("abc", 100, "abc", false), ("<<<<", 8, "<<", true), ("\"\"", 11, "\"", true), ("\"\"", 12, "\"\"", false),
            ("日本語", 7, "日本", true), ("&&", 4, "", true), ("", 0, "", false),
        ]
    )
    func cut(text: String, bytes: Int, shown: String, isCut: Bool) {
        let (prefix, wasCut) = EscapedHTML.prefix(of: text, bytes: bytes)
        #expect(prefix == shown)
        #expect(wasCut == isCut)
        #expect(EscapedHTML().escapeText(prefix).utf8.count <= bytes)
    }

    @Test("every text is one word for a shell")
    func quoting() {
        #expect(ShellCommand.quoted("Orders:o-1") == "Orders:o-1")
        #expect(ShellCommand.quoted("a b; rm -rf $HOME") == "'a b; rm -rf $HOME'")
        #expect(ShellCommand.quoted("it's") == #"'it'\''s'"#)
        #expect(Array(ShellCommand.quoted("'\u{301}; id").utf8) == Array("''\\''\u{301}; id'".utf8))
        #expect(ShellCommand.quoted("--force") == "'--force'")
        #expect(ShellCommand.quoted("") == "''")
        #expect(ShellCommand.quoted("e\u{301}`id`") == "'e\u{301}`id`'")
    }
}
