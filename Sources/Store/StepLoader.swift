import Expressions
import Interpreter
import JSON
import Logging
import Postgres
import StatesLanguage

/// Completes claimed rows with what stands elsewhere: definitions, large payloads, the scopes around a child, the item
/// of an iteration, the results of a join. A plain root branch with small payloads needs none of it.
struct StepLoader {
    /// A branch around another one, as its children see it.
    private struct Scope {
        var parent: Int64?
        var state: String
        var taskInput: PayloadColumn
        var variables: PayloadColumn
        /// Only of the root branch.
        var traceHeader: String?
    }

    struct ScopeKey: Hashable {
        var execution: PGUUID
        var id: Int64
    }

    struct ForkKey: Hashable {
        var execution: PGUUID
        var fork: Int
    }

    let store: Store
    let bucket: Int32
    let rows: [ClaimRow]
    /// The database's time when they were claimed.
    let now: Timestamp

    private var revisions: [Int32: Revision] = [:]
    private var scopes: [ScopeKey: Scope] = [:]
    private var results: [ForkKey: [PayloadColumn]] = [:]
    private var items: [ForkKey: [Int: JSONDocument]] = [:]
    private var inputs: [PGUUID: PayloadColumn] = [:]
    private var redrives: [PGUUID: (count: Int, last: Timestamp?)] = [:]
    private var payloads: [PGUUID: [PGUUID: JSONDocument]] = [:]

    init(store: Store, bucket: Int32, rows: [ClaimRow], now: Timestamp) {
        self.store = store
        self.now = now
        self.bucket = bucket
        self.rows = rows
    }

    /// - Returns: the steps, the leases of rows that this version can't run, and those of rows that it is too early for.
    mutating func load() async throws(StoreError) -> (
        steps: [ClaimedStep], unusable: [StepLease], early: [StepLease]
    ) {
        revisions = try await store.loadRevisions(Set(rows.map(\.revision)))
        try await loadSurroundings()
        try await loadItems()
        try await loadPayloads()
        var steps: [ClaimedStep] = []
        var unusable: [StepLease] = []
        var early: [StepLease] = []
        for row in rows {
            guard let revision = revisions[row.revision] else {
                unusable.append(row.lease)
                continue
            }
            if row.phase == Self.redriven {
                switch try await resume(row, revision: revision) {
                case .step(let step): steps.append(step)
                case .none: break
                case .tooEarly: early.append(row.lease)
                }
                continue
            }
            guard let phase = Branch.Phase(rawValue: row.phase) else {
                unusable.append(row.lease)
                continue
            }
            do throws(StoreError) {
                if let step = try step(row, revision: revision, phase: phase) { steps.append(step) }
            } catch {
                // One damaged row must not keep its neighbours from being run.
                store.logger.error("A step can't be read", metadata: ["step": "\(row.key)", "error": "\(error)"])
                unusable.append(row.lease)
            }
        }
        return (steps, unusable, early)
    }

    // MARK: One round trip for everything around the rows

    private mutating func loadSurroundings() async throws(StoreError) {
        var statements: [Statement] = []
        var scopeKeys: [ScopeKey] = []
        var seen: Set<ScopeKey> = []
        var forks: [ForkKey] = []
        var executions: Set<PGUUID> = []
        for row in rows {
            if let parent = row.parent {
                let key = ScopeKey(execution: row.key.execution, id: parent)
                if seen.insert(key).inserted { scopeKeys.append(key) }
            }
            if row.outcome == "joined", let fork = row.fork {
                forks.append(ForkKey(execution: row.key.execution, fork: fork))
            }
            if revisions[row.revision]?.machine.readsExecutionInput == true { executions.insert(row.key.execution) }
        }
        statements += scopeKeys.map(scopeStatement)
        statements += forks.map(resultStatement)
        if !executions.isEmpty { statements.append(inputStatement(Array(executions))) }
        guard !statements.isEmpty else { return }

        var answers = try await store.pipeline(statements)[...]
        for key in scopeKeys { try read(scopesOf: key, from: answers.removeFirst()) }
        for key in forks { try read(resultsOf: key, from: answers.removeFirst()) }
        if !executions.isEmpty { try read(inputsFrom: answers.removeFirst()) }
    }

    /// Whether a branch in this state is an iteration of a Map itself, not something inside of one.
    private func isIteration(_ state: String, revision: Int32) -> Bool {
        guard let machine = revisions[revision]?.machine, let owner = machine.owners[state],
            case .map(let map) = machine.states[owner]?.kind
        else { return false }
        return map.distributed == nil
    }

