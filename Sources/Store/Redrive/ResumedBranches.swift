import Expressions
import Interpreter
import JSON
import Postgres
import StatesLanguage

/// The branches of a redriven execution whose root stands in a Parallel or a Map: those that are done keep their results,
/// the others go on from where they stood.
struct ResumedBranches {
    private let interpreter: Interpreter
    private let standings: Standings
    private let key: StepKey
    private let fence: Int64
    private let entry: Int
    private let lastEvent: Int
    private var rows = BranchColumns()

    /// nil: the root's state does not stand among branches that could go on.
    init?(_ standings: Standings, root: ClaimRow, interpreter: Interpreter) {
        self.interpreter = interpreter
        self.standings = standings
        key = root.key
        fence = root.lease.fence
        entry = root.entry
        lastEvent = root.lastEvent
        guard let standing = standings.branches[0], standing.output == nil else { return nil }
        let branch = Standings.branch(standing, entry: entry, lastEvent: lastEvent)
        guard let fork = openFork(of: branch, standing) else { return nil }
        add(fork, of: branch, standing, id: 0, parent: nil)
    }

    /// The fork of a state that does not succeed before more of its branches are done; nil: it has none, or the state has
    /// to be done again as a whole.
    private func openFork(of branch: Branch, _ standing: Standings.Standing) -> Fork? {
        guard standing.phase == .retrying, let event = standing.fork else { return nil }
        // What the fork had is not on record, but what it was made of is.
        var random = SystemRandomNumberGenerator()
        let decision = interpreter.advance(branch, on: .due, now: branch.enteredAt, random: &random)
        guard case .fork(let fork) = decision.next, standing.length ?? fork.count == fork.count,
            (0..<fork.count).contains(where: { child(of: event, $0)?.output == nil })
        else { return nil }
        return fork
    }

    private func child(of event: Int, _ index: Int) -> Standings.Standing? {
        standings.branches[Int64(event) << 32 | Int64(index)]
    }

    private mutating func add(
        _ fork: Fork,
        of branch: Branch,
        _ standing: Standings.Standing,
        id: Int64,
        parent: Int64?
    ) {
        guard let event = standing.fork else { return }
        let children = (0..<fork.count).map { child(of: event, $0) }
        let known = (children.lastIndex { $0 != nil } ?? -1) + 1
        let done = children.count { $0?.output != nil }
        let limit = min(fork.maxConcurrency ?? StepChange.childLimit, StepChange.childLimit)
        let next = max(known, min(fork.count, done + limit))
        rows.append(branch, id: id, parent: parent, function: "")
        rows.appendFork(fork, event: event, remaining: fork.count - done, next: next, machine: interpreter.machine)
        for index in 0..<next {
            let childID = Int64(event) << 32 | Int64(index)
            if let output = children[index]?.output {
                rows.appendResult(output, of: childID)
            } else {
                add(children[index], index, of: fork, in: branch, id: childID, parent: id)
            }
        }
    }

    private mutating func add(
        _ standing: Standings.Standing?,
        _ index: Int,
        of fork: Fork,
        in parent: Branch,
        id: Int64,
        parent parentID: Int64
    ) {
        guard let standing else {
            let state = fork.state(index)
            rows.append(fresh: state, id: id, parent: parentID, function: function(at: state))
            return
        }
        let branch = Standings.branch(
            standing,
            outer: parent.outerVariables.merging(parent.variables) { _, inner in inner },
            item: fork.item(index) ?? parent.item,
            entry: entry,
            lastEvent: lastEvent
        )
        if let fork = openFork(of: branch, standing) {
            add(fork, of: branch, standing, id: id, parent: parentID)
        } else if standing.phase == .retrying, standing.mapRun != nil {
            // Whoever claims it goes on with its map run.
            rows.append(branch, id: id, parent: parentID, function: "", phase: StepLoader.redriven)
        } else {
            rows.append(branch, id: id, parent: parentID, function: function(at: standing.state))
        }
    }

    private func function(at state: String) -> String { interpreter.machine.entryFunction(at: state) ?? "" }

    /// Answers whether the root was the caller's.
    var statement: Statement {
        Statement(
            """
            select stepwell.resume_branches($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)
            """,
            [.int4(key.bucket), .uuid(key.execution), .int8(fence)] + rows.parameters
        )
    }
}

extension Fork {
    fileprivate var count: Int {
        switch children {
        case .branches(let states): states.count
        case .iterations(let items, _): items.count
        }
    }

    fileprivate func state(_ index: Int) -> String {
        switch children {
        case .branches(let states): states[index]
        case .iterations(_, let state): state
        }
    }

