import Logging
import Postgres
import Store
import Synchronization

/// Makes the decisions of one bucket durable, those that are ready together in one call.
final class Committer: Sendable {
    /// What became of a decision, and when the request that did it was sent: a kept lease counts from then.
    struct Written: Sendable {
        var result: CommitResult
        var sentAt: ContinuousClock.Instant
    }

    private enum Turn: Sendable {
        case lead
        case done(Written)
    }

    /// Batches beyond this gain nothing and hold their locks for longer.
    private static let maximumCount = 500
    private static let maximumWeight = 16 << 20
    /// How often a batch lets the tasks run that are ready.
    private static let longestGathering = 8

    private let bucket: Int32
    private let database: any StepDatabase
    private let lease: Duration
    private let logger: Logger
    private let surroundings: any Surroundings
    private let queue = Mutex(
        CommitQueue<StepCommit, CheckedContinuation<Turn, Never>>(
            maximumCount: maximumCount,
            maximumWeight: maximumWeight
        )
    )
    private let isGivenUp = Atomic(false)

    init(
        bucket: Int32,
        database: any StepDatabase,
        lease: Duration,
        logger: Logger,
        surroundings: any Surroundings = ProcessSurroundings()
    ) {
        self.bucket = bucket
        self.database = database
        self.lease = lease
        self.logger = logger
        self.surroundings = surroundings
    }

    /// Makes a decision durable, however long the database is away.
    ///
    /// - Parameters:
    ///   - weight: about how many bytes it has.
    ///   - expectsCompany: whether others may be about to come: if so, they are waited for as long as some do come.
    func commit(_ commit: StepCommit, weight: Int, expectsCompany: Bool = true) async -> Written {
        let turn = await withCheckedContinuation { continuation in
            let leads = queue.withLock { $0.add(commit, weight: weight, waiter: continuation) }
            if leads { continuation.resume(returning: .lead) }
        }
        switch turn {
        case .done(let written): return written
        case .lead: return await lead(gathers: expectsCompany)
        }
    }

    /// Stops waiting for a database that is away: what can't be written is given up.
    func giveUp() {
        isGivenUp.store(true, ordering: .relaxed)
    }

    private func lead(gathers: Bool) async -> Written {
        // Handlers that are about to return come along, as long as each round brings some.
        var count = 0
        for _ in 0..<(gathers ? Self.longestGathering : 0) {
            let before = count
            await Task.yield()
            count = queue.withLock(\.count)
            guard count > max(1, before) else { break }
        }
        let batch = queue.withLock { $0.takeBatch() }
        let written = await send(batch.items)
        queue.withLock { $0.finish() }?.resume(returning: .lead)
        for (waiter, written) in zip(batch.waiters, written).dropFirst() { waiter.resume(returning: .done(written)) }
        return written[0]
    }

    /// Sends decisions until the database has said of each what became of it.
    func send(_ commits: [StepCommit]) async -> [Written] {
        var written = commits.map { _ in Written(result: .refused, sentAt: surroundings.now) }
        var parts = [Array(commits.indices)]
        var firstSentAt: [Int: ContinuousClock.Instant] = [:]
        var backoff = Backoff(surroundings)
        while let part = parts.popLast() {
            let sentAt = surroundings.now
            CrashPoint.completeSent.pass()
            do throws(StoreError) {
                let results = try await database.commit(part.map { commits[$0] }, bucket: bucket, lease: lease)
                CrashPoint.completeAcked.pass()
                var deferred: [Int] = []
                for (index, result) in zip(part, results) {
                    // A request whose answer got lost granted the lease that it is about.
                    let isRepeated = if case .applied(_, _, isRepeated: true) = result { true } else { false }
                    let grantedBy = isRepeated ? firstSentAt[index] ?? sentAt : sentAt
                    written[index] = Written(result: result, sentAt: grantedBy)
                    if case .deferred = result { deferred.append(index) }
                }
                if !deferred.isEmpty { parts.append(deferred) }
                backoff.reset()
            } catch {
                for index in part where firstSentAt[index] == nil { firstSentAt[index] = sentAt }
                guard !isGivenUp.load(ordering: .relaxed) else { break }
                switch CommitFailure(error) {
                case .database:
                    logger.debug("Waiting for the database", metadata: ["error": "\(error)"])
                    await backoff.wait()
                    parts.append(part)
                case .batch where part.count > 1:
                    parts.append(Array(part[(part.count / 2)...]))
                    parts.append(Array(part[..<(part.count / 2)]))
                case .batch where error.isTransient:
                    await backoff.wait()
                    parts.append(part)
                case .batch:
                    // Its lease will end, and then it is tried again; until somebody mends the cause, that goes on.
                    logger.error(
                        "PostgreSQL refuses to store a step",
                        metadata: ["error": "\(error)", "step": "\(commits[part[0]].lease.key)"]
                    )
                }
            }
        }
        return written
    }
}

/// What a failed commit asks for.
private enum CommitFailure {
    /// The database is away, or its answer got lost: the same call again.
    case database
    /// Something about this batch, such as a lock: smaller ones.
    case batch

    init(_ error: StoreError) {
        guard case .postgres(let error) = error else {
            self = .batch
            return
        }
        switch error.kind {
        case .connectionLost, .outcomeUnknown, .connectFailed, .poolTimeout, .cancelled: self = .database
        case .server(let state) where state.isClass("53") || state.isClass("57") || state.isClass("08"):
            self = .database
        case .server, .decoding, .configuration, .poolClosed: self = .batch
        }
    }
}
