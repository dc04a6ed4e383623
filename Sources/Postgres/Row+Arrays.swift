// Arrays of one dimension. A null among the elements is an error unless the accessor's name says `OfOptionals`.
extension Row {
    package func boolArray(_ column: ColumnReference) throws(PostgresError) -> [Bool] {
        try array(column, "bool[]", elements: { $0 == .bool }) { storage, offset, length in
            length == 1 ? storage.bytes.bigEndian(at: offset, as: UInt8.self).map { $0 != 0 } : nil
        }
    }

    /// Elements may be `int2`, `int4` or `int8`.
    package func int64Array(_ column: ColumnReference) throws(PostgresError) -> [Int64] {
        try array(column, "integer[]", elements: \.isInteger) { $0.integer(at: $1, length: $2) }
    }

    /// Elements may be `int2`, `int4` or `int8`.
    package func intArray(_ column: ColumnReference) throws(PostgresError) -> [Int] {
        try array(column, "integer[]", elements: \.isInteger) { storage, offset, length in
            storage.integer(at: offset, length: length).map { Int(truncatingIfNeeded: $0) }
        }
    }

    package func doubleArray(_ column: ColumnReference) throws(PostgresError) -> [Double] {
        try array(column, "float8[]", elements: { $0 == .float8 }) { storage, offset, length in
            length == 8 ? storage.bytes.bigEndian(at: offset, as: UInt64.self).map(Double.init(bitPattern:)) : nil
        }
    }

    /// Elements may be of any type that `text` takes, except `jsonb`.
    package func textArray(_ column: ColumnReference) throws(PostgresError) -> [String] {
        try array(column, "text[]", elements: \.isPlainText) { $0.text(at: $1, length: $2) }
    }

    /// Elements may be null or of any type that `text` takes, except `jsonb`.
    package func textArrayOfOptionals(_ column: ColumnReference) throws(PostgresError) -> [String?] {
        try arrayOfOptionals(column, "text[]", elements: \.isPlainText) { $0.text(at: $1, length: $2) }
    }

    package func uuidArray(_ column: ColumnReference) throws(PostgresError) -> [PGUUID] {
        try array(column, "uuid[]", elements: { $0 == .uuid }) { $0.uuid(at: $1, length: $2) }
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    package func timestampArray(_ column: ColumnReference) throws(PostgresError) -> [Int64] {
        try array(column, "timestamptz[]", elements: { $0 == .timestamptz }) { storage, offset, length in
            storage.integer(at: offset, length: length).map(PostgresTime.decode)
        }
    }

    package func bytesArray(_ column: ColumnReference) throws(PostgresError) -> [[UInt8]] {
        try array(column, "bytea[]", elements: { $0 == .bytea }) { Array($0.bytes[$1..<$1 + $2]) }
    }
}

extension Row {
    private typealias Decode<Element> = (_ storage: RowStorage, _ offset: Int, _ length: Int) -> Element?

    private func array<Element>(
        _ reference: ColumnReference,
        _ expected: StaticString,
        elements accepts: (PostgresType) -> Bool,
        decode: Decode<Element>
    ) throws(PostgresError) -> [Element] {
        var result: [Element] = []
        try elements(reference, expected, accepts) { row, field, offset, length throws(PostgresError) in
            guard length >= 0 else { throw row.error(field.column, "has a null at element \(result.count)") }
            guard let element = decode(row.storage, offset, length) else { throw field.malformed(in: row) }
            result.append(element)
        }
        return result
    }

    private func arrayOfOptionals<Element>(
        _ reference: ColumnReference,
        _ expected: StaticString,
        elements accepts: (PostgresType) -> Bool,
        decode: Decode<Element>
    ) throws(PostgresError) -> [Element?] {
        var result: [Element?] = []
        try elements(reference, expected, accepts) { row, field, offset, length throws(PostgresError) in
            guard length >= 0 else { return result.append(nil) }
            guard let element = decode(row.storage, offset, length) else { throw field.malformed(in: row) }
            result.append(element)
        }
        return result
    }

    /// Walks the elements of an array; a length of -1 is a null.
    private func elements(
        _ reference: ColumnReference,
        _ expected: StaticString,
        _ accepts: (PostgresType) -> Bool,
        visit: (Row, Field, _ offset: Int, _ length: Int) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        guard let field = try field(reference, expected, accepts: { _ in true }) else {
            return try required(reference, nil)
        }
        let bytes = storage.bytes
        let end = field.offset + field.length
        // The header: dimensions, whether there are nulls, the elements' type, then length and lower bound of each
        // dimension. The column's own type may be one that this file doesn't list; the elements' type decides.
        guard field.length >= 12,
            let dimensions = bytes.bigEndian(at: field.offset, as: Int32.self),
            let elementType = bytes.bigEndian(at: field.offset + 8, as: UInt32.self).map(PostgresType.init)
        else { throw error(field.column, "is \(field.type), not \(expected)") }
        guard accepts(elementType) else { throw error(field.column, "is \(field.type), not \(expected)") }
        guard dimensions != 0 else { return }
        guard dimensions == 1, let count = bytes.bigEndian(at: field.offset + 12, as: Int32.self) else {
            throw error(field.column, "has an array of \(dimensions) dimensions, not 1")
        }
        var offset = field.offset + 20
        for _ in 0..<max(0, count) {
            guard let length = bytes.bigEndian(at: offset, as: Int32.self), offset + 4 + Int(max(0, length)) <= end
            else { throw field.malformed(in: self) }
            try visit(self, field, offset + 4, Int(length))
            offset += 4 + Int(max(0, length))
        }
    }
}

extension RowStorage {
    fileprivate func text(at offset: Int, length: Int) -> String {
        String(decoding: bytes[offset..<offset + length], as: UTF8.self)
    }
}

extension PostgresType {
    fileprivate var isPlainText: Bool { isText && self != .jsonb }
}
