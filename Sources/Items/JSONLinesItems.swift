import JSON

/// The values of a file with one JSON value per line; empty lines don't count.
package struct JSONLinesItems: ItemParser {
    private let maximumItemBytes: Int
    private var line: [UInt8] = []
    private var number = 1

    package init(maximumItemBytes: Int) {
        self.maximumItemBytes = maximumItemBytes
    }

    package mutating func feed(_ bytes: some Collection<UInt8>, into items: inout [ParsedItem]) throws(ItemError) {
        for byte in bytes {
            guard byte != UInt8(ascii: "\n") else {
                try endLine(into: &items)
                continue
            }
            guard line.count < maximumItemBytes else {
                throw ItemError("Line \(number) has more than \(maximumItemBytes) bytes.")
            }
            line.append(byte)
        }
    }

    package mutating func finish(into items: inout [ParsedItem]) throws(ItemError) {
        try endLine(into: &items)
    }

    private mutating func endLine(into items: inout [ParsedItem]) throws(ItemError) {
        defer {
            line.removeAll(keepingCapacity: true)
            number += 1
        }
        if number == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        guard line.contains(where: { ![0x20, 0x09, 0x0D].contains($0) }) else { return }
        do throws(JSONSyntaxError) {
            items.append(ParsedItem(value: JSONDocument(try JSONValue(parsing: line))))
        } catch {
            throw ItemError("Line \(number) is not JSON: \(error)")
        }
    }
}
