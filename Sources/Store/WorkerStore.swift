package import Expressions
package import Interpreter
package import Postgres

/// What a worker needs of whoever keeps the steps: the verbs of the worker's protocol and nothing else.
///
/// ``Store`` keeps them in PostgreSQL. Whoever else keeps them has to pass the same contract suite.
package protocol WorkerStore: Sendable {
    /// What is fixed for the whole installation.
    var settings: Settings { get }

    /// Makes the task tokens of one step.
    func taskTokenIssuer(for key: StepKey) -> TaskTokenIssuer

    // MARK: Workers

    /// Enters a worker, and answers the dead instance that had its name before.
    func register(_ worker: WorkerRecord) async throws(StoreError) -> PGUUID?
    /// Says that a worker lives, and whether it sleeps.
    func heartbeat(_ worker: WorkerRecord) async throws(StoreError)
    /// Makes the steps that a dead instance held ready at once.
    func releaseWorker(_ instance: PGUUID) async throws(StoreError) -> Int
    /// Hints workers that sleep that there is work in some buckets.
    func notifyWork(buckets: [Int32], from worker: PGUUID) async
    /// Hints worker instances that some of their leases are gone.
    func notifyWorkers(_ instances: [PGUUID]) async

    // MARK: Steps

    /// Looks what is due in all buckets and what will be next.
    func probe(functions: [String]) async throws(StoreError) -> Probe
    /// Leases ready steps of one bucket.
    func claim(
        bucket: Int32,
        functions: [String],
        limit: Int,
        worker: PGUUID,
        lease: Duration,
        from: Timestamp?
    ) async throws(StoreError) -> Claim
    /// Makes decisions about steps of one bucket durable, all of them or none.
    func commit(
        _ commits: [StepCommit],
        bucket: Int32,
        worker: PGUUID,
        lease: Duration
    ) async throws(StoreError) -> CommitOutcome
    /// Extends leases from now on, and answers which steps are still the caller's.
    func extend(_ leases: [StepLease], bucket: Int32, lease: Duration) async throws(StoreError) -> Set<StepKey>
    /// Gives leases back, for the same work.
    func release(
        _ leases: [StepLease],
        bucket: Int32,
        worker: PGUUID,
        delay: Duration
    ) async throws(StoreError) -> Int
    /// Notes that the handler of a suspect begins.
    func startSuspect(_ lease: StepLease) async throws(StoreError) -> Bool

    // MARK: What belongs to nobody in particular

    /// Rescues steps whose lease is over and ends waits that took too long.
    func sweep(bucket: Int32, limit: Int) async throws(StoreError) -> Int
    /// Delivers what crosses buckets.
    func deliverOutbox(bucket: Int32, limit: Int) async throws(StoreError) -> Int
    /// Gives tasks the answers that came before they began to wait for them.
    func applyAnswers(bucket: Int32) async throws(StoreError) -> Int
    /// Stops the executions that steps of an execution waited for which are gone now.
    func stopChildren(of execution: PGUUID, bucket: Int32) async throws(StoreError)
    /// Sees to it that looks for what is due stay quick while old rows can't be cleared away.
    func raiseLowWater(functions: [String]) async throws(StoreError)
    /// Makes sure that there is room for what the coming weeks bring.
    func createPartitions() async throws(StoreError)
    /// Lets executions time out that have run for a year, where the limits are AWS's.
    func timeOutOldExecutions() async throws(StoreError)

    // MARK: What steps can ask for

    /// Whether there is an activity of this name.
    func hasActivity(_ name: String) async throws(StoreError) -> Bool
    /// Wakes one of those who wait for tasks of an activity.
    func wakeActivity(_ name: String) async
    /// Says which services a worker can call.
    func offerServices(_ names: [String]) async throws(StoreError)
    /// The services that some worker can call, or could a day ago.
    func offeredServices() async throws(StoreError) -> Set<String>
}

extension WorkerStore {
    /// The bounds that the interpreter keeps.
    package var limits: Limits {
        Limits(
            payloadBytes: settings.payloadBytes,
            historyEvents: settings.historyEvents,
            iterationsAtOnce: settings.isStrict ? 40 : nil
        )
    }
}

extension Store: WorkerStore {
    package func taskTokenIssuer(for key: StepKey) -> TaskTokenIssuer { taskTokens.issuer(for: key) }

    package func hasActivity(_ name: String) async throws(StoreError) -> Bool {
        do throws(StoreError) {
            _ = try await activity(name)
            return true
        } catch .activityDoesNotExist {
            return false
        }
    }
}
