extension Row {
    package func bool(_ column: ColumnReference) throws(PostgresError) -> Bool {
        try required(column, try optionalBool(column))
    }

    package func optionalBool(_ column: ColumnReference) throws(PostgresError) -> Bool? {
        guard let field = try field(column, "bool", accepts: { $0 == .bool }) else { return nil }
        guard field.length == 1, let byte = storage.bytes.bigEndian(at: field.offset, as: UInt8.self) else {
            throw field.malformed(in: self)
        }
        return byte != 0
    }

    /// An `int2`, `int4` or `int8`.
    package func int64(_ column: ColumnReference) throws(PostgresError) -> Int64 {
        try required(column, try optionalInt64(column))
    }

    /// An `int2`, `int4` or `int8`, or null.
    package func optionalInt64(_ column: ColumnReference) throws(PostgresError) -> Int64? {
        guard let field = try field(column, "integer", accepts: \.isInteger) else { return nil }
        guard let value = storage.integer(at: field.offset, length: field.length) else {
            throw field.malformed(in: self)
        }
        return value
    }

    /// An `int2`, `int4` or `int8`.
    package func int(_ column: ColumnReference) throws(PostgresError) -> Int {
        Int(truncatingIfNeeded: try int64(column))
    }

    /// An `int2`, `int4` or `int8`, or null.
    package func optionalInt(_ column: ColumnReference) throws(PostgresError) -> Int? {
        try optionalInt64(column).map { Int(truncatingIfNeeded: $0) }
    }

    package func double(_ column: ColumnReference) throws(PostgresError) -> Double {
        try required(column, try optionalDouble(column))
    }

    package func optionalDouble(_ column: ColumnReference) throws(PostgresError) -> Double? {
        guard let field = try field(column, "float8", accepts: { $0 == .float8 || $0 == .float4 }) else { return nil }
        if field.length == 8, let bits = storage.bytes.bigEndian(at: field.offset, as: UInt64.self) {
            return Double(bitPattern: bits)
        }
        if field.length == 4, let bits = storage.bytes.bigEndian(at: field.offset, as: UInt32.self) {
            return Double(Float(bitPattern: bits))
        }
        throw field.malformed(in: self)
    }

    /// Text, a name, JSON, or a label of an enumeration.
    package func text(_ column: ColumnReference) throws(PostgresError) -> String {
        try required(column, try optionalText(column))
    }

    /// Text, a name, JSON, or a label of an enumeration, or null.
    package func optionalText(_ column: ColumnReference) throws(PostgresError) -> String? {
        guard let field = try field(column, "text", accepts: \.isText) else { return nil }
        // jsonb sends a version byte before its text.
        let prefix = field.type == .jsonb ? 1 : 0
        guard field.length >= prefix else { throw field.malformed(in: self) }
        return String(decoding: storage.bytes[field.offset + prefix..<field.offset + field.length], as: UTF8.self)
    }

    package func bytes(_ column: ColumnReference) throws(PostgresError) -> [UInt8] {
        try required(column, try optionalBytes(column))
    }

    package func optionalBytes(_ column: ColumnReference) throws(PostgresError) -> [UInt8]? {
        guard let field = try field(column, "bytea", accepts: { $0 == .bytea }) else { return nil }
        return Array(storage.bytes[field.offset..<field.offset + field.length])
    }

    package func uuid(_ column: ColumnReference) throws(PostgresError) -> PGUUID {
        try required(column, try optionalUUID(column))
    }

    package func optionalUUID(_ column: ColumnReference) throws(PostgresError) -> PGUUID? {
        guard let field = try field(column, "uuid", accepts: { $0 == .uuid }) else { return nil }
        guard let value = storage.uuid(at: field.offset, length: field.length) else { throw field.malformed(in: self) }
        return value
    }

    /// Where a row is, or null.
    package func optionalRowID(_ column: ColumnReference) throws(PostgresError) -> PGRowID? {
        guard let field = try field(column, "tid", accepts: { $0 == .tid }) else { return nil }
        guard let value = storage.rowID(at: field.offset, length: field.length) else { throw field.malformed(in: self) }
        return value
    }

