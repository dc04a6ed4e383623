/// Finds and removes the spacing of a JSON text without parsing it. What stands inside strings is not spacing.
enum JSONSpacing {
    static func isPresent(in text: String.UTF8View) -> Bool {
        var scanner = Scanner()
        return text.contains { scanner.isSpacing($0) }
    }

    static func removed(from text: String.UTF8View) -> String {
        var scanner = Scanner()
        return String(decoding: text.filter { !scanner.isSpacing($0) }, as: UTF8.self)
    }

    private struct Scanner {
        private var isInString = false
        private var isEscaped = false

        mutating func isSpacing(_ byte: UInt8) -> Bool {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                return false
            }
            if byte == UInt8(ascii: "\"") { isInString = true }
            return byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
        }
    }
}
