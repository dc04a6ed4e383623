package import JSON

extension JSONValue {
    /// Whether two values are the same to States Language: numbers by value (`1` and `1.0` are the same), objects
    /// without regard to the order of members, strings code point by code point.
    package func isSame(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.null, .null): return true
        case (.bool(let left), .bool(let right)): return left == right
        case (.number(let left), .number(let right)): return left.isSame(as: right)
        case (.string(let left), .string(let right)): return left.isIdentical(to: right)
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
        case (.object(let left), .object(let right)):
            return left.count == right.count
                && left.allSatisfy { member in right[member.key].map { member.value.isSame(as: $0) } ?? false }
        default: return false
        }
    }
}

extension JSONNumber {
    /// Negative, zero or positive as this number is less than, the same as or greater than the other: exact for two
    /// whole numbers in the range of Int64, otherwise as doubles.
    package func order(to other: JSONNumber) -> Int {
        if let left = integer, let right = other.integer { return left < right ? -1 : left == right ? 0 : 1 }
        return double < other.double ? -1 : double == other.double ? 0 : 1
    }

    /// Whether both are the same number, whatever their spelling.
    package func isSame(as other: JSONNumber) -> Bool { order(to: other) == 0 }
}

extension String {
    /// Negative, zero or positive by UTF-16 code units, the order in which AWS compares strings.
    package func order(to other: String) -> Int {
        let order = withBytes(of: other) { (left, right) -> Int in
            let shared = min(left.count, right.count)
            guard let place = (0..<shared).first(where: { left[$0] != right[$0] }) else {
                return left.count - right.count
            }
            // Bytes are in the order of code points. Code units are not where a pair of surrogates (four bytes, from
            // 0xF0) meets one of the units above the surrogates (three bytes, from 0xEE).
            let (first, second) = (left[place], right[place])
            let isReversed = max(first, second) >= 0xF0 && (0xEE..<0xF0).contains(min(first, second))
            return (first < second) != isReversed ? -1 : 1
        }
        if let order { return order.signum() }
        if isIdentical(to: other) { return 0 }
        return utf16.lexicographicallyPrecedes(other.utf16) ? -1 : 1
    }

    /// Gives the bytes of both to a function; nil if one of them is not stored as UTF-8.
    private func withBytes<Result>(
        of other: String,
        _ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result? {
        let result = utf8.withContiguousStorageIfAvailable { left in
            other.utf8.withContiguousStorageIfAvailable { right in body(left, right) }
        }
        return result ?? nil
    }

    /// Whether both hold the same code points; `==` also takes different spellings of one character as equal.
    func isIdentical(to other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        return withBytes(of: other) { $0.elementsEqual($1) } ?? utf8.elementsEqual(other.utf8)
    }
}

/// A value that is equal to, and hashes like, every value it ``JSON/JSONValue/isSame(as:)``.
struct SameValue: Hashable {
    let value: JSONValue

    init(_ value: JSONValue) { self.value = value }

    static func == (left: SameValue, right: SameValue) -> Bool { left.value.isSame(as: right.value) }

    func hash(into hasher: inout Hasher) {
        switch value {
        case .null: hasher.combine(0)
        case .bool(let bool): hasher.combine(bool)
        case .number(let number): hasher.combine(number.double)
        case .string(let string): hasher.combine(string)
        case .array(let elements):
            for element in elements { SameValue(element).hash(into: &hasher) }
            hasher.combine(elements.count)
        case .object(let members):
            var sum = 0
            for member in members {
                var own = Hasher()
                own.combine(member.key)
                SameValue(member.value).hash(into: &own)
                sum &+= own.finalize()
            }
            hasher.combine(sum)
        }
    }
}
