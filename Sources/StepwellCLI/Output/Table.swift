import StatesLanguage

/// Rows of text in columns that line up, whatever script they are written in.
struct Table {
    struct Cell: ExpressibleByStringInterpolation {
        var text: String
        var tone: Style.Tone?

        init(_ text: String, _ tone: Style.Tone? = nil) {
            self.text = text.printable
            self.tone = tone
        }

        init(stringLiteral value: String) { self.init(value) }
    }

    private let header: [String]
    private var rows: [[Cell]] = []
    /// Of the columns, from the left; the last one's says nothing.
    var minimumWidths: [Int] = []

    init(_ header: String...) {
        self.header = header
    }

    mutating func add(_ cells: Cell...) {
        add(cells)
    }

    mutating func add(_ cells: [Cell]) {
        rows.append(cells)
    }

    private var lines: [[Cell]] { (header.isEmpty ? [] : [header.map { Cell($0, .faint) }]) + rows }

    /// How wide the columns are.
    var widths: [Int] {
        let all = lines
        return (0..<(all.map(\.count).max() ?? 0))
            .map { column in
                let minimum = column < minimumWidths.count ? minimumWidths[column] : 0
                return all.map { column < $0.count ? $0[column].text.displayWidth : 0 }.reduce(minimum, max)
            }
    }

    /// The lines of the table. On a terminal of `width` columns the last column is cut where it would wrap.
    func lines(width: Int?, style: Style) -> [String] {
        let all = lines
        let widths = widths
        let columns = widths.count
        let fixed = widths.dropLast().reduce(0) { $0 + $1 + 2 }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let isLast = column == columns - 1
                let text = isLast ? cell.text.cut(toWidth: width.map { max(8, $0 - fixed) } ?? .max) : cell.text
                line += cell.tone.map { style($0, text) } ?? text
                if column < row.count - 1 {
                    line += String(repeating: " ", count: widths[column] - text.displayWidth + 2)
                }
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    func show() {
        for line in lines(width: Console.width, style: .output) { Console.show(line) }
    }
}