    /// Microseconds since 1970-01-01T00:00:00Z; the extremes of `Int64` are PostgreSQL's infinities.
    package func timestamp(_ column: ColumnReference) throws(PostgresError) -> Int64 {
        try required(column, try optionalTimestamp(column))
    }

    /// Microseconds since 1970-01-01T00:00:00Z, or null.
    package func optionalTimestamp(_ column: ColumnReference) throws(PostgresError) -> Int64? {
        guard let field = try field(column, "timestamptz", accepts: { $0 == .timestamptz }) else { return nil }
        guard let value = storage.integer(at: field.offset, length: field.length) else {
            throw field.malformed(in: self)
        }
        return PostgresTime.decode(value)
    }

    /// Whether a value is missing.
    package func isNull(_ column: ColumnReference) throws(PostgresError) -> Bool {
        try field(column, "any", accepts: { _ in true }) == nil
    }
}

extension Row {
    /// A value's place among the result's bytes.
    struct Field {
        let column: Int
        let type: PostgresType
        let offset: Int
        let length: Int

        func malformed(in row: Row) -> PostgresError {
            row.error(column, "has a malformed \(type) of \(length) bytes")
        }
    }

    func field(
        _ reference: ColumnReference,
        _ expected: StaticString,
        accepts: (PostgresType) -> Bool
    ) throws(PostgresError) -> Field? {
        let column = try position(of: reference)
        let type = storage.columns[column].type
        guard accepts(type) else { throw error(column, "is \(type), not \(expected)") }
        let cell = storage.cells[index * storage.columns.count + column]
        guard cell.length >= 0 else { return nil }
        return Field(column: column, type: type, offset: Int(cell.offset), length: Int(cell.length))
    }

    func required<Value>(_ reference: ColumnReference, _ value: Value?) throws(PostgresError) -> Value {
        guard let value else { throw error(try position(of: reference), "is null") }
        return value
    }

    func error(_ column: Int, _ problem: String) -> PostgresError {
        let name = storage.columns[column].name
        return PostgresError(.decoding, "column \(column) (\"\(name)\") \(problem)", statement: storage.sql)
    }

    private func position(of reference: ColumnReference) throws(PostgresError) -> Int {
        guard index >= 0, index < storage.rowCount else {
            throw PostgresError(.decoding, "the result has no row \(index)", statement: storage.sql)
        }
        switch reference {
        case .index(let column):
            guard storage.columns.indices.contains(column) else {
                let message = "the result has \(storage.columns.count) columns, none at \(column)"
                throw PostgresError(.decoding, message, statement: storage.sql)
            }
            return column
        case .name(let name):
            guard let column = storage.columns.firstIndex(where: { $0.name == name }) else {
                throw PostgresError(.decoding, "the result has no column \"\(name)\"", statement: storage.sql)
            }
            return column
        }
    }
}

extension RowStorage {
    func integer(at offset: Int, length: Int) -> Int64? {
        switch length {
        case 8: bytes.bigEndian(at: offset, as: Int64.self)
        case 4: bytes.bigEndian(at: offset, as: Int32.self).map(Int64.init)
        case 2: bytes.bigEndian(at: offset, as: Int16.self).map(Int64.init)
        default: nil
        }
    }

    func rowID(at offset: Int, length: Int) -> PGRowID? {
        guard length == 6,
            let block = bytes.bigEndian(at: offset, as: UInt32.self),
            let place = bytes.bigEndian(at: offset + 4, as: UInt16.self)
        else { return nil }
        return PGRowID(block: block, offset: place)
    }

    func uuid(at offset: Int, length: Int) -> PGUUID? {
        guard length == 16,
            let high = bytes.bigEndian(at: offset, as: UInt64.self),
            let low = bytes.bigEndian(at: offset + 8, as: UInt64.self)
        else { return nil }
        return PGUUID(high: high, low: low)
    }
}

extension PostgresType {
    var isInteger: Bool { self == .int8 || self == .int4 || self == .int2 }

    /// Types whose binary form is their text. Enumerations are user-defined, hence the numbers beyond the built-in ones.
    var isText: Bool {
        switch self {
        case .text, .varchar, .bpchar, .name, .json, .jsonb, .unknown: true
        default: rawValue >= 16384
        }
    }
}
