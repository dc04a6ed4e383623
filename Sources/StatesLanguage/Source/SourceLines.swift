/// Turns offsets into lines and columns.
struct SourceLines {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The positions of offsets, found in one pass over the text.
    func positions(of offsets: [Int]) -> [Int: SourcePosition] {
        var positions: [Int: SourcePosition] = [:]
        var index = 0
        var line = 1
        var column = 1
        for offset in Set(offsets).sorted() {
            while index < min(offset, bytes.count) {
                if bytes[index] == UInt8(ascii: "\n") {
                    line += 1
                    column = 1
                } else if bytes[index] & 0xC0 != 0x80 {
                    column += 1
                }
                index += 1
            }
            positions[offset] = SourcePosition(offset: offset, line: line, column: column)
        }
        return positions
    }
}
