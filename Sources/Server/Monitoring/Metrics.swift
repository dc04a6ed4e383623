import CoreMetrics
import Monitoring
import Store
import Synchronization

/// Counts what the server does through swift-metrics, and shows it with what the database knows.
final class Metrics: Sendable {
    private struct RequestKey: Hashable {
        let operation: String
        let status: Int
    }

    private struct Requests {
        var counts: [RequestKey: Counter] = [:]
        var seconds: [String: FloatingPointCounter] = [:]
    }

    private let registry = MetricsRegistry()
    private let maker: MetricsMaker
    private let started: Counter
    private let aborted: Counter
    private let redriven: Counter
    private let pollers: Meter
    private let requests = Mutex(Requests())

    init() {
        maker = MetricsMaker(registry)
        started = maker.counter(.executionsStarted)
        aborted = maker.counter(.executionsAborted)
        redriven = maker.counter(.executionsRedriven)
        pollers = maker.meter(.activityPollers)
    }

    func executionStarted() { started.increment() }
    func executionAborted() { aborted.increment() }
    func executionRedriven() { redriven.increment() }

    /// - Parameter operation: the name of an operation, not text of a caller: it is kept for good.
    func requestEnded(operation: String, status: Int, duration: Duration) {
        let (count, seconds) = requests.withLock { requests in
            let key = RequestKey(operation: operation, status: status)
            let count =
                requests.counts[key]
                ?? maker.counter(.requests, ("operation", operation), ("status", "\(status)"))
            let seconds =
                requests.seconds[operation] ?? maker.floatingPointCounter(.requestSeconds, ("operation", operation))
            requests.counts[key] = count
            requests.seconds[operation] = seconds
            return (count, seconds)
        }
        count.increment()
        seconds.increment(by: duration / .seconds(1))
    }

    /// - Parameter waiting: how many wait here for tasks of activities.
    func text(of store: Store, pollers waiting: Int) async -> String {
        pollers.set(waiting)
        var page = MetricsPage()
        page.add(registry)
        do throws(StoreError) {
            page.add(try await store.queueFigures())
            page.add(try await store.workerReports().map { ($0.name, WorkerFigures($0.figures)) })
        } catch {
            page.add("stepwell_database_up", "gauge", "Whether the database answers.", 0)
        }
        return page.text
    }
}
