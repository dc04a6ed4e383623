/// One SQL statement and its parameters.
///
/// ```swift
/// let rows = try await pool.query(Statement("SELECT name FROM users WHERE id = $1", [.int8(7)]))
/// ```
package struct Statement: Sendable, Hashable, ExpressibleByStringLiteral {
    /// The text, a single statement, with `$1`, `$2` … where the parameters go.
    package let sql: String
    /// Sent in binary, beside the text: nothing in them can change what the statement means.
    package let parameters: [PostgresValue]
    /// Whether the text goes as it is, because it is somebody else's: `stepwell.` in it means just that.
    package let isVerbatim: Bool

    /// A statement with its parameters.
    package init(_ sql: String, _ parameters: [PostgresValue] = [], isVerbatim: Bool = false) {
        self.sql = sql
        self.parameters = parameters
        self.isVerbatim = isVerbatim
    }

    /// A statement without parameters.
    package init(stringLiteral value: String) {
        self.init(value)
    }
}

/// A statement in the form in which libpq takes it. Made by the caller's task, so that the loop's thread only sends.
struct EncodedStatement: Sendable {
    /// The text and the parameters' types.
    let key: PreparedStatements.Key
    /// All parameters, one after the other.
    let bytes: [UInt8]
    /// Where each parameter ends in `bytes`; nil is null.
    let ends: [Int32?]

    var sql: String { key.sql }

    /// PostgreSQL takes no message above 1 GiB.
    private static let maximumByteCount = 1 << 30

    init(_ statement: Statement, schema: SchemaName) throws(PostgresError) {
        guard !statement.sql.utf8.contains(0) else {
            throw PostgresError(.decoding, "the statement contains U+0000", statement: statement.sql)
        }
        var types: [UInt32] = []
        var ends: [Int32?] = []
        var bytes: [UInt8] = []
        types.reserveCapacity(statement.parameters.count)
        ends.reserveCapacity(statement.parameters.count)
        bytes.reserveCapacity(statement.parameters.reduce(0) { $0 + $1.byteCountEstimate })
        for parameter in statement.parameters {
            types.append(parameter.type.rawValue)
            let isNull = !parameter.write(to: &bytes)
            guard bytes.count <= Self.maximumByteCount else {
                throw PostgresError(.decoding, "the parameters exceed 1 GiB", statement: statement.sql)
            }
            ends.append(isNull ? nil : Int32(bytes.count))
        }
        guard types.count <= UInt16.max else {
            throw PostgresError(.decoding, "the statement has more than 65535 parameters", statement: statement.sql)
        }
        let sql = statement.isVerbatim ? statement.sql : schema.replacing(in: statement.sql)
        key = PreparedStatements.Key(sql: sql, types: types)
        self.ends = ends
        self.bytes = bytes
    }
}

extension PostgresValue {
    fileprivate var byteCountEstimate: Int {
        switch content {
        case .null: 0
        case .bool, .integer, .float: 8
        case .uuid: 16
        case .rowID: 6
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        }
    }

    /// Appends the binary form; false for null.
    fileprivate func write(to buffer: inout [UInt8]) -> Bool {
        switch content {
        case .null: return false
        case .bool(let value): buffer.append(value ? 1 : 0)
        case .integer(let value):
            switch type {
            case .int2: buffer.append(bigEndian: Int16(truncatingIfNeeded: value))
            case .int4: buffer.append(bigEndian: Int32(truncatingIfNeeded: value))
            default: buffer.append(bigEndian: value)
            }
        case .float(let value): buffer.append(bigEndian: value.bitPattern)
        case .text(let text): buffer.append(contentsOf: text.utf8)
        case .uuid(let uuid): buffer.append(uuid)
        case .rowID(let row): buffer.append(row)
        case .bytes(let bytes): buffer.append(contentsOf: bytes)
        }
        return true
    }
}
