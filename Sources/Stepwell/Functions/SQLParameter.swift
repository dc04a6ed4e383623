public import JSON
import Postgres

/// A Swift value that can be a parameter of a statement.
///
/// An integer is sent as `bigint`, a `Double` as `double precision`, a string as `text`, JSON as `json`, bytes as
/// `bytea`. Columns of other types take a cast in the statement: `$1::uuid`, `$2::numeric`, `$3::timestamptz`.
public protocol SQLParameter: Sendable {
    /// The value as PostgreSQL gets it.
    var sqlValue: SQLValue { get }
}

/// A parameter in the form that PostgreSQL takes: what a type of one's own makes of its parts to be an
/// ``SQLParameter``.
public struct SQLValue: Sendable {
    let value: PostgresValue

    init(_ value: PostgresValue) {
        self.value = value
    }
}

extension SQLValue: SQLParameter {
    /// The value itself.
    public var sqlValue: SQLValue { self }
}

extension String: SQLParameter {
    /// `text`; PostgreSQL refuses U+0000 in it.
    public var sqlValue: SQLValue { SQLValue(.text(self)) }
}

extension Bool: SQLParameter {
    /// `boolean`.
    public var sqlValue: SQLValue { SQLValue(.bool(self)) }
}

extension Int: SQLParameter {
    /// `bigint`.
    public var sqlValue: SQLValue { SQLValue(.int8(Int64(self))) }
}

extension Int32: SQLParameter {
    /// `integer`.
    public var sqlValue: SQLValue { SQLValue(.int4(self)) }
}

extension Int64: SQLParameter {
    /// `bigint`.
    public var sqlValue: SQLValue { SQLValue(.int8(self)) }
}

extension Double: SQLParameter {
    /// `double precision`.
    public var sqlValue: SQLValue { SQLValue(.float8(self)) }
}

extension JSONValue: SQLParameter {
    /// `json`; PostgreSQL also takes it for a `jsonb` column.
    public var sqlValue: SQLValue { SQLValue(.json(text)) }
}

extension Array: SQLParameter where Element == UInt8 {
    /// `bytea`.
    public var sqlValue: SQLValue { SQLValue(.bytea(self)) }
}