    /// The step whose item a row works on: the nearest iteration of a Map around it, or the row itself.
    private func iteration(of row: ClaimRow) -> (fork: ForkKey, index: Int)? {
        var (id, state, parent) = (row.key.id, row.state, row.parent)
        while let above = parent {
            if isIteration(state, revision: row.revision) {
                return (ForkKey(execution: row.key.execution, fork: Int(id >> 32)), Int(id & 0xFFFF_FFFF))
            }
            guard let scope = scopes[ScopeKey(execution: row.key.execution, id: above)] else { return nil }
            (id, state, parent) = (above, scope.state, scope.parent)
        }
        return nil
    }

    private mutating func read(scopesOf key: ScopeKey, from rows: Rows) throws(StoreError) {
        for row in rows {
            let (id, scope) = try store.decode { () throws(PostgresError) in
                (
                    try row.int64(0),
                    Scope(
                        parent: try row.optionalInt64(1),
                        state: try row.text(2),
                        taskInput: try PayloadColumn(row, 3),
                        variables: try PayloadColumn(row, 5),
                        traceHeader: try row.optionalText(7)
                    )
                )
            }
            scopes[ScopeKey(execution: key.execution, id: id)] = scope
        }
    }

    private mutating func read(resultsOf key: ForkKey, from rows: Rows) throws(StoreError) {
        results[key] = try store.decode { () throws(PostgresError) in
            var columns: [PayloadColumn] = []
            columns.reserveCapacity(rows.count)
            for row in rows { columns.append(try PayloadColumn(row, 0)) }
            return columns
        }
    }

    /// Items come after the scopes, which say whose item it is.
    private mutating func loadItems() async throws(StoreError) {
        var wanted: [ForkKey: [Int]] = [:]
        for row in rows where row.parent != nil {
            if let (fork, index) = iteration(of: row) { wanted[fork, default: []].append(index) }
        }
        let forks = Array(wanted.keys)
        let answers = try await store.pipeline(forks.map { itemStatement($0, indexes: wanted[$0] ?? []) })
        for (fork, rows) in zip(forks, answers) { try read(itemsOf: fork, wanted: wanted[fork] ?? [], from: rows) }
    }

    private mutating func read(itemsOf key: ForkKey, wanted: [Int], from rows: Rows) throws(StoreError) {
        let wanted = Set(wanted)
        var found: [Int: JSONDocument] = [:]
        for row in rows {
            let (first, text) = try store.decode { () throws(PostgresError) in (try row.int(0), try row.text(1)) }
            let chunk = try value(of: JSONDocument(trusted: text)).array ?? []
            for (offset, item) in chunk.enumerated() where wanted.contains(first + offset) {
                found[first + offset] = JSONDocument(item)
            }
        }
        items[key] = found
    }

    private mutating func read(inputsFrom rows: Rows) throws(StoreError) {
        for row in rows {
            let (id, input, count, at) = try store.decode { () throws(PostgresError) in
                (try row.uuid(0), try PayloadColumn(row, 1), try row.int(3), try row.optionalTimestamp(4))
            }
            inputs[id] = input
            redrives[id] = (count, at.map(Timestamp.init(microseconds:)))
        }
    }

    // MARK: One more for large payloads

    private mutating func loadPayloads() async throws(StoreError) {
        var wanted: [PGUUID: Set<PGUUID>] = [:]
        func want(_ column: PayloadColumn, of execution: PGUUID) {
            if let id = column.id { wanted[execution, default: []].insert(id) }
        }
        for row in rows {
            for column in [row.outcomeValue, row.input, row.taskInput, row.variables] {
                want(column, of: row.key.execution)
            }
        }
        for (key, scope) in scopes {
            want(scope.taskInput, of: key.execution)
            want(scope.variables, of: key.execution)
        }
        for (key, columns) in results { for column in columns { want(column, of: key.execution) } }
        for (execution, column) in inputs { want(column, of: execution) }
        guard !wanted.isEmpty else { return }
        let executions = Array(wanted.keys)
        let answers = try await store.pipeline(
            executions.map { store.payloadStatement(bucket: bucket, execution: $0, ids: Array(wanted[$0] ?? [])) }
        )
        for (execution, rows) in zip(executions, answers) {
            for row in rows {
                let (id, text) = try store.decode { () throws(PostgresError) in (try row.uuid(0), try row.text(1)) }
                payloads[execution, default: [:]][id] = JSONDocument(trusted: text)
            }
        }
    }

    private func document(_ column: PayloadColumn, of execution: PGUUID) throws(StoreError) -> JSONDocument? {
        if let text = column.inline { return JSONDocument(trusted: text) }
        guard let id = column.id else { return nil }
        guard let document = payloads[execution]?[id] else {
            throw .corrupt("payload \(id) of execution \(execution) is missing")
        }
        return document
    }

    private func value(of document: JSONDocument) throws(StoreError) -> JSONValue {
        do throws(JSONSyntaxError) {
            return try document.value()
        } catch {
            throw .corrupt("a payload is not JSON: \(error)")
        }
    }

    // MARK: Putting it together

