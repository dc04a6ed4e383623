/// A string compared byte by byte.
///
/// Swift's `==` takes canonically equivalent spellings for the same (`é` as one scalar or as two); to JSON they are
/// different strings.
@usableFromInline
struct ExactKey: Sendable, Hashable {
    let string: String

    init(_ string: String) { self.string = string }

    @usableFromInline
    static func == (left: ExactKey, right: ExactKey) -> Bool {
        left.string.hasSameBytes(as: right.string)
    }

    @usableFromInline
    func hash(into hasher: inout Hasher) {
        var string = string
        string.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether both are the same sequence of Unicode scalars.
    func hasSameBytes(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        let isEqual = utf8.withContiguousStorageIfAvailable { left in
            other.utf8.withContiguousStorageIfAvailable { right in left.elementsEqual(right) }
        }
        return (isEqual ?? nil) ?? utf8.elementsEqual(other.utf8)
    }
}
