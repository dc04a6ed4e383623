/// Makes Swift values of JSON values, as Foundation's `JSONDecoder` makes them of text.
///
/// Numbers convert by value and never lose anything unsaid: `1.0` is an Int, `1.5` and `1e300` are an error. Types with
/// a `Decodable` conformance of their own (`UUID`, `Date`) are decoded by just that. ``JSONValue`` can be asked for at any
/// depth and comes through untouched.
public struct JSONValueDecoder: Sendable {
    /// What the types being decoded find in their decoder's `userInfo`.
    public var userInfo: [CodingUserInfoKey: any Sendable] = [:]

    /// A decoder.
    public init() {}

    /// Decodes one value.
    ///
    /// - Throws: `DecodingError` where the value does not fit the type (``describe(_:)`` makes a sentence of it), and
    ///   whatever the type's own `init(from:)` throws.
    public func decode<T: Decodable>(_ type: T.Type, from value: JSONValue) throws -> T {
        if T.self == JSONValue.self, let value = value as? T { return value }
        return try T(from: ValueDecoder(value, at: nil, depth: 1, userInfo: userInfo))
    }

    /// A sentence for a person: `at order.items[2].quantity: expected Int, found string "three"`.
    public static func describe(_ error: any Error) -> String { CodingErrorDescription.text(of: error) }
}
