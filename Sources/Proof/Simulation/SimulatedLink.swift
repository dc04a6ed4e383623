import Expressions
import Interpreter
import Postgres
import Store

/// A process's way to the database: it takes time, and requests and answers get lost or come late.
final class SimulatedLink: MemoryConnection {
    private let world: World
    private let process: SimulatedProcess

    init(_ world: World, _ process: SimulatedProcess) {
        self.world = world
        self.process = process
    }

    var settings: Settings { world.settings }
    var bug: PlantedBug? { world.bug }

    func call<Answer: Sendable>(
        _ body: @escaping @Sendable (inout MemoryState) throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        guard !process.isDead else { throw Self.lost }
        let scheduler = world.scheduler
        let fate = world.network.fate(scheduler)
        let result = await withCheckedContinuation { continuation in
            let answer = PendingAnswer<Answer>(continuation)
            let number = process.begin { answer.give(.failure(Self.lost)) }
            answer.onEnd = { [process] in process.end(number) }
            if let givesUp = fate.givesUpAfter {
                let error = fate.arrival == nil ? Self.lost : Self.unknown
                scheduler.after(givesUp) { answer.give(.failure(error)) }
            }
            guard let arrival = fate.arrival else { return }
            scheduler.after(arrival) { [world, process] in
                world.note("\(process.name) asks for \(Answer.self)")
                guard let result = world.perform(body, for: process) else {
                    return answer.give(.failure(Self.lost))
                }
                guard let way = fate.wayBack else { return }
                scheduler.after(way) { answer.give(result) }
            }
        }
        return try result.get()
    }

    // MARK: What the witness wants to see

    func claim(
        bucket: Int32,
        functions: [String],
        limit: Int,
        worker: PGUUID,
        lease: Duration,
        from: Timestamp?
    ) async throws(StoreError) -> Claim {
        try await call { [world, process] state in
            let claim = state.claim(
                bucket: bucket,
                functions: functions,
                limit: limit,
                worker: worker,
                lease: lease,
                from: from
            )
            for step in claim.steps {
                world.note("\(process.name) claims \(step.key.id) of \(step.execution.name), fence \(step.lease.fence)")
                world.witness.granted(step.key, to: process, at: state.now)
            }
            return claim
        }
    }

    func commit(
        _ commits: [StepCommit],
        bucket: Int32,
        worker: PGUUID,
        lease: Duration
    ) async throws(StoreError) -> CommitOutcome {
        guard bug == .checkOutsideStatement else {
            return try await call { [world, process] state in
                let verdicts = state.judge(commits, worker)
                world.watch(commits, verdicts, of: process)
                return state.apply(commits, verdicts, worker: worker, lease: lease)
            }
        }
        let verdicts = try await call { $0.judge(commits, worker) }
        return try await call { [world, process] state in
            world.watch(commits, verdicts, of: process)
            return state.apply(commits, verdicts, worker: worker, lease: lease)
        }
    }

    func startSuspect(_ lease: StepLease) async throws(StoreError) -> Bool {
        try await call { [world, process] state in
            let losses = state.losses(of: lease.key)
            let starts = state.startSuspect(lease)
            if starts { world.witness.suspectStarts(lease, on: process, losses: losses) }
            return starts
        }
    }

    private static let lost = StoreError.postgres(PostgresError(.connectionLost, "the connection was lost"))
    private static let unknown = StoreError.postgres(PostgresError(.outcomeUnknown, "the answer was lost"))
}

/// An answer that somebody waits for; what comes after the first one is dropped.
///
/// `@unchecked Sendable`: only the scheduler's thread uses it.
private final class PendingAnswer<Answer: Sendable>: @unchecked Sendable {
    typealias Result = Swift.Result<Answer, StoreError>

    private var continuation: CheckedContinuation<Result, Never>?
    var onEnd: (() -> Void)?

    init(_ continuation: CheckedContinuation<Result, Never>) {
        self.continuation = continuation
    }

    func give(_ result: Result) {
        guard let continuation else { return }
        self.continuation = nil
        onEnd?()
        onEnd = nil
        continuation.resume(returning: result)
    }
}

/// How bad the network is.
struct SimulatedNetwork {
    /// What becomes of one request.
    struct Fate {
        /// How long it travels; nil: it never arrives.
        var arrival: Duration?
        /// How long its answer travels; nil: that never arrives.
        var wayBack: Duration?
        /// When whoever sent it gives up; nil: never.
        var givesUpAfter: Duration?
    }

    /// How often a request or an answer is lost, or a request arrives after its sender has given up.
    var loss: Double
    /// How often a request travels for long.
    var delay: Double

    func fate(_ scheduler: Scheduler) -> Fate {
        let way = scheduler.happens(delay) ? scheduler.duration(1000...1_500_000) : scheduler.duration(50...900)
        let back = scheduler.duration(50...600)
        guard scheduler.happens(loss) else { return Fate(arrival: way, wayBack: back, givesUpAfter: nil) }
        let patience = scheduler.duration(1000...800_000)
        switch scheduler.below(3) {
        case 0: return Fate(arrival: nil, wayBack: nil, givesUpAfter: patience)
        case 1: return Fate(arrival: min(way, patience), wayBack: nil, givesUpAfter: patience)
        default: return Fate(arrival: patience + way, wayBack: nil, givesUpAfter: patience)
        }
    }
}
