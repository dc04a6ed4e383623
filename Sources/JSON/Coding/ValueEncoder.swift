/// Encodes one value; as a single value container of itself, without further ado.
final class ValueEncoder: Encoder {
    let node: EncodingNode
    let userInfo: [CodingUserInfoKey: Any]
    private let depth: Int

    convenience init(at path: CodingPath?, depth: Int, userInfo: [CodingUserInfoKey: Any]) {
        self.init(EncodingNode(at: path), depth: depth, userInfo: userInfo)
    }

    private init(_ node: EncodingNode, depth: Int, userInfo: [CodingUserInfoKey: Any]) {
        self.node = node
        self.depth = depth
        self.userInfo = userInfo
    }

    var codingPath: [any CodingKey] { node.codingPath }

    func codingPath(with key: (any CodingKey)?) -> [any CodingKey] {
        key.map { codingPath + [$0] } ?? codingPath
    }

    func container<Key>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        node.becomeObject()
        return KeyedEncodingContainer(ObjectEncodingContainer(in: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.becomeArray()
        return ArrayEncodingContainer(in: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    /// An encoder for a value below this one.
    func child(at key: any CodingKey) -> ValueEncoder {
        ValueEncoder(EncodingNode(at: CodingPath(key, in: node.path)), depth: depth + 1, userInfo: userInfo)
    }

    /// Lets a value below this one encode itself, or this one's only content if there is no key.
    func encode<T: Encodable>(_ value: T, at key: (any CodingKey)?) throws -> JSONValue {
        if T.self == JSONValue.self, let value = value as? JSONValue { return value }
        guard depth < JSONParser.maximumDepth else {
            let reason = "nested deeper than \(JSONParser.maximumDepth) levels; a value must not contain itself"
            throw EncodingError.invalidValue(
                value,
                .init(codingPath: codingPath(with: key), debugDescription: reason)
            )
        }
        let encoder = ValueEncoder(at: CodingPath.path(node.path, to: key), depth: depth + 1, userInfo: userInfo)
        try value.encode(to: encoder)
        return try encoder.node.finish() ?? [:]
    }

    func number<T: JSONFloat>(
        _ value: T,
        at key: (any CodingKey)?
    ) throws(EncodingError) -> JSONValue {
        guard let number = value.jsonNumber else {
            throw .invalidValue(
                value,
                .init(codingPath: codingPath(with: key), debugDescription: "\(value) is not a JSON number")
            )
        }
        return .number(number)
    }
}

extension ValueEncoder: SingleValueEncodingContainer {
    func encodeNil() { node.become(nil) }

    func encode(_ value: Bool) { node.become(.bool(value)) }

    func encode(_ value: String) { node.become(.string(value)) }

    func encode<T: FixedWidthInteger & Encodable>(_ value: T) { node.become(.number(JSONNumber(value))) }

    // The standard library's defaults for these two, which throw, would be preferred to the generic function.
    func encode(_ value: Int128) { node.become(.number(JSONNumber(value))) }

    func encode(_ value: UInt128) { node.become(.number(JSONNumber(value))) }

    func encode<T: JSONFloat>(_ value: T) throws { node.become(try number(value, at: nil)) }

    func encode<T: Encodable>(_ value: T) throws { node.become(try encode(value, at: nil)) }
}
