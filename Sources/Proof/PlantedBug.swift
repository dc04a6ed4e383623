#if FAULTS
    package import Stepwell
#endif

/// A bug of the protocol, put in on purpose: what the proofs have to catch.
package enum PlantedBug: String, CaseIterable, Sendable {
    // In the in-memory store, and by other means in PostgreSQL's functions.

    /// A transition looks only whether the step is leased, not by whom.
    case noFence
    /// A transition that keeps the lease leaves the fence as it is.
    case keptLeaseKeepsFence
    /// Claims and rescues leave the fence as it is.
    case claimKeepsFence
    /// The fence is looked at in one transaction and the decision written in another.
    case checkOutsideStatement
    /// A rescue believes `wake_at` and does not look at the lease.
    case rescueWithoutCheck
    /// A lease is extended for whoever asks.
    case extendsWithoutFence
    /// A lease is given back for whoever asks.
    case releasesWithoutFence
    /// A lost lease uses up the state's retries.
    case lossCountsAsRetry
    /// Event ids come from a sequence, as if it were shared by all executions.
    case idsFromSequence
    /// A start looks at no unique key.
    case startsTwice
    /// An ended execution leaves its timer.
    case endLeavesTimer
    /// A failed branch leaves its siblings.
    case siblingsStay
    /// A fork is joined one branch too early.
    case joinsEarly
    /// What ends an execution may share a call with its siblings.
    case endingNotAlone
    /// The child's start or end is applied whatever the step waits for.
    case deliversTwice
    /// A message is forgotten before it has been delivered.
    case messageForgottenFirst
    /// Leases end by the clock of the worker that claims.
    case workerClockForLeases

    #if FAULTS
        // In the worker.

        /// A decision that is refused is made again under the next fences.
        case redoesRefused
        /// The time that decisions are made by is that of the machine's own clock.
        case workerClockForTimers
        /// Only a hint wakes a worker.
        case wakesByHintOnly
        /// A handler goes on when its lease is over.
        case outlivesLease
        /// What was lost again as a suspect runs beside other suspects.
        case suspectsNeverAlone

        /// The bug as the worker knows it; nil: it is one of the store's.
        package var inWorker: WorkerBug? { WorkerBug(rawValue: rawValue) }
    #endif

    /// Whether a few thousand schedules show it. The others do harm too rarely, or never as long as workers behave: it is
    /// the contract that forbids them.
    package var isVisible: Bool {
        switch self {
        case .extendsWithoutFence, .releasesWithoutFence, .endingNotAlone: false
        default: true
        }
    }
}
