import Expressions
import Interpreter
import JSON
import Postgres
import Store

extension MemoryState {
    /// What is found out about a decision before anything is written.
    enum Verdict: Sendable {
        case valid
        /// This very call was applied before.
        case done
        case refused
        /// Another decision about the execution goes first.
        case deferred
    }

    mutating func commit(_ commits: [StepCommit], worker: PGUUID, lease: Duration) -> CommitOutcome {
        apply(commits, judge(commits, worker), worker: worker, lease: lease)
    }

    func judge(_ commits: [StepCommit], _ worker: PGUUID) -> [Verdict] {
        var verdicts = commits.map { verdict($0, worker) }
        guard bug != .endingNotAlone else { return verdicts }
        // What ends an execution or a fork takes siblings with it: such a decision is alone in its call.
        for (place, commit) in commits.enumerated() where verdicts[place] == .valid {
            let siblings = commits.indices.filter { commits[$0].lease.key.execution == commit.lease.key.execution }
            let isFirst = siblings.first { verdicts[$0] == .valid || verdicts[$0] == .deferred } == place
            if !isFirst, siblings.contains(where: { commits[$0].decision.endsOthers }) { verdicts[place] = .deferred }
        }
        return verdicts
    }

    private func verdict(_ commit: StepCommit, _ worker: PGUUID) -> Verdict {
        guard let row = steps[commit.lease.key] else { return .refused }
        let hasFence = row.fence == commit.lease.fence || bug == .noFence
        if hasFence, row.status == .leased, heads[commit.lease.key.execution] != nil { return .valid }
        // A lease that was kept, and then lost and claimed by the same worker, is another one.
        let isStillKept = !commit.keepsLease || row.fence == commit.lease.fence + 1
        if row.applied == commit.lease.fence, row.worker == worker, isStillKept { return .done }
        return .refused
    }

    mutating func apply(
        _ commits: [StepCommit],
        _ verdicts: [Verdict],
        worker: PGUUID,
        lease: Duration
    ) -> CommitOutcome {
        var outcome = CommitOutcome(results: [], holders: [])
        var firsts: [Int?] = []
        for (commit, verdict) in zip(commits, verdicts) {
            firsts.append(verdict == .valid ? recordEvents(of: commit) : nil)
        }
        for (commit, first) in zip(commits, firsts) {
            if let first, StepChange(commit).keepsStep { write(commit, first: first, worker: worker, lease: lease) }
        }
        for (commit, first) in zip(commits, firsts) {
            guard let first else { continue }
            var branch = commit.decision.branch
            branch.recordEvents(from: first)
            switch commit.decision.next {
            case .endBranch(let output): endBranch(commit.lease.key, output: output, lastEvent: branch.lastEvent)
            case .failBranch(let error, let cause):
                var failure = BranchFailure(error: error, cause: cause)
                if branch.phase != .fresh { failure.iteration = Int(commit.lease.key.id & 0xFFFF_FFFF) }
                outcome.holders += failFork(around: commit.lease.key, failure, lastEvent: branch.lastEvent, by: worker)
            case .endExecution(let end):
                outcome.holders += endExecution(commit.lease.key.execution, end, by: worker)
            default: break
            }
        }
        for (place, commit) in commits.enumerated() {
            outcome.results.append(result(of: commit, verdicts[place], first: firsts[place]))
        }
        return outcome
    }

    private func result(of commit: StepCommit, _ verdict: Verdict, first: Int?) -> CommitResult {
        var branch = commit.decision.branch
        switch verdict {
        case .refused: return .refused
        case .deferred: return .deferred
        case .valid:
            branch.recordEvents(from: first ?? 0)
            let fence = steps[commit.lease.key]?.fence ?? commit.lease.fence + 1
            let lease = StepLease(key: commit.lease.key, fence: fence)
            return .applied(lease: lease, decision: commit.decision.recorded(as: branch))
        case .done:
            guard let row = steps[commit.lease.key] else { return .refused }
            branch.recordEvents(
                last: row.branch.lastEvent,
                entered: row.branch.enteredEvent,
                scheduled: row.branch.scheduledEvent
            )
            let lease = StepLease(key: commit.lease.key, fence: commit.lease.fence + 1)
            return .applied(lease: lease, decision: commit.decision.recorded(as: branch), isRepeated: true)
        }
    }

    /// - Returns: the id of the first event.
    private mutating func recordEvents(of commit: StepCommit) -> Int? {
        let execution = commit.lease.key.execution
        let events = commit.decision.branch.events
        guard let last = heads[execution] else { return nil }
        var first = last + 1
        if bug == .idsFromSequence {
            sequence += 1
            first = max(first, sequence)
            sequence = first + events.count - 1
        }
        guard !events.isEmpty else { return first }
        heads[execution] = first + events.count - 1
        history[execution, default: []]
            .append(HistoryRow(first: first, step: commit.lease.key.id, at: now, events: events))
        return first
    }

    /// The step as the decision leaves it.
    private mutating func write(_ commit: StepCommit, first: Int, worker: PGUUID, lease: Duration) {
        guard var row = steps[commit.lease.key] else { return }
        let change = StepChange(commit)
        let isKept = change.action == "k"
        if let fork = row.fork { forget(fork, of: row.key) }
        row.branch = commit.decision.branch
        row.branch.taskInput = change.taskInput
        row.branch.recordEvents(from: first)
        row.applied = commit.lease.fence
        row.fence = isKept && bug == .keptLeaseKeepsFence ? row.fence : commit.lease.fence + 1
        row.nextFunction = change.function ?? ""
        row.isSuspect = false
        row.hasStarted = false
        row.losses = 0
        row.fork = nil
        row.outcome = nil
        if isKept {
            row.leaseUntil = end(ofLease: lease)
        } else {
            row.function = row.nextFunction
            row.wakeAt = nil
            row.leaseUntil = nil
        }
        switch change.action {
        case "k": row.status = .leased
        case "w":
            row.status = .waiting
            row.wakeAt = change.wakeAt
        case "f": row.status = .joining
        default:
            row.status = .ready
            row.runAt = change.runAt ?? commit.decision.branch.events.first?.timestamp ?? Timestamp(microseconds: 0)
        }
        steps[row.key] = row
        if case .fork(let fork) = commit.decision.next {
            start(fork, of: row.key, event: fork.event.recorded(from: first))
        }
        if case .startExecution(let child) = commit.decision.next { ask(for: child, from: row, change) }
    }
}

extension Decision {
    /// Whether steps of others go with it.
    fileprivate var endsOthers: Bool {
        switch next {
        case .failBranch, .endExecution: true
        default: false
        }
    }
}
