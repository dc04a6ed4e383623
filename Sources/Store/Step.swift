import Expressions
package import Interpreter
import JSON
package import Postgres
import StatesLanguage

/// Which step of which execution: the primary key of a row of `steps`.
package struct StepKey: Sendable, Hashable, Comparable {
    package var bucket: Int32
    package var execution: PGUUID
    /// 0: the root branch; 1: the timer of the execution's `TimeoutSeconds`; else a child of a Parallel or Map.
    package var id: Int64

    package init(bucket: Int32, execution: PGUUID, id: Int64) {
        self.bucket = bucket
        self.execution = execution
        self.id = id
    }

    /// The order in which rows are locked.
    package static func < (left: StepKey, right: StepKey) -> Bool {
        (left.bucket, left.execution, left.id) < (right.bucket, right.execution, right.id)
    }

    package var isTimer: Bool { id == 1 }

    /// Ids of executions that were started together differ in their first half, others in their second; the bucket tells no
    /// more apart.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(execution.high ^ execution.low)
        hasher.combine(id)
    }
}

/// The right to write one step, once: every write names the fence that its holder read and raises it.
package struct StepLease: Sendable, Hashable {
    package var key: StepKey
    package var fence: Int64
    /// Where the execution's own row is believed to be, which saves looking for it; says nothing about the right.
    package var executionRow: PGRowID?

    package init(key: StepKey, fence: Int64, executionRow: PGRowID? = nil) {
        self.key = key
        self.fence = fence
        self.executionRow = executionRow
    }

    package static func == (left: StepLease, right: StepLease) -> Bool {
        left.fence == right.fence && left.key == right.key
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(key)
        hasher.combine(fence)
    }
}

/// A step that a claim has leased to this process, with everything that the interpreter needs.
package final class ClaimedStep: Sendable {
    package let lease: StepLease
    package let revision: Revision
    package let execution: ExecutionInfo
    package let branch: Branch
    /// What happened while nobody held the step; `.due` when nothing did.
    ///
    /// After a worker was lost, a failure may wait for a branch that has not reached its Task on record yet (phases
    /// `fresh`, `entering` and `retrying`): then advance by `.due` first, and by this where that leads to an invocation.
    package let outcome: Outcome
    /// A worker was lost while it held this step: run it beside other suspects at most, see ``Store/startSuspect(_:)``.
    package let isSuspect: Bool
    /// How often the process has ended since this step was known to be a suspect and its handler had begun. If it has: run
    /// it alone.
    package let losses: Int

    /// Whether the execution runs in memory: this is its start, and its end will be the next that is recorded.
    package var isExpress: Bool {
        key.id == 0 && branch.phase == .fresh && revision.runsInMemory(from: branch.state)
    }

    package init(
        lease: StepLease,
        revision: Revision,
        execution: ExecutionInfo,
        branch: Branch,
        outcome: Outcome,
        isSuspect: Bool,
        losses: Int
    ) {
        self.lease = lease
        self.revision = revision
        self.execution = execution
        self.branch = branch
        self.outcome = outcome
        self.isSuspect = isSuspect
        self.losses = losses
    }

    /// The same step with its branch standing somewhere else.
    package func standing(at branch: Branch) -> ClaimedStep {
        ClaimedStep(
            lease: lease,
            revision: revision,
            execution: execution,
            branch: branch,
            outcome: outcome,
            isSuspect: isSuspect,
            losses: losses
        )
    }

    package var key: StepKey { lease.key }

    /// Whether its execution is a child of a map run.
    package var isInMapRun: Bool { revision.machine.mapLabel(around: branch.state) != nil }

    /// What the handler sees as its idempotency key: the same for every attempt at one stay in a state.
    ///
    /// - Parameter entry: how many states the branch has entered.
    package static func idempotencyKey(_ key: StepKey, entry: Int) -> String {
        "\(key.execution)-\(key.id)-\(entry)"
    }
}

/// One decision to be made durable.
package final class StepCommit: Sendable {
    package let lease: StepLease
    package let revision: Revision
    package let decision: Decision
    /// Whether the worker goes on with the step: it will run `decision.next` itself (an invocation of a function it
    /// has, or `proceed`), so the lease stays.
    package let keepsLease: Bool

    package init(lease: StepLease, revision: Revision, decision: Decision, keepsLease: Bool) {
        self.lease = lease
        self.revision = revision
        self.decision = decision
        self.keepsLease = keepsLease
    }
}

/// What became of one decision.
package enum CommitResult: Sendable {
    /// It is durable. `lease` is the next fence, meaningful when the lease was kept; the branch of `decision` has its events
    /// recorded and its references numbered. `isRepeated`: an earlier call of the same did it, and a kept lease counts from
    /// then.
    case applied(lease: StepLease, decision: Decision, isRepeated: Bool = false)
    /// The step is not this process's any more: drop everything, write nothing.
    case refused
    /// Another decision about the same execution went first: send it again.
    case deferred
}

/// What a batch of decisions led to.
package struct CommitOutcome: Sendable {
    /// One per decision, in order.
    package var results: [CommitResult]
    /// Worker instances that hold leases on steps that are gone now: they should be told with
    /// ``Store/notifyWorkers(_:)``.
    package var holders: [PGUUID]

    package init(results: [CommitResult], holders: [PGUUID]) {
        self.results = results
        self.holders = holders
    }
}
