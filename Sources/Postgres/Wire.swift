import CLibpq
import DequeModule

/// What has been sent and not yet answered. Answers carry no names: their order is all there is.
struct Wire {
    enum Event {
        /// Nothing to tell yet.
        case more
        case answered(Call, [Result<Rows, PostgresError>])
        /// The server answered something else than what was asked.
        case disorder
    }

    private var exchanges: Deque<Exchange> = []
    /// The answers so far to the call at the front.
    private var answers: [Result<Rows, PostgresError>] = []
    private var parameters = ParameterBuffers()
    /// The error with which the server announced the end of the session.
    private(set) var farewell: ServerReport?
    /// Why the session is over.
    private(set) var loss: PostgresError?

    var isIdle: Bool { exchanges.isEmpty }

    /// Hands a call to libpq; false if libpq refused a part, after which the session can't be used.
    mutating func send(
        _ call: Call,
        begins: Bool,
        preparing prepared: inout PreparedStatements,
        over pointer: OpaquePointer
    ) -> Bool {
        let uses = call.statements.map { statement in
            let use = prepared.use(statement.key)
            if case .prepare = use {
                exchanges.append(Exchange(purpose: .preparation(statement.key), begins: false))
            }
            return use
        }
        let groups: [Range<Int>] =
            switch call.grouping {
            case .together: [0..<call.statements.count]
            case .apart: call.statements.indices.map { $0..<$0 + 1 }
            }
        // All of it is noted before any of it is sent: what sending can't finish is then answered by the loss.
        for group in groups {
            let isLast = group.upperBound == call.statements.count
            exchanges.append(
                Exchange(
                    purpose: .call(call, statements: group, isLast: isLast),
                    begins: begins && group.lowerBound == 0
                )
            )
        }

        for (statement, use) in zip(call.statements, uses) {
            guard case .prepare(let name) = use else { continue }
            let types = statement.key.types
            guard PQsendPrepare(pointer, name, statement.sql, Int32(types.count), types) == 1,
                PQpipelineSync(pointer) == 1
            else { return false }
        }
        for group in groups {
            if begins && group.lowerBound == 0 {
                guard PQsendQueryParams(pointer, "BEGIN", 0, nil, nil, nil, nil, 1) == 1 else { return false }
            }
            for index in group {
                guard parameters.send(call.statements[index], as: uses[index], over: pointer) else { return false }
            }
            guard PQpipelineSync(pointer) == 1 else { return false }
        }
        return true
    }

    /// Takes one result that is ready.
    mutating func receive(from pointer: OpaquePointer, prepared: inout PreparedStatements) -> Event {
        guard let result = PQgetResult(pointer) else {
            // Ends the answer to one statement.
            exchanges[0].finished += 1
            return exchanges[0].finished <= exchanges[0].expected ? .more : .disorder
        }
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            take(result, prepared: &prepared)
        case PGRES_FATAL_ERROR:
            take(ServerReport(result), prepared: &prepared)
        case PGRES_PIPELINE_ABORTED:
            // A consequence of an error that is known already.
            break
        case PGRES_PIPELINE_SYNC:
            return finishExchange(prepared: &prepared)
        default:
            // COPY, which needs the connection for itself.
            return .disorder
        }
        return .more
    }

    /// Ends everything that waits for an answer.
    mutating func lose(_ error: PostgresError) -> [(Call, [Result<Rows, PostgresError>])] {
        loss = error
        defer { exchanges.removeAll() }
        var ended: [(Call, [Result<Rows, PostgresError>])] = []
        for exchange in exchanges {
            guard case .call(let call, let statements, let isLast) = exchange.purpose else { continue }
            let unanswered = PostgresError(
                call.mayCommit ? .outcomeUnknown : .connectionLost,
                error.message,
                report: error.report,
                statement: call.statements[statements.lowerBound].sql
            )
            answers.append(.failure(exchange.failure ?? unanswered))
            if isLast {
                ended.append((call, answers))
                answers = []
            }
        }
        return ended
    }

    private mutating func take(_ result: OpaquePointer, prepared: inout PreparedStatements) {
        guard let statement = exchanges[0].current, exchanges[0].failure == nil else { return }
        let known = prepared.columns(of: statement.key)
        do throws(PostgresError) {
            let storage = try RowStorage.decode(result, sql: statement.sql, columns: known)
            if known == nil { prepared.remember(storage.columns, of: statement.key) }
            exchanges[0].rows.append(Rows(storage: storage))
        } catch {
            exchanges[0].failure = error
        }
    }

    private mutating func take(_ report: ServerReport, prepared: inout PreparedStatements) {
        // The Sync will not come after these two: the loss of the session, which follows, ends the exchange.
        guard !report.endsSession else {
            farewell = report
            return
        }
        // libpq's own words about a broken socket.
        guard !report.sqlState.rawValue.isEmpty else { return }
        let statement = exchanges[0].current
        if report.isStalePlan, let statement { prepared.forget(statement.key) }
        guard exchanges[0].failure == nil else { return }
        exchanges[0].failure = PostgresError(
            .server(report.sqlState),
            report.message,
            report: report,
            statement: statement?.sql
        )
    }

    private mutating func finishExchange(prepared: inout PreparedStatements) -> Event {
        guard let exchange = exchanges.popFirst() else { return .disorder }
        switch exchange.purpose {
        case .preparation(let key):
            if exchange.failure == nil { prepared.prepared(key) } else { prepared.forget(key) }
            return .more
        case .call(let call, let statements, let isLast):
            if let failure = exchange.failure {
                answers.append(.failure(failure))
            } else if exchange.rows.count == statements.count {
                answers.append(contentsOf: exchange.rows.lazy.map { .success($0) })
            } else {
                return .disorder
            }
            guard isLast else { return .more }
            defer { answers = [] }
            return .answered(call, answers)
        }
    }
}
