import Expressions
import Interpreter
import JSON
import Postgres
import StatesLanguage
import Store

extension MemoryState {
    /// Starts the first children of a step that has just become joining.
    mutating func start(_ fork: Fork, of key: StepKey, event: EventReference) {
        guard var parent = steps[key] else { return }
        let event = StepRow.id(event)
        switch fork.children {
        case .branches(let states):
            parent.fork = ForkRow(
                event: event,
                items: nil,
                count: states.count,
                remaining: states.count,
                nextItem: states.count,
                childState: "",
                childFunction: ""
            )
            steps[key] = parent
            for (index, state) in states.enumerated() {
                startChild(index, at: state, of: parent, lastEvent: .recorded(event))
            }
        case .iterations(let items, let state):
            let initial = min(items.count, fork.maxConcurrency ?? StepChange.childLimit, StepChange.childLimit)
            parent.fork = ForkRow(
                event: event,
                items: items,
                count: items.count,
                remaining: items.count,
                nextItem: initial,
                childState: state,
                childFunction: parent.revision.machine.entryFunction(at: state) ?? ""
            )
            steps[key] = parent
            for index in 0..<initial { startChild(index, at: state, of: parent, lastEvent: .recorded(event)) }
        }
    }

    private mutating func startChild(_ index: Int, at state: String, of parent: StepRow, lastEvent: EventReference) {
        guard let fork = parent.fork else { return }
        var branch = Branch(
            startAt: state,
            input: parent.branch.taskInput ?? JSONDocument(.null),
            item: fork.items.map { MapItem(index: index, value: $0[index]) } ?? parent.branch.item,
            lastEvent: lastEvent
        )
        branch.outerVariables = parent.branch.outerVariables.merging(parent.branch.variables) { $1 }
        let key = StepKey(
            bucket: parent.key.bucket,
            execution: parent.key.execution,
            id: Int64(fork.event) << 32 | Int64(index)
        )
        steps[key] = StepRow(
            key: key,
            parent: parent.key.id,
            revision: parent.revision,
            name: parent.executionName,
            function: parent.revision.machine.entryFunction(at: state) ?? "",
            at: now,
            branch: branch
        )
    }

    private func parent(of row: StepRow) -> StepRow? {
        row.parent.flatMap { steps[StepKey(bucket: row.key.bucket, execution: row.key.execution, id: $0)] }
    }

    /// A branch is done: its output waits for the parent, and the next item of its Map begins.
    mutating func endBranch(_ key: StepKey, output: JSONDocument, lastEvent: EventReference) {
        guard let row = steps[key], var parent = parent(of: row), var fork = parent.fork else { return }
        results[key] = output
        steps[key] = nil
        if fork.nextItem < fork.count {
            startChild(fork.nextItem, at: fork.childState, of: parent, lastEvent: lastEvent)
            fork.nextItem += 1
        }
        fork.remaining -= 1
        parent.branch.lastEvent = lastEvent
        parent.fork = fork
        if fork.remaining == (bug == .joinsEarly && fork.count > 1 ? 1 : 0) {
            parent.outcome = .joined([])
            parent.becomeReady(at: now, function: "")
        }
        steps[parent.key] = parent
    }

    /// A branch failed, and the fork with it: all branches below the parent are gone.
    ///
    /// - Returns: who held leases on them.
    mutating func failFork(
        around key: StepKey,
        _ failure: BranchFailure,
        lastEvent: EventReference,
        by worker: PGUUID
    ) -> [PGUUID] {
        guard let row = steps[key], var parent = parent(of: row), let fork = parent.fork else { return [] }
        var holders: Set<PGUUID> = []
        var failure = failure
        if bug == .siblingsStay {
            steps[key] = nil
        } else {
            var forks = [fork]
            while !forks.isEmpty {
                forks = removeChildren(of: forks, parent.key.execution, key, &failure.aborted, holders: &holders)
            }
        }
        forget(fork, of: parent.key)
        parent.fork = nil
        parent.branch.lastEvent = lastEvent
        parent.outcome = .branchFailed(failure)
        parent.becomeReady(at: now, function: "")
        steps[parent.key] = parent
        return holders.filter { $0 != worker }.sorted()
    }

    /// - Returns: the forks of those that are gone now.
    private mutating func removeChildren(
        of forks: [ForkRow],
        _ execution: PGUUID,
        _ failed: StepKey,
        _ aborted: inout [AbortedBranch],
        holders: inout Set<PGUUID>
    ) -> [ForkRow] {
        var inner: [ForkRow] = []
        for key in steps(of: execution).sorted(by: { $0.id < $1.id })
        where forks.contains(where: { $0.ids.contains(key.id) }) {
            guard let row = steps[key] else { continue }
            if row.status == .leased, let worker = row.worker { holders.insert(worker) }
            steps[key] = nil
            if key != failed, let branch = AbortedBranch(row.branch, index: Int(key.id & 0xFFFF_FFFF)) {
                aborted.append(branch)
            }
            if let fork = row.fork {
                inner.append(fork)
                forget(fork, of: key)
            }
        }
        return inner
    }

    /// Drops what a fork has stored for its parent.
    mutating func forget(_ fork: ForkRow, of parent: StepKey) {
        for key in results.keys where key.execution == parent.execution && fork.ids.contains(key.id) {
            results[key] = nil
        }
    }
}
