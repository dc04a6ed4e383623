/// A number exactly as it was written.
///
/// Whole numbers that fit are held as integers; everything else (`1.0`, `1e3`, `-0`, thirty digits) keeps its text.
/// `==` compares the text: `1` and `1.0` differ.
public struct JSONNumber: Sendable, Hashable {
    @usableFromInline
    enum Storage: Sendable, Hashable {
        case integer(Int64)
        /// A JSON number that is not the plain spelling of an Int64.
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

    /// A whole number of any size.
    public init(_ value: some BinaryInteger) {
        storage = Int64(exactly: value).map(Storage.integer) ?? .text(String(value))
    }

    /// A floating-point number in the shortest text that reads back the same, arranged as JavaScript does it: `1` for
    /// `1.0`, `0.00001`, `1e+21`. Zero keeps its sign.
    ///
    /// Nil for an infinity or NaN, which JSON can't say.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        if let integer = Int64(exactly: value), integer != 0, integer.magnitude < 1 << 53 {
            self.init(integer)
        } else {
            self.init(arranging: value.description)
        }
    }

    /// A floating-point number in the shortest text that reads back the same as a Float, otherwise like a Double.
    public init?(_ value: Float) {
        guard value.isFinite else { return nil }
        self.init(arranging: value.description)
    }

    /// The shortest digits of a finite number, as Swift finds them and JavaScript arranges them.
    private init(arranging description: String) {
        let text = DecimalDigits(description).javaScriptText
        if text != "-0", let integer = Int64(text) {
            storage = .integer(integer)
        } else {
            storage = .text(text)
        }
    }

    /// Text that is already known to be a JSON number and not the plain spelling of an Int64.
    init(uncheckedText text: String) { storage = .text(text) }

    /// The number as JSON text, digit for digit as it was read.
    public var text: String {
        switch storage {
        case .integer(let value): String(value)
        case .text(let text): text
        }
    }

    /// The nearest double; infinite where the text is beyond its range.
    public var double: Double {
        switch storage {
        case .integer(let value): Double(value)
        case .text(let text): Double(text) ?? .nan
        }
    }

    /// The value as an Int64 when it is a whole number in range, whatever its spelling (`1.0` and `1e2` are whole). It
    /// is computed from the digits, so nothing is rounded.
    public var integer: Int64? { exactly(Int64.self) }

    /// The value as an integer of some type when it is a whole number in that type's range, whatever its spelling.
    public func exactly<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer? {
        switch storage {
        case .integer(let value): Integer(exactly: value)
        case .text(let text): DecimalDigits(text).exactly(type)
        }
    }

    /// Whether the text has neither fraction nor exponent.
    public var isWrittenAsInteger: Bool {
        switch storage {
        case .integer: true
        case .text(let text): !text.utf8.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
        }
    }
}

extension JSONNumber: CustomStringConvertible {
    /// The text.
    public var description: String { text }
}
