package import JSON

extension JSONValue {
    /// The deepest nesting that the parser accepts, and so the deepest that may be made.
    package static let depthLimit = 512

    /// Whether the value, written as JSON, surely stays within a number of bytes and ``depthLimit`` levels. It looks
    /// no further than it must, so it is safe and fast on values that share parts and would explode when written.
    /// (Escapes in strings are not counted: the text may be larger by a factor of six at most.)
    package func isWritable(bytes limit: Int) -> Bool {
        size(atMost: limit) != nil
    }

    /// The approximate size of the value as JSON in bytes; nil when it is larger than the limit or deeper than
    /// ``depthLimit``.
    ///
    /// - Parameter depth: The level on which the value is going to stand.
    func size(atMost limit: Int, depth: Int = 1) -> Int? {
        var bytes = 0
        return measure(&bytes, limit: limit, depth: depth) ? bytes : nil
    }

    private func measure(_ bytes: inout Int, limit: Int, depth: Int) -> Bool {
        switch self {
        case .null, .bool: bytes += 4
        case .number(let number): bytes += number.text.utf8.count
        case .string(let string): bytes += string.utf8.count + 2
        case .array(let elements):
            guard depth <= Self.depthLimit else { return false }
            bytes += elements.count + 1
            for element in elements {
                guard element.measure(&bytes, limit: limit, depth: depth + 1) else { return false }
            }
        case .object(let members):
            guard depth <= Self.depthLimit else { return false }
            bytes += members.count + 1
            for member in members {
                bytes += member.key.utf8.count + 3
                guard member.value.measure(&bytes, limit: limit, depth: depth + 1) else { return false }
            }
        }
        return bytes <= limit
    }
}
