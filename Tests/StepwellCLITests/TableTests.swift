import Testing

@testable import StepwellCLI

@Suite("Tables and values on a terminal")
struct TableTests {
    private func lines(width: Int?, _ rows: [(String, String)]) -> [String] {
        var table = Table("NAME", "VALUE")
        for row in rows { table.add(Table.Cell(row.0), Table.Cell(row.1)) }
        return table.lines(width: width, style: .output)
    }

    @Test func linesUpColumnsOfWideCharacters() {
        #expect(lines(width: nil, [("주문", "a"), ("order", "b")]) == ["NAME   VALUE", "주문   a", "order  b"])
    }

    @Test func cutsTheLastColumnToTheTerminal() {
        #expect(lines(width: 18, [("a", "0123456789012345")]) == ["NAME  VALUE", "a     01234567890…"])
        #expect(lines(width: 16, [("a", "주문이 처리되었습니다")])[1] == "a     주문이 처…")
        #expect(lines(width: nil, [("a", String(repeating: "x", count: 500))])[1].count == 506)
    }

    @Test func spellsOutWhatWouldDriveTheTerminal() {
        let row = lines(width: nil, [("a\nb", "\u{1B}[2J\u{202E}evil")])[1]
        #expect(row == #"a\nb  \u{1B}[2J\u{202E}evil"#)
    }

    @Test func escapesInsideJSONStayJSON() {
        #expect("{\"a\":\"\u{9B}31m\u{7F}\"}".escapedAsJSON == #"{"a":"\u009b31m\u007f"}"#)
        #expect("[\n  \"ok\"\n]".escapedAsJSON == "[\n  \"ok\"\n]")
    }
}
