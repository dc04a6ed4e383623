import CLibpq
import Logging

/// A blocking connection outside pipeline mode: only the simple protocol takes many statements at once.
struct MigrationSession {
    /// A statement of a script failed, and how many before it succeeded.
    struct ScriptFailure: Error {
        let cause: PostgresError
        let succeeded: Int
    }

    private let handle: LibpqHandle
    private let schema: SchemaName

    init(_ configuration: PostgresConfiguration, logger: Logger) throws(PostgresError) {
        handle = try ConnectionAttempt.connect(configuration, logger: logger).get()
        schema = configuration.schema
    }

    /// Whether the session is within a transaction that can still be committed.
    var isInTransaction: Bool { PQtransactionStatus(handle.pointer) == PQTRANS_INTRANS }

    /// Runs one statement.
    func query(_ statement: Statement) throws(PostgresError) -> Rows {
        var parameters = ParameterBuffers()
        guard parameters.send(try EncodedStatement(statement, schema: schema), as: .unnamed, over: handle.pointer)
        else {
            throw lost
        }
        var rows: Rows?
        var failure: PostgresError?
        while let result = PQgetResult(handle.pointer) {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK:
                rows = Rows(storage: try RowStorage.decode(result, sql: statement.sql, columns: nil))
            default:
                failure = failure ?? error(result).about(statement.sql)
            }
        }
        if let failure { throw failure }
        guard let rows else { throw lost }
        return rows
    }

    /// Runs any number of statements.
    func run(_ script: String) throws(ScriptFailure) {
        guard PQsendQuery(handle.pointer, schema.replacing(in: script)) == 1 else {
            throw ScriptFailure(cause: lost, succeeded: 0)
        }
        var succeeded = 0
        var failure: ScriptFailure?
        while let result = PQgetResult(handle.pointer) {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                succeeded += 1
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                let message = "COPY from or to the client isn't possible in a migration"
                let report = ServerReport(sqlState: .featureNotSupported, message: message)
                // The session is in the middle of it and has to be given up.
                throw ScriptFailure(
                    cause: PostgresError(.server(.featureNotSupported), message, report: report),
                    succeeded: succeeded
                )
            default:
                failure = failure ?? ScriptFailure(cause: error(result), succeeded: succeeded)
            }
        }
        if let failure { throw failure }
    }

    private var lost: PostgresError { PostgresError(.connectionLost, handle.lastMessage) }

    private func error(_ result: OpaquePointer) -> PostgresError {
        let report = ServerReport(result)
        let isOver = report.endsSession || PQstatus(handle.pointer) == CONNECTION_BAD
        return PostgresError(isOver ? .connectionLost : .server(report.sqlState), report.message, report: report)
    }
}
