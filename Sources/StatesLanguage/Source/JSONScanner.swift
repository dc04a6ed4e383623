import JSON

/// Walks over text that is known to be valid JSON, looking only at where things stand. The parser's depth bound keeps
/// the recursion shallow.
struct JSONScanner {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Members of all objects in a text: its colons outside strings.
    static func memberCount(_ bytes: [UInt8]) -> Int {
        var count = 0
        var inString = false
        var escaped = false
        for byte in bytes {
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
            } else if byte == UInt8(ascii: "\"") {
                inString = true
            } else if byte == UInt8(ascii: ":") {
                count += 1
            }
        }
        return count
    }

    /// Fills in the offsets of a tree of places. Of equal keys the last one counts, as it does for the parser.
    mutating func locate(_ tree: PlaceTree) {
        skipSpace()
        tree.offset = index
        locateBelow(tree)
    }

    /// Finds keys that stand twice in one object.
    mutating func duplicateKeys(limit: Int) -> [(object: Place, key: String, offset: Int)] {
        var found: [(object: Place, key: String, offset: Int)] = []
        var steps: [Place.Step] = []
        skipSpace()
        collectDuplicates(at: &steps, into: &found, limit: limit)
        return found
    }

    private mutating func locateBelow(_ tree: PlaceTree) {
        guard !tree.children.isEmpty else { return skipValue() }
        switch peek() {
        case UInt8(ascii: "{"):
            forEachMember { scanner, keyOffset, keyEnd in
                guard let child = tree.children[.key(scanner.string(keyOffset..<keyEnd))] else {
                    return scanner.skipValue()
                }
                child.offset = keyOffset
                scanner.locateBelow(child)
            }
        case UInt8(ascii: "["):
            forEachElement { scanner, position in
                guard let child = tree.children[.index(position)] else { return scanner.skipValue() }
                child.offset = scanner.index
                scanner.locateBelow(child)
            }
        default: skipValue()
        }
    }

    private mutating func collectDuplicates(
        at steps: inout [Place.Step],
        into found: inout [(object: Place, key: String, offset: Int)],
        limit: Int
    ) {
        switch peek() {
        case UInt8(ascii: "{"):
            var seen: Set<[UInt8]> = []
            forEachMember { scanner, keyOffset, keyEnd in
                let key = scanner.string(keyOffset..<keyEnd)
                if !seen.insert(Array(key.utf8)).inserted, found.count < limit {
                    found.append((Place(steps), key, keyOffset))
                }
                steps.append(.key(key))
                scanner.collectDuplicates(at: &steps, into: &found, limit: limit)
                steps.removeLast()
            }
        case UInt8(ascii: "["):
            forEachElement { scanner, position in
                steps.append(.index(position))
                scanner.collectDuplicates(at: &steps, into: &found, limit: limit)
                steps.removeLast()
            }
        default: skipValue()
        }
    }

    /// Calls `body` with the scanner at each member's value; it must move past it.
    private mutating func forEachMember(_ body: (inout JSONScanner, _ keyOffset: Int, _ keyEnd: Int) -> Void) {
        index += 1
        skipSpace()
        while index < bytes.count, peek() == UInt8(ascii: "\"") {
            let keyOffset = index
            skipString()
            let keyEnd = index
            skipSpace()
            index += 1
            skipSpace()
            body(&self, keyOffset, keyEnd)
            skipSpace()
            if peek() == UInt8(ascii: ",") {
                index += 1
                skipSpace()
            }
        }
        index += 1
    }

    /// Calls `body` with the scanner at each element; it must move past it.
    private mutating func forEachElement(_ body: (inout JSONScanner, _ position: Int) -> Void) {
        index += 1
        skipSpace()
        var position = 0
        while index < bytes.count, peek() != UInt8(ascii: "]") {
            body(&self, position)
            position += 1
            skipSpace()
            if peek() == UInt8(ascii: ",") {
                index += 1
                skipSpace()
            }
        }
        index += 1
    }

    private mutating func skipValue() {
        switch peek() {
        case UInt8(ascii: "\""): skipString()
        case UInt8(ascii: "{"), UInt8(ascii: "["): skipContainer()
        default:
            while index < bytes.count, !Self.endsScalar(bytes[index]) { index += 1 }
        }
    }

    private mutating func skipContainer() {
        var depth = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                skipString()
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            index += 1
            if depth == 0 { return }
        }
    }

    private mutating func skipString() {
        index += 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        index += 1
    }

    private mutating func skipSpace() {
        while index < bytes.count, bytes[index] <= UInt8(ascii: " ") { index += 1 }
    }

    private func peek() -> UInt8 { index < bytes.count ? bytes[index] : 0 }

    /// The text of a string token, quotes included in the range.
    private func string(_ range: Range<Int>) -> String {
        let inner = bytes[range].dropFirst().dropLast()
        guard inner.contains(UInt8(ascii: "\\")) else { return String(decoding: inner, as: UTF8.self) }
        return (try? JSONValue(parsing: Array(bytes[range])))?.string ?? ""
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        byte <= UInt8(ascii: " ") || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }
}