    /// nil: the fork that the row belongs to has failed meanwhile, and the row is gone with it.
    func step(_ row: ClaimRow, revision: Revision, phase: Branch.Phase) throws(StoreError) -> ClaimedStep? {
        let execution = row.key.execution
        var branch = Branch(
            startAt: row.state,
            input: try document(row.input, of: execution) ?? JSONDocument(trusted: "null"),
            lastEvent: .recorded(row.lastEvent)
        )
        branch.phase = phase
        branch.taskInput = try document(row.taskInput, of: execution)
        if let own = try document(row.variables, of: execution) { branch.variables = try variables(own) }
        branch.enteredAt = row.enteredAt
        branch.entry = row.entry
        branch.retryCount = row.retryCount
        branch.retrierUses = row.retrierUses
        branch.deadline = row.deadline
        branch.heartbeatSeconds = row.heartbeatSeconds
        branch.enteredEvent = .recorded(row.enteredEvent)
        branch.scheduledEvent = .recorded(row.scheduledEvent)
        if let parent = row.parent {
            guard let scope = scopes[ScopeKey(execution: execution, id: parent)] else { return nil }
            if phase == .fresh, let input = try document(scope.taskInput, of: execution) { branch.input = input }
            branch.outerVariables = try outerVariables(around: parent, of: execution)
            if let (fork, index) = iteration(of: row) {
                guard let item = items[fork]?[index] else { return nil }
                branch.item = MapItem(index: index, value: item)
            }
        }
        return ClaimedStep(
            lease: row.lease,
            revision: revision,
            execution: try info(row, revision: revision),
            branch: branch,
            outcome: try outcome(row),
            isSuspect: row.isSuspect,
            losses: row.losses
        )
    }

    private func variables(_ document: JSONDocument) throws(StoreError) -> [String: JSONValue] {
        let members = try value(of: document).object ?? [:]
        return Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }

    private func outerVariables(around id: Int64, of execution: PGUUID) throws(StoreError) -> [String: JSONValue] {
        var merged: [String: JSONValue] = [:]
        var next: Int64? = id
        while let id = next, let scope = scopes[ScopeKey(execution: execution, id: id)] {
            if let document = try document(scope.variables, of: execution) {
                merged.merge(try variables(document)) { inner, _ in inner }
            }
            next = scope.parent
        }
        return merged
    }

    private func info(_ row: ClaimRow, revision: Revision) throws(StoreError) -> ExecutionInfo {
        // The children of a distributed Map have its label behind the machine's name.
        let label = revision.machine.mapLabel(around: row.state)
        let machineName = label.map { "\(revision.machineName)/\($0)" } ?? revision.machineName
        let redrives = redrives[row.key.execution]
        var input: JSONDocument?
        if let column = inputs[row.key.execution] { input = try document(column, of: row.key.execution) }
        return ExecutionInfo(
            arn: store.settings.executionARN(machine: machineName, execution: row.name),
            // Behind the name of an express execution there is a UUID.
            name: row.name.prefix { $0 != ":" }.description,
            startTime: row.key.execution.timestamp,
            stateMachineARN: label.map { "\(revision.machineARN)/\($0)" } ?? revision.machineARN,
            stateMachineName: machineName,
            roleARN: revision.roleARN,
            isExpress: revision.runsInMemory(from: row.state),
            redriveCount: redrives?.count ?? 0,
            redriveTime: redrives?.last,
            traceHeader: row.traceHeader ?? scopes[ScopeKey(execution: row.key.execution, id: 0)]?.traceHeader,
            input: input
        )
    }

    private func outcome(_ row: ClaimRow) throws(StoreError) -> Outcome {
        let value = try document(row.outcomeValue, of: row.key.execution) ?? JSONDocument(trusted: "null")
        switch row.outcome {
        case nil: return .due
        case "succeeded": return .succeeded(value)
        case "submitted": return .submitted(value)
        case "failed": return .failed(error: row.error ?? "", cause: row.cause ?? "")
        case "timedOut": return .timedOut
        case "heartbeatMissed": return .heartbeatMissed
        case "branchFailed":
            let branches = (try? value.value()) ?? .null
            return .branchFailed(BranchFailure(error: row.error ?? "", cause: row.cause ?? "", branches: branches))
        case "joined":
            var outputs: [JSONDocument] = []
            for column in results[ForkKey(execution: row.key.execution, fork: row.fork ?? 0)] ?? [] {
                outputs.append(try document(column, of: row.key.execution) ?? JSONDocument(trusted: "null"))
            }
            return .joined(outputs)
        case let other?:
            throw .corrupt("step \(row.key.id) of execution \(row.key.execution) has the outcome '\(other)'")
        }
    }
}

extension PGUUID {
    /// The millisecond that a version 7 UUID was made in.
    var timestamp: Timestamp { Timestamp(microseconds: Int64(truncatingIfNeeded: high >> 16) &* 1000) }
}
