import Expressions
import Interpreter
import JSON
import Postgres
import Store

extension MemoryState {
    mutating func extend(_ leases: [StepLease], lease: Duration) -> Set<StepKey> {
        var kept: Set<StepKey> = []
        for held in leases {
            guard let row = steps[held.key], row.status == .leased,
                row.fence == held.fence || bug == .extendsWithoutFence
            else { continue }
            let until = end(ofLease: lease)
            steps[held.key]?.leaseUntil = until
            kept.insert(held.key)
        }
        return kept
    }

    mutating func release(_ leases: [StepLease], worker: PGUUID, delay: Duration) -> Int {
        var count = 0
        for held in leases {
            guard var row = steps[held.key], row.status == .leased else { continue }
            // A transition of the caller's that was applied although its answer got lost counts as its lease.
            let isTheirs = row.worker == worker && (row.fence == held.fence || row.applied == held.fence)
            guard isTheirs || bug == .releasesWithoutFence else { continue }
            let keepsPlace = FairRule.isLane(row.nextFunction)
            row.becomeReady(at: keepsPlace ? time(delay, after: row.runAt) : later(delay), function: row.nextFunction)
            row.hasStarted = false
            steps[held.key] = row
            count += 1
        }
        return count
    }

    mutating func startSuspect(_ lease: StepLease) -> Bool {
        guard let row = steps[lease.key], row.status == .leased, row.fence == lease.fence else { return false }
        steps[lease.key]?.hasStarted = true
        return true
    }

    /// How often the process ended since the step was a suspect.
    func losses(of key: StepKey) -> Int { steps[key]?.losses ?? 0 }

    mutating func releaseWorker(_ instance: PGUUID) -> Int {
        let lost = steps.values.filter { $0.status == .leased && $0.worker == instance }.map(\.key).sorted()
        for key in lost { loseLease(key) }
        return lost.count
    }

    mutating func sweep(bucket: Int32, limit: Int) -> Int {
        let due = steps.values
            .filter { row in row.key.bucket == bucket && row.wakeAt.map { $0 <= now } ?? false }
            .sorted { ($0.wakeAt ?? now, $0.key) < ($1.wakeAt ?? now, $1.key) }
            .prefix(limit)
        for row in due {
            if takeAnswer(row.key) { continue }
            switch row.status {
            case .leased:
                let isOver = row.leaseUntil.map { $0 <= now } ?? true
                if isOver || bug == .rescueWithoutCheck {
                    loseLease(row.key)
                } else {
                    steps[row.key]?.wakeAt = row.leaseUntil
                }
            case .waiting: lookAtWait(row.key)
            case .ready, .joining: break
            }
        }
        return due.count
    }

    /// A leased step whose worker is gone is ready again, and a suspect from now on. If its handler had begun while it
    /// was one, that counts, and the third time it fails as a task error instead of running again.
    private mutating func loseLease(_ key: StepKey) {
        guard var row = steps[key] else { return }
        row.losses += row.hasStarted ? 1 : 0
        if row.outcome == nil, let deadline = row.branch.deadline, deadline <= now {
            row.outcome = .timedOut
        } else if row.outcome == nil, row.losses >= Self.lossLimit {
            let cause = JSONValue.object([
                "errorType": .string(Self.lossError),
                "errorMessage": .string(
                    "The worker process ended \(row.losses) times while it ran function \(row.nextFunction),"
                        + " all but the first time with nothing beside it."
                ),
            ])
            row.outcome = .failed(error: Self.lossError, cause: cause.text)
        }
        let hears = row.outcome != nil && row.branch.phase == .invoking
        let fence = row.fence
        let keepsPlace = row.outcome == nil && FairRule.isLane(row.nextFunction)
        row.becomeReady(at: keepsPlace ? row.runAt : now, function: hears ? "" : row.nextFunction)
        if bug == .claimKeepsFence { row.fence = fence }
        row.isSuspect = true
        row.hasStarted = false
        if bug == .lossCountsAsRetry { row.branch.retrierUses = [9] }
        steps[key] = row
    }

    /// How often a step may end its worker.
    static let lossLimit = 3
    /// The error that a step fails with which did so too often.
    package static let lossError = "Runtime.ExitError"

    private mutating func lookAtWait(_ key: StepKey) {
        guard var row = steps[key] else { return }
        var due: Timestamp?
        if let deadline = row.branch.deadline, deadline <= now {
            row.outcome = .timedOut
        } else if let seconds = row.branch.heartbeatSeconds, let wakeAt = row.wakeAt {
            // The first look comes a second after the wait began, or when a heartbeat is due.
            let isKnown = row.heartbeatEvent == StepRow.id(row.branch.scheduledEvent)
            due = isKnown ? row.heartbeatDue : wakeAt.adding(seconds: Int64(seconds) - 1)
            if let due, due <= now { row.outcome = .heartbeatMissed }
        }
        if row.outcome == nil {
            row.wakeAt = [row.branch.deadline, due].compactMap(\.self).min()
            row.heartbeatDue = due
            row.heartbeatEvent = due.map { _ in StepRow.id(row.branch.scheduledEvent) }
        } else {
            row.becomeReady(at: now, function: "")
        }
        steps[key] = row
    }
}
