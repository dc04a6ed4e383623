package import Expressions
import Interpreter
package import JSON
package import Postgres
import StatesLanguage
package import Store

extension MemoryState {
    /// What a start came to.
    package struct Opened: Sendable {
        package enum Outcome: Sendable {
            case started
            /// The same start had been made before.
            case exists
            /// The name is taken by another one.
            case conflict
        }

        package var outcome: Outcome
        package var id: PGUUID
        package var arn: String
        package var startedAt: Timestamp
    }

    /// Starts an execution, or finds the one that has its name.
    package mutating func open(machine: String, name: String, input: JSONDocument) throws(StoreError) -> Opened {
        try open(machine: machine, name: name, input: input, parent: nil)
    }

    mutating func open(
        machine: String,
        name: String,
        input: JSONDocument,
        parent: ExecutionRow.Parent?
    ) throws(StoreError) -> Opened {
        let machine = Settings.machineName(machine)
        guard let revision = revisions[machine] else { throw .stateMachineDoesNotExist("there is no \(machine)") }
        let arn = settings.executionARN(machine: machine, execution: name)
        if let id = ids[arn], let found = executions[id], bug != .startsTwice {
            let isTheirs = found.parent != nil && found.parent == parent
            let isSame = found.status == .running && found.parent == nil && parent == nil && found.input == input
            return Opened(
                outcome: isTheirs || isSame ? .exists : .conflict,
                id: id,
                arn: arn,
                startedAt: found.startedAt
            )
        }
        let id = PGUUID.v7(microseconds: now.microseconds, using: &random)
        let bucket = Digest.bucket(machine: machine, execution: name, of: settings.buckets)
        ids[arn] = id
        executions[id] = ExecutionRow(
            id: id,
            bucket: bucket,
            revision: revision,
            name: name,
            input: input,
            startedAt: now,
            parent: parent
        )
        heads[id] = 1
        let start = revision.machine.scope.startAt
        let function = revision.machine.entryFunction(at: start) ?? ""
        let branch = Branch(startAt: start, input: input)
        add(0, of: id, in: bucket, revision, name, function: function, at: now, branch)
        if let seconds = revision.machine.timeoutSeconds {
            let end = now.adding(seconds: Int64(seconds))
            add(1, of: id, in: bucket, revision, name, function: "", at: end, Branch(startAt: "", input: input))
        }
        notifyWork(in: [bucket], from: nil)
        return Opened(outcome: .started, id: id, arn: arn, startedAt: now)
    }

    private mutating func add(
        _ step: Int64,
        of execution: PGUUID,
        in bucket: Int32,
        _ revision: Revision,
        _ name: String,
        function: String,
        at time: Timestamp,
        _ branch: Branch
    ) {
        let key = StepKey(bucket: bucket, execution: execution, id: step)
        steps[key] = StepRow(
            key: key,
            parent: nil,
            revision: revision,
            name: name,
            function: function,
            at: time,
            branch: branch
        )
    }

    /// Aborts an execution.
    package mutating func stop(machine: String, name: String) throws(StoreError) {
        let arn = settings.executionARN(machine: machine, execution: name)
        guard let id = ids[arn] else { throw .executionDoesNotExist("there is no \(arn)") }
        stop(id)
    }

    mutating func stop(_ id: PGUUID) {
        guard let last = heads[id], let execution = executions[id] else { return }
        let aborted = HistoryEvent(type: .executionAborted, previous: .recorded(0), timestamp: now)
        heads[id] = last + 1
        history[id, default: []].append(HistoryRow(first: last + 1, step: 0, at: now, events: [aborted]))
        let waits = steps(of: id)
            .contains { key in
                steps[key].map { [.starting, .submitted].contains($0.branch.phase) } ?? false
            }
        if waits { stopChildren(of: id, bucket: execution.bucket) }
        notifyWorkers(finish(id, .aborted, by: nil))
    }

    /// An execution whose terminal event is recorded: nothing of it stays in the queue, and whoever waits for it is told.
    ///
    /// - Returns: who held leases on steps that are gone now.
    mutating func endExecution(_ id: PGUUID, _ end: ExecutionEnd, by worker: PGUUID) -> [PGUUID] {
        switch end {
        case .succeeded(let output):
            executions[id]?.output = output
            return finish(id, .succeeded, by: worker)
        case .failed(let error, let cause):
            executions[id]?.error = error
            executions[id]?.cause = cause
            return finish(id, .failed, by: worker)
        case .timedOut(let error, let cause):
            executions[id]?.error = error
            executions[id]?.cause = cause
            return finish(id, .timedOut, by: worker)
        }
    }

    private mutating func finish(_ id: PGUUID, _ status: ExecutionStatus, by worker: PGUUID?) -> [PGUUID] {
        var holders: Set<PGUUID> = []
        executions[id]?.status = status
        executions[id]?.stoppedAt = now
        executions[id]?.lastEvent = heads[id]
        for key in steps(of: id) {
            if let row = steps[key], row.status == .leased, let holder = row.worker, holder != worker {
                holders.insert(holder)
            }
            if bug == .endLeavesTimer, key.isTimer { continue }
            steps[key] = nil
        }
        for key in results.keys where key.execution == id { results[key] = nil }
        if bug != .endLeavesTimer { heads[id] = nil }
        if let parent = executions[id]?.parent, !outbox.contains(where: { $0.id == id }) {
            let bucket = executions[id]?.bucket ?? 0
            outbox.append(
                OutboxRow(id: id, bucket: bucket, kind: .result, step: parent.key, event: parent.event, runAt: now)
            )
        }
        return holders.sorted()
    }
}
