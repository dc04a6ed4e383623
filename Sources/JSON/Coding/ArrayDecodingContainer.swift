/// Decodes the elements of an array, one after the other. One that could not be decoded stays the current one.
struct ArrayDecodingContainer: UnkeyedDecodingContainer {
    private let array: [JSONValue]
    private let decoder: ValueDecoder
    private(set) var currentIndex = 0

    init(_ array: [JSONValue], in decoder: ValueDecoder) {
        self.array = array
        self.decoder = decoder
    }

    var codingPath: [any CodingKey] { decoder.codingPath }

    var count: Int? { array.count }

    var isAtEnd: Bool { currentIndex >= array.count }

    mutating func decodeNil() throws -> Bool {
        guard try value(for: JSONValue.self).isNull else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool {
        let result = try value(for: type).asBool(at: currentPath)
        currentIndex += 1
        return result
    }

    mutating func decode(_ type: String.Type) throws -> String {
        let result = try value(for: type).asString(at: currentPath)
        currentIndex += 1
        return result
    }

    mutating func decode<T: FixedWidthInteger & Decodable>(_ type: T.Type) throws -> T { try decodeInteger(type) }

    // The standard library's defaults for these two, which throw, would be preferred to the generic function.
    mutating func decode(_ type: Int128.Type) throws -> Int128 { try decodeInteger(type) }

    mutating func decode(_ type: UInt128.Type) throws -> UInt128 { try decodeInteger(type) }

    mutating func decode<T: JSONFloat>(_ type: T.Type) throws -> T {
        let result = try value(for: type).asFloat(type, at: currentPath)
        currentIndex += 1
        return result
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let result = try decoder.decode(type, from: value(for: type), at: currentKey)
        currentIndex += 1
        return result
    }

    mutating func nestedContainer<NestedKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        let container = try decoder.child(value(for: JSONObject.self), at: currentKey).container(keyedBy: type)
        currentIndex += 1
        return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let container = try decoder.child(value(for: [JSONValue].self), at: currentKey).unkeyedContainer()
        currentIndex += 1
        return container
    }

    mutating func superDecoder() throws -> any Decoder {
        let child = try decoder.child(value(for: (any Decoder).self), at: currentKey)
        currentIndex += 1
        return child
    }

    private mutating func decodeInteger<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        let result = try value(for: type).asInteger(type, at: currentPath)
        currentIndex += 1
        return result
    }

    private var currentKey: PlainCodingKey { .index(currentIndex) }

    private var currentPath: [any CodingKey] { decoder.codingPath(with: currentKey) }

    private func value(for type: any Any.Type) throws(DecodingError) -> JSONValue {
        guard currentIndex < array.count else {
            throw .valueNotFound(
                type,
                .init(codingPath: currentPath, debugDescription: "the array has only \(array.count) elements")
            )
        }
        return array[currentIndex]
    }
}
