/// Decodes the members of an object.
struct ObjectDecodingContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let object: JSONObject
    private let decoder: ValueDecoder

    init(_ object: JSONObject, in decoder: ValueDecoder) {
        self.object = object
        self.decoder = decoder
    }

    var codingPath: [any CodingKey] { decoder.codingPath }

    var allKeys: [Key] { object.lazy.compactMap { Key(stringValue: $0.key) } }

    func contains(_ key: Key) -> Bool { object[key.stringValue] != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try value(for: key).isNull }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
        try value(for: key).asBool(at: decoder.codingPath(with: key))
    }

    func decode(_ type: String.Type, forKey key: Key) throws -> String {
        try value(for: key).asString(at: decoder.codingPath(with: key))
    }

    func decode<T: FixedWidthInteger & Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try value(for: key).asInteger(type, at: decoder.codingPath(with: key))
    }

    // The standard library's defaults for these two, which throw, would be preferred to the generic function.
    func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 {
        try value(for: key).asInteger(type, at: decoder.codingPath(with: key))
    }

    func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 {
        try value(for: key).asInteger(type, at: decoder.codingPath(with: key))
    }

    func decode<T: JSONFloat>(_ type: T.Type, forKey key: Key) throws -> T {
        try value(for: key).asFloat(type, at: decoder.codingPath(with: key))
    }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try decoder.decode(type, from: value(for: key), at: key)
    }

    func nestedContainer<NestedKey>(
        keyedBy type: NestedKey.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try decoder.child(value(for: key), at: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder.child(value(for: key), at: key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { superDecoder(at: PlainCodingKey.superclass) }

    func superDecoder(forKey key: Key) throws -> any Decoder { superDecoder(at: key) }

    /// A superclass that encoded nothing left no member, so a missing one reads as null.
    private func superDecoder(at key: any CodingKey) -> ValueDecoder {
        decoder.child(object[key.stringValue] ?? .null, at: key)
    }

    private func value(for key: Key) throws(DecodingError) -> JSONValue {
        guard let value = object[key.stringValue] else {
            let name = JSONValue.string(key.stringValue).text
            throw .keyNotFound(key, .init(codingPath: codingPath, debugDescription: "the key \(name) is missing"))
        }
        return value
    }
}
