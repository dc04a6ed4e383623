import Expressions
package import JSON
import Postgres

/// A start as it was asked for.
package struct StartRequest: Sendable {
    /// A name, perhaps with `:VERSION` or `:ALIAS` behind it.
    package let stateMachine: String
    package let name: String
    package let input: JSONDocument
    package let traceHeader: String?
    /// Whether the execution must not be begun again when its worker is lost. Only express executions are, else.
    package let runsOnce: Bool

    /// - Parameter name: nil: a new one, made here, so that a start that is sent again after a lost answer starts nothing
    ///   twice.
    package init(
        stateMachine: String,
        name: String?,
        input: JSONDocument,
        traceHeader: String? = nil,
        runsOnce: Bool = false
    ) {
        self.stateMachine = stateMachine
        self.name = name ?? PGUUID.v4().description
        self.input = input
        self.traceHeader = traceHeader
        self.runsOnce = runsOnce
    }

    /// The name alone, of a name or an ARN with `:VERSION` or `:ALIAS` behind it.
    fileprivate var machineName: String {
        let name = Settings.machineName(stateMachine)
        return name.split(separator: ":", maxSplits: 1).first.map(String.init) ?? name
    }
}

extension StoreError {
    /// Whether nobody answers: then nothing else will be answered either.
    var isLossOfServer: Bool {
        guard case .postgres(let error) = self else { return false }
        return error.kind == .connectFailed || error.kind == .poolTimeout
    }
}

extension Store {
    /// Starts executions in one transaction. Where one of them is refused, each goes alone, so that it takes no other
    /// with it.
    ///
    /// - Returns: one result per request, in their order.
    package func startExecutions(_ requests: [StartRequest]) async -> [Result<StartedExecution, StoreError>] {
        do throws(StoreError) {
            return try await startTogether(requests)
        } catch {
            guard requests.count > 1, !error.isLossOfServer else {
                return Array(repeating: .failure(error), count: requests.count)
            }
        }
        var results: [Result<StartedExecution, StoreError>] = []
        for (index, request) in requests.enumerated() {
            do throws(StoreError) {
                results += try await startTogether([request])
            } catch {
                // Each of the others would wait as long for a server that is not there.
                let left = error.isLossOfServer ? requests.count - index : 1
                results += Array(repeating: .failure(error), count: left)
                if left > 1 { break }
            }
        }
        return results
    }

    /// Whether executions of these names are there with these inputs, in the order of the requests. Others' names may be
    /// taken by something else.
    package func haveInputs(of requests: [StartRequest]) async throws(StoreError) -> [Bool] {
        let names = requests.map { ExecutionName(machine: $0.machineName, name: $0.name) }
        return try await ask(about: names, otherwise: false) { bucket, asked in
            Statement(
                """
                select i.place::int
                from unnest($2::text[], $3::text[], $4::json[]) with ordinality as i (machine, name, input, place)
                cross join lateral (
                    select from stepwell.state_machines m
                    join stepwell.executions e on e.bucket = $1 and e.machine = m.id and e.name = i.name
                    where m.name = i.machine
                      and case when octet_length(i.input::text) > 1024
                          then e.input_id
                              = encode(substr(sha256(convert_to(i.input::text, 'UTF8')), 1, 16), 'hex')::uuid
                          else e.input::text = i.input::text end
                    limit 1
                ) e
                """,
                [
                    .int4(bucket), .textArray(asked.map { names[$0].machine }),
                    .textArray(asked.map { names[$0].name }),
                    .jsonArray(asked.map { requests[$0].input.text }),
                ]
            )
        } read: { _ in
            true
        }
    }

    private func startTogether(
        _ requests: [StartRequest]
    ) async throws(StoreError) -> [Result<StartedExecution, StoreError>] {
        // Always in the same order, so that batches of several processes can't wait for one another.
        let order = requests.indices.sorted {
            (requests[$0].name, requests[$0].stateMachine) < (requests[$1].name, requests[$1].stateMachine)
        }
        let sorted = order.map { requests[$0] }
        let statement = Self.plainStart(of: sorted) ?? Self.batch(of: sorted)
        let rows: Rows
        do throws(PostgresError) {
            rows = try await pool.query(statement)
        } catch {
            guard error.kind == .outcomeUnknown else { throw StoreError(error) }
            // Perhaps it was committed; the names make a second time harmless.
            rows = try await query(statement)
        }
        guard rows.count == requests.count else { throw .corrupt("start_batch answered \(rows.count) rows") }
        return try decode { () throws(PostgresError) in
            var results = [Result<StartedExecution, StoreError>?](repeating: nil, count: requests.count)
            for (row, index) in zip(rows, order) {
                let (outcome, arn) = (try row.text(0), try row.text(1))
                let startedAt = Timestamp(microseconds: try row.timestamp(2))
                results[index] =
                    outcome == "conflict"
                    ? .failure(.executionAlreadyExists(arn: arn))
                    : .success(StartedExecution(arn: arn, startedAt: startedAt, isNew: outcome == "started"))
            }
            return results.compactMap(\.self)
        }
    }
}

extension Store {
    /// The start of a single execution of which nothing special is asked: a third cheaper than a batch of one.
    private static func plainStart(of requests: [StartRequest]) -> Statement? {
        guard requests.count == 1, let request = requests.first, request.traceHeader == nil, !request.runsOnce else {
            return nil
        }
        return start(request.stateMachine, name: request.name, input: request.input)
    }

    static func start(_ stateMachine: String, name: String, input: JSONDocument) -> Statement {
        Statement(
            """
            select o_outcome, o_arn, o_started_at
            from stepwell.open_execution($1, $2, $3, null, null, null, null)
            """,
            [.text(stateMachine), .json(input.text), .text(name)]
        )
    }

    private static func batch(of requests: [StartRequest]) -> Statement {
        Statement(
            "select o_outcome, o_arn, o_started_at from stepwell.start_batch($1, $2, $3, $4, $5)",
            [
                .textArray(requests.map(\.stateMachine)), .jsonArray(requests.map(\.input.text)),
                .textArray(requests.map(\.name)), .textArray(requests.map(\.traceHeader)),
                .boolArray(requests.map(\.runsOnce)),
            ]
        )
    }

    /// Whether an execution that has begun must not begin again.
    package func runsOnce(_ step: StepKey) async throws(StoreError) -> Bool {
        let rows = try await query(
            Statement(
                "select e.runs_once from stepwell.executions e where e.bucket = $1 and e.id = $2",
                [.int4(step.bucket), .uuid(step.execution)]
            )
        )
        return try decode { () throws(PostgresError) in try rows.first?.bool(0) ?? false }
    }
}
