public import JSON
import Postgres

/// A row that a query of a ``Transaction`` found.
///
/// ```swift
/// let rows = try await transaction.query("SELECT sku, left FROM stock WHERE left < $1", 10)
/// for row in rows { print(try row.get("sku", as: String.self), try row.get("left", as: Int.self)) }
/// ```
public struct SQLRow: Sendable {
    let row: Row

    init(_ row: Row) {
        self.row = row
    }

    /// A column's value.
    ///
    /// - Throws: ``SQLError`` if there is no such column, if it is null, or of a type that does not convert: cast it in
    ///   the query, `SELECT price::text …`.
    public func get<Value: SQLReadable>(_ column: String, as type: Value.Type = Value.self) throws(SQLError) -> Value {
        guard let value = try getOptional(column, as: type) else {
            throw SQLError(message: "column \"\(column)\" is null")
        }
        return value
    }

    /// A column's value, or nil for null.
    ///
    /// - Throws: ``SQLError`` if there is no such column, or if it is of a type that does not convert.
    public func getOptional<Value: SQLReadable>(
        _ column: String,
        as type: Value.Type = Value.self
    ) throws(SQLError) -> Value? {
        try Value.read(SQLColumn(row: row, column: .name(column)))
    }
}

/// One value of a row, not yet converted.
public struct SQLColumn: Sendable {
    let row: Row
    let column: ColumnReference

    func read<Value>(_ body: (Row, ColumnReference) throws(PostgresError) -> Value?) throws(SQLError) -> Value? {
        do throws(PostgresError) {
            return try body(row, column)
        } catch {
            throw SQLError(error)
        }
    }
}

/// A Swift type that a column can be read as.
public protocol SQLReadable {
    /// Reads a value of this type; nil for null.
    static func read(_ column: SQLColumn) throws(SQLError) -> Self?
}

extension String: SQLReadable {
    /// Reads `text`, `varchar`, `json` and enumerations.
    public static func read(_ column: SQLColumn) throws(SQLError) -> String? {
        try column.read { row, column throws(PostgresError) in try row.optionalText(column) }
    }
}

extension Bool: SQLReadable {
    /// Reads `boolean`.
    public static func read(_ column: SQLColumn) throws(SQLError) -> Bool? {
        try column.read { row, column throws(PostgresError) in try row.optionalBool(column) }
    }
}

extension Int: SQLReadable {
    /// Reads `smallint`, `integer` and `bigint`.
    public static func read(_ column: SQLColumn) throws(SQLError) -> Int? {
        try column.read { row, column throws(PostgresError) in try row.optionalInt(column) }
    }
}

extension Int64: SQLReadable {
    /// Reads `smallint`, `integer` and `bigint`.
    public static func read(_ column: SQLColumn) throws(SQLError) -> Int64? {
        try column.read { row, column throws(PostgresError) in try row.optionalInt64(column) }
    }
}

extension Double: SQLReadable {
    /// Reads `real` and `double precision`.
    public static func read(_ column: SQLColumn) throws(SQLError) -> Double? {
        try column.read { row, column throws(PostgresError) in try row.optionalDouble(column) }
    }
}

extension Array: SQLReadable where Element == UInt8 {
    /// Reads `bytea`.
    public static func read(_ column: SQLColumn) throws(SQLError) -> [UInt8]? {
        try column.read { row, column throws(PostgresError) in try row.optionalBytes(column) }
    }
}

extension JSONValue: SQLReadable {
    /// Reads `json` and `jsonb`.
    public static func read(_ column: SQLColumn) throws(SQLError) -> JSONValue? {
        guard let text = try String.read(column) else { return nil }
        do throws(JSONSyntaxError) {
            return try JSONValue(parsing: text)
        } catch {
            throw SQLError(message: "the column is not JSON: \(error)")
        }
    }
}