    fileprivate func item(_ index: Int) -> MapItem? {
        switch children {
        case .branches: nil
        case .iterations(let items, _): MapItem(index: index, value: items[index])
        }
    }
}

/// Branches as the array parameters of `stepwell.resume_branches`.
private struct BranchColumns {
    private var ids: [Int64] = []
    private var parents: [Int64?] = []
    private var phases: [String] = []
    private var states: [String] = []
    private var functions: [String] = []
    private var enteredEvents: [Int32] = []
    private var enteredAts: [Int64] = []
    private var inputs: [PayloadColumn] = []
    private var taskInputs: [PayloadColumn] = []
    private var variables: [PayloadColumn] = []
    private var forks: [Int32?] = []
    private var counts: [Int32?] = []
    private var remaining: [Int32?] = []
    private var nextItems: [Int32?] = []
    private var childStates: [String?] = []
    private var childFunctions: [String?] = []
    private var resultSteps: [Int64] = []
    private var results: [PayloadColumn] = []
    private var itemForks: [Int32] = []
    private var itemFirsts: [Int32] = []
    private var items: [String] = []
    private var payloads = PayloadCollector()

    mutating func append(_ branch: Branch, id: Int64, parent: Int64?, function: String, phase: String? = nil) {
        ids.append(id)
        parents.append(parent)
        phases.append(phase ?? branch.phase.rawValue)
        states.append(branch.state)
        functions.append(function)
        if case .recorded(let event) = branch.enteredEvent { enteredEvents.append(Int32(clamping: event)) }
        enteredAts.append(branch.enteredAt.microseconds)
        var room = PayloadCollector.rowLimit
        inputs.append(payloads.column(branch.input, room: &room))
        taskInputs.append(.none)
        let own = branch.variables.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        variables.append(payloads.column(own.isEmpty ? nil : JSONDocument(.object(JSONObject(own))), room: &room))
        forks.append(nil)
        counts.append(nil)
        remaining.append(nil)
        nextItems.append(nil)
        childStates.append(nil)
        childFunctions.append(nil)
    }

    /// A branch that has not begun: it reads its input from its parent.
    mutating func append(fresh state: String, id: Int64, parent: Int64, function: String) {
        append(Branch(startAt: state, input: JSONDocument(.null)), id: id, parent: parent, function: function)
        inputs[inputs.count - 1] = .none
    }

    /// What the branch that was appended last has forked.
    mutating func appendFork(_ fork: Fork, event: Int, remaining: Int, next: Int, machine: StateMachine) {
        let place = ids.count - 1
        phases[place] = Branch.Phase.forked.rawValue
        taskInputs[place] = payloads.column(fork.input)
        forks[place] = Int32(clamping: event)
        counts[place] = Int32(clamping: fork.count)
        self.remaining[place] = Int32(clamping: remaining)
        nextItems[place] = Int32(clamping: next)
        guard case .iterations(let documents, let state) = fork.children else { return }
        childStates[place] = state
        childFunctions[place] = machine.entryFunction(at: state) ?? ""
        for chunk in StepChange.chunks(of: documents) {
            itemForks.append(Int32(clamping: event))
            itemFirsts.append(Int32(clamping: chunk.lowerBound))
            items.append("[" + documents[chunk].map(\.text).joined(separator: ",") + "]")
        }
    }

    mutating func appendResult(_ output: JSONDocument, of step: Int64) {
        resultSteps.append(step)
        results.append(payloads.column(output))
    }

    var parameters: [PostgresValue] {
        [
            .int8Array(ids), .int8Array(parents), .textArray(phases), .textArray(states), .textArray(functions),
            .int4Array(enteredEvents), .timestamptzArray(microseconds: enteredAts),
            .jsonArray(inputs.map(\.inline)), .uuidArray(inputs.map(\.id)),
            .jsonArray(taskInputs.map(\.inline)), .uuidArray(taskInputs.map(\.id)),
            .jsonArray(variables.map(\.inline)), .uuidArray(variables.map(\.id)),
            .int4Array(forks), .int4Array(counts), .int4Array(remaining), .int4Array(nextItems),
            .textArray(childStates), .textArray(childFunctions),
            .int8Array(resultSteps), .jsonArray(results.map(\.inline)), .uuidArray(results.map(\.id)),
            .int4Array(itemForks), .int4Array(itemFirsts), .jsonArray(items),
            .uuidArray(payloads.rows.map(\.id)), .jsonArray(payloads.rows.map(\.text)),
        ]
    }
}
