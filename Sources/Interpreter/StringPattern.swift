/// The pattern of `StringMatches`: `*` stands for any run of characters, `\*` and `\\` for themselves.
struct StringPattern {
    private enum Element: Equatable {
        case byte(UInt8)
        case anything
    }

    private var elements: [Element] = []

    init(_ pattern: String) {
        var isEscaped = false
        for byte in pattern.utf8 {
            switch byte {
            case UInt8(ascii: "\\") where !isEscaped:
                isEscaped = true
                continue
            case UInt8(ascii: "*") where !isEscaped:
                if elements.last != .anything { elements.append(.anything) }
            default:
                // A backslash before any other character is an ordinary one.
                if isEscaped, byte != UInt8(ascii: "*"), byte != UInt8(ascii: "\\") {
                    elements.append(.byte(UInt8(ascii: "\\")))
                }
                elements.append(.byte(byte))
            }
            isEscaped = false
        }
        if isEscaped { elements.append(.byte(UInt8(ascii: "\\"))) }
    }

    /// Whether the whole text fits. A mismatch after a `*` only ever moves that last `*` on, so the time is bounded by
    /// the product of the two lengths.
    func matches(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var (place, element) = (0, 0)
        var retry: (place: Int, element: Int)?
        while place < bytes.count {
            if element < elements.count, elements[element] == .anything {
                retry = (place, element + 1)
                element += 1
            } else if element < elements.count, elements[element] == .byte(bytes[place]) {
                place += 1
                element += 1
            } else if let last = retry {
                retry = (last.place + 1, last.element)
                (place, element) = (last.place + 1, last.element)
            } else {
                return false
            }
        }
        return elements[element...].allSatisfy { $0 == .anything }
    }
}
