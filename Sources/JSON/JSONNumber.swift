/// A number exactly as it was written.
///
/// Whole numbers that fit are held as integers; everything else (`1.0`, `1e3`, `-0`, thirty digits) keeps its text.
public struct JSONNumber: Sendable, Hashable {
    @usableFromInline
    enum Storage: Sendable, Hashable {
        case integer(Int64)
        case text(String)
    }

    @usableFromInline
    let storage: Storage

    /// A whole number.
    @inlinable
    public init(_ value: Int64) { storage = .integer(value) }

    /// A whole number.
    @inlinable
    public init(_ value: Int) { storage = .integer(Int64(value)) }

    /// A floating-point number in its shortest text that reads back the same (`1.0` is written `1`, as JavaScript
    /// does); nil for an infinity or NaN, which JSON can't say.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        if value == value.rounded(.towardZero), abs(value) < 9_007_199_254_740_992,
            !(value == 0 && value.sign == .minus)
        {
            storage = .integer(Int64(value))
        } else {
            storage = .text("\(value)")
        }
    }

    /// Text that is already known to be a JSON number and not a plain Int64: only the parser may call this.
    @usableFromInline
    init(uncheckedText text: String) { storage = .text(text) }

    /// The number as JSON text, digit for digit as it was read.
    public var text: String {
        switch storage {
        case .integer(let value): return String(value)
        case .text(let text): return text
        }
    }

    /// The nearest double; infinite where the text is beyond its range.
    public var double: Double {
        switch storage {
        case .integer(let value): return Double(value)
        case .text(let text): return Double(text) ?? .nan
        }
    }

    /// The value as an Int64 when it is a whole number in range, whatever its spelling (`1.0` and `1e2` are whole).
    public var integer: Int64? {
        switch storage {
        case .integer(let value): return value
        case .text: return Int64(exactly: double)
        }
    }

    /// Whether the text has neither fraction nor exponent.
    public var isWrittenAsInteger: Bool {
        switch storage {
        case .integer: return true
        case .text(let text): return !text.utf8.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
        }
    }
}
