import CLibpq

extension ServerReport {
    /// Reads an error or notice.
    convenience init(_ result: OpaquePointer) {
        func field(_ code: Character) -> String? {
            guard let code = code.asciiValue, let text = PQresultErrorField(result, Int32(code)) else { return nil }
            return String(cString: text)
        }
        // The letters are the protocol's (PG_DIAG_…), which Swift can't import from their macros.
        self.init(
            sqlState: SQLState(rawValue: field("C") ?? ""),
            severity: field("V") ?? "ERROR",
            message: field("M") ?? String(cString: PQresultErrorMessage(result)),
            detail: field("D"),
            hint: field("H"),
            context: field("W"),
            schema: field("s"),
            table: field("t"),
            column: field("c"),
            constraint: field("n"),
            position: field("P").flatMap { Int($0) },
            routine: field("R")
        )
    }
}

extension RowStorage {
    /// Copies a result out of libpq's memory. The columns may be known from an earlier execution of the same prepared
    /// statement.
    static func decode(
        _ result: OpaquePointer,
        sql: String,
        columns known: [Column]?
    ) throws(PostgresError) -> RowStorage {
        let rowCount = PQntuples(result)
        let columnCount = PQnfields(result)
        let columns = known.flatMap { $0.count == columnCount ? $0 : nil } ?? readColumns(result, count: columnCount)

        var cells: [Cell] = []
        cells.reserveCapacity(Int(rowCount) * Int(columnCount))
        var total = 0
        for row in 0..<rowCount {
            for column in 0..<columnCount {
                let isNull = PQgetisnull(result, row, column) != 0
                let length = isNull ? -1 : PQgetlength(result, row, column)
                guard let offset = UInt32(exactly: total) else {
                    throw PostgresError(.decoding, "the result exceeds 4 GiB", statement: sql)
                }
                cells.append(Cell(offset: offset, length: length))
                total += Int(max(0, length))
            }
        }
        let bytes = [UInt8](unsafeUninitializedCapacity: total) { buffer, count in
            for row in 0..<rowCount {
                for column in 0..<columnCount {
                    let length = Int(PQgetlength(result, row, column))
                    guard length > 0, let value = PQgetvalue(result, row, column) else { continue }
                    UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                        .copyMemory(from: UnsafeRawBufferPointer(start: value, count: length))
                    count += length
                }
            }
        }
        return RowStorage(
            sql: sql,
            commandTag: PQcmdStatus(result).map { String(cString: $0) } ?? "",
            columns: columns,
            rowCount: Int(rowCount),
            cells: cells,
            bytes: bytes
        )
    }

    private static func readColumns(_ result: OpaquePointer, count: Int32) -> [Column] {
        (0..<count)
            .map { index in
                Column(
                    name: PQfname(result, index).map { String(cString: $0) } ?? "",
                    type: PostgresType(rawValue: PQftype(result, index))
                )
            }
    }
}
