import Items
import JSON
import Logging
import Postgres

/// Reads the rows of a query as items: `{"column": value, …}`, with PostgreSQL's own JSON for values. The query runs in a
/// read-only transaction, through a cursor, with a time limit.
struct RowReader {
    private static let page = 500
    private static let rowBytes = 1 << 20
    private static let statementTimeout = "60s"

    let database: PostgresConfiguration
    let query: String
    /// `$1`, `$2` …: texts, to be cast where they are used.
    let arguments: JSONValue?

    func read(_ take: ([ParsedItem]) async throws -> Void) async throws {
        let parameters = try parameterTexts()
        let connection = try await Connection.connect(database, logger: Logger(label: "stepwell.items"))
        do throws(any Error) {
            try await connection.execute(Statement("begin isolation level repeatable read read only"))
            try await connection.execute(
                Statement("select set_config('statement_timeout', $1, true)", [.text(Self.statementTimeout)])
            )
            try await connection.execute(
                Statement(
                    """
                    declare items no scroll cursor for
                    select case when octet_length(r.row) <= \(Self.rowBytes) then r.row end
                    from (select row_to_json(q)::text as row from (
                    \(query)
                    ) q) r
                    """,
                    parameters
                )
            )
            while true {
                let rows = try await connection.query(Statement("fetch \(Self.page) from items"))
                var items: [ParsedItem] = []
                for row in rows {
                    guard let text = try row.optionalText(0) else {
                        throw ItemError("a row has more than \(Self.rowBytes) bytes")
                    }
                    items.append(ParsedItem(value: JSONDocument(trusted: text)))
                }
                try await take(items)
                if rows.count < Self.page { break }
            }
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    private func parameterTexts() throws(ItemError) -> [PostgresValue] {
        guard let arguments else { return [] }
        guard let values = arguments.array else { throw ItemError("'Parameters' has to be an array") }
        return values.map { value in
            switch value {
            case .null: .text(nil)
            case .string(let text): .text(text)
            default: .text(value.text)
            }
        }
    }
}
