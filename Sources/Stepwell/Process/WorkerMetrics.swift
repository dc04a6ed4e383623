import Expressions
import Interpreter
import JSON
import Monitoring
import Postgres
import Store
import Synchronization

/// Counts what a worker does.
final class WorkerMetrics: Sendable {
    /// Functions that others offer come and go; more than these are not told apart.
    private static let mostFunctions = 1000

    private let counts = Mutex(WorkerFigures())

    var figures: WorkerFigures { counts.withLock(\.self) }

    /// The figures as the worker's row keeps them.
    var report: String { figures.json.text }

    /// A claim brought steps, the first of which had been ready since then.
    func claimed(_ count: Int, readySince: Timestamp?, now: Timestamp?) {
        guard count > 0 else { return }
        counts.withLock { counts in
            counts.claims += 1
            counts.claimedSteps += count
            guard let readySince, let now else { return }
            counts.claimLatency.add(max(0, Double(now.microseconds - readySince.microseconds)) / 1_000_000)
        }
    }

    func committed(_ commits: [StepCommit], _ results: [CommitResult]) {
        counts.withLock { counts in
            for (commit, result) in zip(commits, results) {
                switch result {
                case .applied: break
                case .refused:
                    counts.leaseLosses += 1
                    continue
                case .deferred: continue
                }
                counts.transitions += 1
                guard case .endExecution(let end) = commit.decision.next else { continue }
                switch end {
                case .succeeded: counts.executionsSucceeded += 1
                case .failed: counts.executionsFailed += 1
                case .timedOut: counts.executionsTimedOut += 1
                }
                if let endedAt = commit.decision.branch.events.last?.timestamp {
                    // An execution's id begins with the millisecond of its start.
                    let startedAt = Double(commit.lease.key.execution.high >> 16)
                    counts.executionTime.add(max(0, Double(endedAt.microseconds) / 1000 - startedAt))
                }
            }
        }
    }

    /// A step turned out to be this worker's no longer before its handler began.
    func lostLease() { counts.withLock { $0.leaseLosses += 1 } }

    /// A call of a function is over.
    func called(_ function: String, for duration: Duration, _ ending: Invocation.Ending) {
        if case .lost = ending { return lostLease() }
        counts.withLock { counts in
            let isKnown = counts.functions[function] != nil || counts.functions.count < Self.mostFunctions
            let name = isKnown ? function : "others"
            var calls = counts.functions[name] ?? WorkerFigures.Calls()
            switch ending {
            case .returned: calls.succeeded += 1
            case .threw: calls.failed += 1
            case .timedOut, .heartbeatMissed, .functionTimedOut: calls.timedOut += 1
            case .lost, .shutDown: return
            }
            calls.runTime.add(duration / .milliseconds(1))
            counts.functions[name] = calls
        }
    }
}
