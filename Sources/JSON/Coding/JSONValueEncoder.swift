/// Makes JSON values of Swift values, as Foundation's `JSONEncoder` makes text of them.
///
/// Members stand in the order in which the type encodes them. Types with an `Encodable` conformance of their own
/// (`UUID`, `Date`) are encoded by just that. A ``JSONValue`` inside a value comes through untouched.
public struct JSONValueEncoder: Sendable {
    /// What the types being encoded find in their encoder's `userInfo`.
    public var userInfo: [CodingUserInfoKey: any Sendable] = [:]

    /// An encoder.
    public init() {}

    /// Encodes one value.
    ///
    /// - Throws: `EncodingError` for a number that JSON can't say (infinity, NaN), for values nested more than 512 levels
    ///   deep, as one that contains itself is, and for a type that encodes nothing or contradicts itself; also whatever
    ///   the type's own `encode(to:)` throws.
    public func encode(_ value: some Encodable) throws -> JSONValue {
        if let value = value as? JSONValue { return value }
        let encoder = ValueEncoder(at: nil, depth: 1, userInfo: userInfo)
        try value.encode(to: encoder)
        guard let result = try encoder.node.finish() else {
            throw EncodingError.invalidValue(
                value,
                .init(codingPath: [], debugDescription: "\(type(of: value)) encoded nothing")
            )
        }
        return result
    }

    /// A sentence for a person: `at order.total: NaN is not a JSON number`.
    public static func describe(_ error: any Error) -> String { CodingErrorDescription.text(of: error) }
}
