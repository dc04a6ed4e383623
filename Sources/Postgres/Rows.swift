/// A column of a result.
package struct Column: Sendable, Hashable {
    /// The name, which need not be unique.
    package let name: String
    package let type: PostgresType
}

/// Which column of a row: `0`, `"name"` or `.index(i)`. Positions are cheaper; names read better in rare statements.
package enum ColumnReference: Sendable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    /// A position, counted from 0.
    case index(Int)
    /// The first column of that name.
    case name(String)

    package init(integerLiteral value: Int) { self = .index(value) }
    package init(stringLiteral value: String) { self = .name(value) }
}

/// What a statement answered: any number of rows, all with the same columns.
package struct Rows: Sendable, RandomAccessCollection {
    let storage: RowStorage

    package var startIndex: Int { 0 }
    package var endIndex: Int { storage.rowCount }
    package subscript(position: Int) -> Row { Row(storage: storage, index: position) }

    /// The columns in their order.
    package var columns: [Column] { storage.columns }

    /// What the server says it did: `INSERT 0 3`, `SELECT 1`, `ROLLBACK`.
    package var commandTag: String { storage.commandTag }

    /// How many rows were inserted, updated, deleted or returned; 0 for other commands.
    package var affectedRows: Int {
        commandTag.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }

    /// The only row.
    ///
    /// - Throws: `.decoding` if there are none or several.
    package func only() throws(PostgresError) -> Row {
        guard count == 1 else {
            throw PostgresError(.decoding, "expected one row, got \(count)", statement: storage.sql)
        }
        return self[0]
    }
}

/// One row. Values are read by type; a null, another type or a missing column is an error, never a trap.
package struct Row: Sendable {
    let storage: RowStorage
    let index: Int
}

/// The bytes of a whole result, kept in one piece.
final class RowStorage: Sendable {
    struct Cell: Sendable {
        let offset: UInt32
        /// Negative for null.
        let length: Int32
    }

    let sql: String
    let commandTag: String
    let columns: [Column]
    let rowCount: Int
    let cells: [Cell]
    let bytes: [UInt8]

    init(sql: String, commandTag: String, columns: [Column], rowCount: Int, cells: [Cell], bytes: [UInt8]) {
        self.sql = sql
        self.commandTag = commandTag
        self.columns = columns
        self.rowCount = rowCount
        self.cells = cells
        self.bytes = bytes
    }
}
