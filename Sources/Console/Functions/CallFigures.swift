import Monitoring
import Store

/// The calls of a function that the workers that live have made since they began.
struct CallFigures {
    private(set) var succeeded = 0
    private(set) var failed = 0
    private(set) var timedOut = 0
    private var milliseconds = 0.0

    /// What a number of a worker's row may say at most: it is only what somebody has written there.
    private static let most = 1 << 52

    private mutating func add(_ calls: WorkerFigures.Calls) {
        func bounded(_ number: Int) -> Int { min(max(0, number), Self.most) }
        succeeded += bounded(calls.succeeded)
        failed += bounded(calls.failed)
        timedOut += bounded(calls.timedOut)
        milliseconds += calls.runTime.sum
    }

    /// By function.
    static func all(_ reports: [QueueFigures.WorkerReport]) -> [String: CallFigures] {
        reports.reduce(into: [:]) { all, report in
            for (name, calls) in WorkerFigures(report.figures).functions {
                all[name, default: CallFigures()].add(calls)
            }
        }
    }

    /// How long a call took on average, in microseconds; nil: there was none.
    var average: Int64? {
        let count = succeeded + failed + timedOut
        guard count > 0, milliseconds.isFinite else { return nil }
        return Int64(min(max(0, milliseconds / Double(count)), 1e12) * 1000)
    }
}
