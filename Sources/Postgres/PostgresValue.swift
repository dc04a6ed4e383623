/// A parameter of a statement, with its type.
///
/// Lists go as one array parameter, which SQL takes apart with `unnest`; they are encoded once, when the value is made.
/// Passing `nil` gives an SQL null of that type.
///
/// ```swift
/// Statement("INSERT INTO t SELECT * FROM unnest($1, $2)", [.int8Array([1, 2]), .textArray(["a", nil])])
/// ```
package struct PostgresValue: Sendable, Hashable {
    /// What the server is told that the parameter is.
    package let type: PostgresType
    let content: Content

    enum Content: Sendable, Hashable {
        case null
        case bool(Bool)
        case integer(Int64)
        case float(Double)
        case text(String)
        case uuid(PGUUID)
        case rowID(PGRowID)
        case bytes([UInt8])
    }

    private init(_ type: PostgresType, _ content: Content?) {
        self.type = type
        self.content = content ?? .null
    }
}

extension PostgresValue {
    /// A null whose type the server infers.
    package static let null = PostgresValue(.inferred, .null)

    package static func bool(_ value: Bool?) -> PostgresValue {
        PostgresValue(.bool, value.map { .bool($0) })
    }

    package static func int2(_ value: Int16?) -> PostgresValue {
        PostgresValue(.int2, value.map { .integer(Int64($0)) })
    }

    package static func int4(_ value: Int32?) -> PostgresValue {
        PostgresValue(.int4, value.map { .integer(Int64($0)) })
    }

    package static func int8(_ value: Int64?) -> PostgresValue {
        PostgresValue(.int8, value.map { .integer($0) })
    }

    /// An `int8` from Swift's own integer.
    package static func int(_ value: Int?) -> PostgresValue {
        PostgresValue(.int8, value.map { .integer(Int64($0)) })
    }

    package static func float8(_ value: Double?) -> PostgresValue {
        PostgresValue(.float8, value.map { .float($0) })
    }

    /// Text. The server refuses U+0000 in it.
    package static func text(_ value: String?) -> PostgresValue {
        PostgresValue(.text, value.map { .text($0) })
    }

    /// JSON as its text, which the server checks and keeps as it is.
    package static func json(_ value: String?) -> PostgresValue {
        PostgresValue(.json, value.map { .text($0) })
    }

    package static func uuid(_ value: PGUUID?) -> PostgresValue {
        PostgresValue(.uuid, value.map { .uuid($0) })
    }

    /// PostgreSQL's type `"char"`: a single byte.
    package static func char(_ value: UInt8?) -> PostgresValue {
        PostgresValue(.char, value.map { .bytes([$0]) })
    }

    /// Where a row is.
    package static func tid(_ value: PGRowID?) -> PostgresValue {
        PostgresValue(.tid, value.map { .rowID($0) })
    }

    /// A point in time in microseconds since 1970-01-01T00:00:00Z; the extremes of `Int64` are PostgreSQL's infinities.
    package static func timestamptz(microseconds: Int64?) -> PostgresValue {
        PostgresValue(.timestamptz, microseconds.map { .integer(PostgresTime.encode($0)) })
    }

    package static func bytea(_ value: [UInt8]?) -> PostgresValue {
        PostgresValue(.bytea, value.map { .bytes($0) })
    }
}

extension PostgresValue {
    package static func boolArray(_ values: [Bool]) -> PostgresValue { boolArray(lifting: values.lazy.map(\.self)) }
    package static func boolArray(_ values: [Bool?]) -> PostgresValue { boolArray(lifting: values) }
    private static func boolArray(lifting values: some Collection<Bool?>) -> PostgresValue {
        array(.boolArray, of: .bool, values, size: { _ in 1 }) { $0.append($1 ? 1 : 0) }
    }

    package static func int2Array(_ values: [Int16]) -> PostgresValue { integers(.int2Array, .int2, values) }
    package static func int2Array(_ values: [Int16?]) -> PostgresValue { integers(.int2Array, .int2, values) }
    package static func int4Array(_ values: [Int32]) -> PostgresValue { integers(.int4Array, .int4, values) }
    package static func int4Array(_ values: [Int32?]) -> PostgresValue { integers(.int4Array, .int4, values) }
    package static func int8Array(_ values: [Int64]) -> PostgresValue { integers(.int8Array, .int8, values) }
    package static func int8Array(_ values: [Int64?]) -> PostgresValue { integers(.int8Array, .int8, values) }

    package static func float8Array(_ values: [Double]) -> PostgresValue { floats(values.lazy.map(\.self)) }
    package static func float8Array(_ values: [Double?]) -> PostgresValue { floats(values) }

