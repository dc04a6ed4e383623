/// Encodes the members of an object.
struct ObjectEncodingContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    private let encoder: ValueEncoder

    init(in encoder: ValueEncoder) {
        self.encoder = encoder
    }

    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil(forKey key: Key) { append(nil, for: key) }

    func encode(_ value: Bool, forKey key: Key) { append(.bool(value), for: key) }

    func encode(_ value: String, forKey key: Key) { append(.string(value), for: key) }

    func encode<T: FixedWidthInteger & Encodable>(_ value: T, forKey key: Key) {
        append(.number(JSONNumber(value)), for: key)
    }

    // The standard library's defaults for these two, which throw, would be preferred to the generic function.
    func encode(_ value: Int128, forKey key: Key) { append(.number(JSONNumber(value)), for: key) }

    func encode(_ value: UInt128, forKey key: Key) { append(.number(JSONNumber(value)), for: key) }

    func encode<T: JSONFloat>(_ value: T, forKey key: Key) throws {
        append(try encoder.number(value, at: key), for: key)
    }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        append(try encoder.encode(value, at: key), for: key)
    }

    func nestedContainer<NestedKey>(
        keyedBy type: NestedKey.Type,
        forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
        child(at: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        child(at: key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { child(at: PlainCodingKey.superclass) }

    func superEncoder(forKey key: Key) -> any Encoder { child(at: key) }

    private func append(_ value: JSONValue, for key: Key) {
        encoder.node.append(.value(value), for: key.stringValue)
    }

    private func child(at key: any CodingKey) -> ValueEncoder {
        let child = encoder.child(at: key)
        encoder.node.append(.node(child.node), for: key.stringValue)
        return child
    }
}
