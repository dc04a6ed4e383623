/// Decodes one value; as a single value container of itself, without further ado.
final class ValueDecoder: Decoder {
    let value: JSONValue
    let path: CodingPath?
    let userInfo: [CodingUserInfoKey: Any]
    private let depth: Int

    init(_ value: JSONValue, at path: CodingPath?, depth: Int, userInfo: [CodingUserInfoKey: Any]) {
        self.value = value
        self.path = path
        self.depth = depth
        self.userInfo = userInfo
    }

    var codingPath: [any CodingKey] { CodingPath.keys(of: path) }

    func codingPath(with key: (any CodingKey)?) -> [any CodingKey] {
        key.map { codingPath + [$0] } ?? codingPath
    }

    func container<Key>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(ObjectDecodingContainer(try value.asObject(at: codingPath), in: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        ArrayDecodingContainer(try value.asArray(at: codingPath), in: self)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    /// A decoder for a value below this one.
    func child(_ value: JSONValue, at key: any CodingKey) -> ValueDecoder {
        ValueDecoder(value, at: CodingPath(key, in: path), depth: depth + 1, userInfo: userInfo)
    }

    /// Lets a type decode itself from a value below this one, or from this one if there is no key.
    func decode<T: Decodable>(_ type: T.Type, from value: JSONValue, at key: (any CodingKey)?) throws -> T {
        if T.self == JSONValue.self, let value = value as? T { return value }
        guard depth < JSONParser.maximumDepth else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: codingPath(with: key),
                    debugDescription: "nested deeper than \(JSONParser.maximumDepth) levels"
                )
            )
        }
        let decoder = ValueDecoder(
            value,
            at: CodingPath.path(path, to: key),
            depth: depth + 1,
            userInfo: userInfo
        )
        return try T(from: decoder)
    }
}

extension ValueDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { value.isNull }

    func decode(_ type: Bool.Type) throws -> Bool { try value.asBool(at: codingPath) }

    func decode(_ type: String.Type) throws -> String { try value.asString(at: codingPath) }

    func decode<T: FixedWidthInteger & Decodable>(_ type: T.Type) throws -> T {
        try value.asInteger(type, at: codingPath)
    }

    // The standard library's defaults for these two, which throw, would be preferred to the generic function.
    func decode(_ type: Int128.Type) throws -> Int128 { try value.asInteger(type, at: codingPath) }

    func decode(_ type: UInt128.Type) throws -> UInt128 { try value.asInteger(type, at: codingPath) }

    func decode<T: JSONFloat>(_ type: T.Type) throws -> T { try value.asFloat(type, at: codingPath) }

    func decode<T: Decodable>(_ type: T.Type) throws -> T { try decode(type, from: value, at: nil) }
}
