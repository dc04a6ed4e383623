package import Expressions
package import Postgres

/// Where a live branch of an execution stands, and why it doesn't move: read with the conditions under which a claim
/// takes a row, so that what is said here is what a worker sees.
package struct BranchStanding: Sendable {
    /// Why a branch stands where it stands.
    package enum Reason: Sendable, Hashable {
        /// It is the timer of the execution's `TimeoutSeconds`.
        case timesOut(at: Timestamp)
        /// It is not due yet.
        case sleeps(until: Timestamp)
        /// An attempt of `Retry`, the one of this number, is not due yet.
        case retries(number: Int, at: Timestamp)
        /// It is due, and no live worker offers the function; nil: no worker lives at all.
        case noWorker(function: String?)
        /// It is due, and none of the workers that could take it claims such work at present.
        case workersBusy([BusyWorker])
        /// It is due, and this version doesn't know what to do with it: its workers give it back.
        case unknownPhase(String)
        /// It is due, and a transaction of another session has its row: claims pass over it.
        case locked(Session)
        /// It is due, and a worker takes it with its next claim.
        case ready(since: Timestamp)
        /// A worker has it: it calls the function, or (nil) takes the branch further.
        case leased(worker: String?, until: Timestamp, function: String?)
        /// An express execution runs in a worker's memory.
        case runsInMemory(worker: String?, until: Timestamp)
        /// The worker that had it let its lease run out: another one that lives takes it over.
        case leaseOver(worker: String?, since: Timestamp)
        /// It waits for an answer that names its task token.
        case waitsForAnswer
        /// It waits until somebody asks for a task of an activity; so many wait for one.
        case waitsForActivity(String, pollers: Int)
        /// The execution that it starts has not been started yet; if that was tried in vain, so often, and again then.
        case startsExecution(attempts: Int, again: Timestamp?)
        /// It waits for the end of the execution that it has started.
        case waitsForExecution
        /// It waits for so many branches of its own, some of which begin only when others have ended.
        case joins(left: Int, notBegun: Int)
        /// Its map run goes on; no items: they are being read.
        case mapRun(PGUUID, items: Int?, concurrency: Int?)
    }

    /// A worker that could take a step and doesn't.
    package struct BusyWorker: Sendable, Hashable {
        package enum Obstacle: String, Sendable, Hashable {
            /// It has as much in hand as it has slots.
            case full
            /// It runs a step that a worker was lost with, and nothing beside it.
            case runsAlone
            /// As many calls of the function run in it as it allows itself at once.
            case functionLimit
            /// Its share of what may run of the function at once in the whole installation is used up.
            case reservedConcurrency
            /// Its share of the calls of the function that may begin in a second is used up.
            case rateLimit
            /// Too many handlers of the function ignore that their calls are over.
            case lateHandlers
        }

        package var name: String
        package var obstacle: Obstacle

        package init(name: String, obstacle: Obstacle) {
            self.name = name
            self.obstacle = obstacle
        }
    }

    package var id: Int64
    package var state: String
    /// The reason, for programs.
    package var status: String { reason.code }
    package var reason: Reason
    package var enteredAt: Timestamp?
    package var retryCount: Int
    /// When a Task that waits times out, and by when it must give a sign of life.
    package var deadline: Timestamp?
    package var heartbeatDue: Timestamp?
    /// A worker was lost with it: it runs beside others of the kind, and alone once it was lost again.
    package var isSuspect: Bool
    /// How often the process ended while it ran as a suspect.
    package var losses: Int
    package var lastEvent: Int
}

extension BranchStanding.Reason {
    fileprivate var code: String {
        switch self {
        case .timesOut: "timer"
        case .sleeps: "sleeping"
        case .retries: "retrying"
        case .noWorker: "no worker"
        case .workersBusy: "workers busy"
        case .unknownPhase: "unknown phase"
        case .locked: "locked"
        case .ready: "ready"
        case .leased: "leased"
        case .runsInMemory: "in memory"
        case .leaseOver: "lease over"
        case .waitsForAnswer: "waiting"
        case .waitsForActivity: "waiting for activity"
        case .startsExecution: "starting execution"
        case .waitsForExecution: "waiting for execution"
        case .joins: "joining"
        case .mapRun: "map run"
        }
    }
}

/// A session of the database that others wait for.
package struct Session: Sendable, Hashable {
    package var pid: Int
    /// What it calls itself.
    package var application: String
    /// When its transaction began.
    package var since: Timestamp
}

/// What the branches of an execution wait for, and what else is in their way.
package struct ExecutionStanding: Sendable {
    package var branches: [BranchStanding]
    /// A transaction that keeps the root branch's row: what workers do for the execution can't be recorded. nil where that
    /// is what the root branch itself waits for.
    package var lockedBy: Session?
    /// A transaction so old that the dead rows of the queue can't be removed: claims pass over more and more of them.
    package var oldSnapshot: Session?
    /// How many workers live.
    package var liveWorkers: Int
}

/// A session that keeps workers from writing a table at all.
package struct TableLock: Sendable, Hashable {
    package var table: String
    /// As PostgreSQL names it: `AccessExclusiveLock`.
    package var mode: String
    package var session: Session
}