    package static func textArray(_ values: [String]) -> PostgresValue { texts(.textArray, .text, values) }
    package static func textArray(_ values: [String?]) -> PostgresValue { texts(.textArray, .text, values) }
    package static func jsonArray(_ values: [String]) -> PostgresValue { texts(.jsonArray, .json, values) }
    package static func jsonArray(_ values: [String?]) -> PostgresValue { texts(.jsonArray, .json, values) }

    package static func uuidArray(_ values: [PGUUID]) -> PostgresValue { uuids(values.lazy.map(\.self)) }
    package static func uuidArray(_ values: [PGUUID?]) -> PostgresValue { uuids(values) }

    /// Points in time in microseconds since 1970-01-01T00:00:00Z.
    package static func timestamptzArray(microseconds: [Int64]) -> PostgresValue {
        times(microseconds.lazy.map(\.self))
    }

    /// Points in time in microseconds since 1970-01-01T00:00:00Z.
    package static func timestamptzArray(microseconds: [Int64?]) -> PostgresValue {
        times(microseconds)
    }

    /// Values of PostgreSQL's type `"char"`, a single byte each.
    package static func charArray(_ values: [UInt8]) -> PostgresValue {
        array(.charArray, of: .char, values.lazy.map(Optional.some), size: { _ in 1 }) { $0.append($1) }
    }

    /// Addresses of rows.
    package static func tidArray(_ values: [PGRowID?]) -> PostgresValue {
        array(.tidArray, of: .tid, values, size: { _ in 6 }) { $0.append($1) }
    }

    package static func byteaArray(_ values: [[UInt8]]) -> PostgresValue { blobs(values.lazy.map(\.self)) }
    package static func byteaArray(_ values: [[UInt8]?]) -> PostgresValue { blobs(values) }
}

extension PostgresValue {
    private static func integers<I: FixedWidthInteger>(
        _ type: PostgresType,
        _ element: PostgresType,
        _ values: [I]
    ) -> PostgresValue {
        array(type, of: element, values.lazy.map(Optional.some), size: { _ in MemoryLayout<I>.size }) {
            $0.append(bigEndian: $1)
        }
    }

    private static func integers<I: FixedWidthInteger>(
        _ type: PostgresType,
        _ element: PostgresType,
        _ values: [I?]
    ) -> PostgresValue {
        array(type, of: element, values, size: { _ in MemoryLayout<I>.size }) { $0.append(bigEndian: $1) }
    }

    private static func texts(_ type: PostgresType, _ element: PostgresType, _ values: [String]) -> PostgresValue {
        array(type, of: element, values.lazy.map(Optional.some), size: \.utf8.count) { $0.append(contentsOf: $1.utf8) }
    }

    private static func texts(_ type: PostgresType, _ element: PostgresType, _ values: [String?]) -> PostgresValue {
        array(type, of: element, values, size: \.utf8.count) { $0.append(contentsOf: $1.utf8) }
    }

    private static func floats(_ values: some Collection<Double?>) -> PostgresValue {
        array(.float8Array, of: .float8, values, size: { _ in 8 }) { $0.append(bigEndian: $1.bitPattern) }
    }

    private static func uuids(_ values: some Collection<PGUUID?>) -> PostgresValue {
        array(.uuidArray, of: .uuid, values, size: { _ in 16 }) { $0.append($1) }
    }

    private static func times(_ values: some Collection<Int64?>) -> PostgresValue {
        array(.timestamptzArray, of: .timestamptz, values, size: { _ in 8 }) {
            $0.append(bigEndian: PostgresTime.encode($1))
        }
    }

    private static func blobs(_ values: some Collection<[UInt8]?>) -> PostgresValue {
        array(.byteaArray, of: .bytea, values, size: \.count) { $0.append(contentsOf: $1) }
    }

    /// PostgreSQL's binary form of a one-dimensional array.
    private static func array<Element>(
        _ type: PostgresType,
        of elementType: PostgresType,
        _ values: some Collection<Element?>,
        size: (Element) -> Int,
        write: (inout [UInt8], Element) -> Void
    ) -> PostgresValue {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20 + values.reduce(0) { $0 + 4 + ($1.map(size) ?? 0) })
        bytes.append(bigEndian: Int32(values.isEmpty ? 0 : 1))
        let nullFlagOffset = bytes.count
        bytes.append(bigEndian: Int32(0))
        bytes.append(bigEndian: elementType.rawValue)
        if !values.isEmpty {
            bytes.append(bigEndian: Int32(clamping: values.count))
            bytes.append(bigEndian: Int32(1))
        }
        for value in values {
            guard let value else {
                bytes[nullFlagOffset + 3] = 1
                bytes.append(bigEndian: Int32(-1))
                continue
            }
            bytes.append(bigEndian: Int32(clamping: size(value)))
            write(&bytes, value)
        }
        return PostgresValue(type, .bytes(bytes))
    }
}
