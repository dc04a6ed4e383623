/// Encodes the elements of an array.
struct ArrayEncodingContainer: UnkeyedEncodingContainer {
    private let encoder: ValueEncoder

    init(in encoder: ValueEncoder) {
        self.encoder = encoder
    }

    var codingPath: [any CodingKey] { encoder.codingPath }

    var count: Int { encoder.node.count }

    func encodeNil() { append(nil) }

    func encode(_ value: Bool) { append(.bool(value)) }

    func encode(_ value: String) { append(.string(value)) }

    func encode<T: FixedWidthInteger & Encodable>(_ value: T) { append(.number(JSONNumber(value))) }

    // The standard library's defaults for these two, which throw, would be preferred to the generic function.
    func encode(_ value: Int128) { append(.number(JSONNumber(value))) }

    func encode(_ value: UInt128) { append(.number(JSONNumber(value))) }

    func encode<T: JSONFloat>(_ value: T) throws { append(try encoder.number(value, at: nextKey)) }

    func encode<T: Encodable>(_ value: T) throws { append(try encoder.encode(value, at: nextKey)) }

    func nestedContainer<NestedKey>(keyedBy type: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
        nextChild().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { nextChild().unkeyedContainer() }

    func superEncoder() -> any Encoder { nextChild() }

    private var nextKey: PlainCodingKey { .index(count) }

    private func append(_ value: JSONValue) { encoder.node.append(.value(value)) }

    private func nextChild() -> ValueEncoder {
        let child = encoder.child(at: nextKey)
        encoder.node.append(.node(child.node))
        return child
    }
}
