import CoreMetrics
import Expressions
import Interpreter
import JSON
import Monitoring
import Postgres
import Store
import Synchronization

/// Counts what a worker does, through swift-metrics: for the worker's own page, and for whatever backend the program has
/// given to `MetricsSystem`.
final class WorkerMetrics: Sendable {
    /// Functions that others offer come and go; more than these are not told apart.
    private static let mostFunctions = 1000

    private final class Calls: Sendable {
        let succeeded: Counter
        let failed: Counter
        let timedOut: Counter
        let runTime: Recorder

        init(succeeded: Counter, failed: Counter, timedOut: Counter, runTime: Recorder) {
            self.succeeded = succeeded
            self.failed = failed
            self.timedOut = timedOut
            self.runTime = runTime
        }
    }

    /// What the worker's page shows.
    let registry = MetricsRegistry()
    private let maker: MetricsMaker
    private let claims: Counter
    private let claimedSteps: Counter
    private let claimLatency: Recorder
    private let transitions: Counter
    private let leaseLosses: Counter
    private let executionsSucceeded: Counter
    private let executionsFailed: Counter
    private let executionsTimedOut: Counter
    private let executionTime: Recorder
    private let slots: Meter
    private let freeSlots: Meter
    private let idleConnections: Meter
    private let usedConnections: Meter
    private let poolWaiters: Meter
    private let functions = Mutex<[String: Calls]>([:])

    init(worker: String) {
        maker = MetricsMaker(registry, dimensions: [("worker", worker)])
        claims = maker.counter(.claims)
        claimedSteps = maker.counter(.claimedSteps)
        claimLatency = maker.recorder(.claimLatency)
        transitions = maker.counter(.transitions)
        leaseLosses = maker.counter(.leaseLosses)
        executionsSucceeded = maker.counter(.executionsSucceeded)
        executionsFailed = maker.counter(.executionsFailed)
        executionsTimedOut = maker.counter(.executionsTimedOut)
        executionTime = maker.recorder(.executionTime)
        slots = maker.meter(.slots)
        freeSlots = maker.meter(.freeSlots)
        idleConnections = maker.meter(.poolConnections, ("state", "idle"))
        usedConnections = maker.meter(.poolConnections, ("state", "used"))
        poolWaiters = maker.meter(.poolWaiters)
    }

    var figures: WorkerFigures { WorkerFigures(registry) }

    /// The figures as the worker's row keeps them.
    var report: String { figures.json.text }

    /// A claim brought steps, the first of which had been ready since then.
    func claimed(_ count: Int, readySince: Timestamp?, now: Timestamp?) {
        guard count > 0 else { return }
        claims.increment()
        claimedSteps.increment(by: count)
        guard let readySince, let now else { return }
        claimLatency.record(max(0, Double(now.microseconds - readySince.microseconds)) / 1_000_000)
    }

    func committed(_ commits: [StepCommit], _ results: [CommitResult]) {
        var (applied, lost, succeeded, failed, timedOut) = (0, 0, 0, 0, 0)
        for (commit, result) in zip(commits, results) {
            switch result {
            case .applied: applied += 1
            case .refused:
                lost += 1
                continue
            case .deferred: continue
            }
            guard case .endExecution(let end) = commit.decision.next else { continue }
            switch end {
            case .succeeded: succeeded += 1
            case .failed: failed += 1
            case .timedOut: timedOut += 1
            }
            if let endedAt = commit.decision.branch.events.last?.timestamp {
                // An execution's id begins with the millisecond of its start.
                let startedAt = Double(commit.lease.key.execution.high >> 16)
                executionTime.record(max(0, Double(endedAt.microseconds) / 1000 - startedAt))
            }
        }
        for (counter, count) in [
            (transitions, applied), (leaseLosses, lost), (executionsSucceeded, succeeded), (executionsFailed, failed),
            (executionsTimedOut, timedOut),
        ] where count > 0 {
            counter.increment(by: count)
        }
    }

    /// A step turned out to be this worker's no longer before its handler began.
    func lostLease() { leaseLosses.increment() }

    /// A call of a function is over.
    func called(_ function: String, for duration: Duration, _ ending: Invocation.Ending) {
        let calls = calls(of: function)
        switch ending {
        case .returned: calls.succeeded.increment()
        case .threw: calls.failed.increment()
        case .timedOut, .heartbeatMissed, .functionTimedOut: calls.timedOut.increment()
        case .lost: return lostLease()
        case .shutDown: return
        }
        calls.runTime.record(duration / .milliseconds(1))
    }

    /// How the worker stands now.
    func observe(slots all: Int, free: Int, _ pool: PoolUse) {
        slots.set(all)
        freeSlots.set(free)
        idleConnections.set(pool.idle)
        usedConnections.set(pool.used)
        poolWaiters.set(pool.waiting)
    }

    private func calls(of function: String) -> Calls {
        functions.withLock { functions in
            if let calls = functions[function] { return calls }
            let name = functions.count < Self.mostFunctions ? function : "others"
            if let calls = functions[name] { return calls }
            let label = ("function", name)
            let calls = Calls(
                succeeded: maker.counter(.functionsSucceeded, label),
                failed: maker.counter(.functionsFailed, label),
                timedOut: maker.counter(.functionsTimedOut, label),
                runTime: maker.recorder(.functionRunTime, label)
            )
            functions[name] = calls
            return calls
        }
    }
}
