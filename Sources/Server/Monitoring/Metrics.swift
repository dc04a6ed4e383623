import Monitoring
import Store
import Synchronization

/// Counts what the server does, and shows it with what the database knows, in Prometheus's text format. Where AWS has a
/// metric of the same meaning it has AWS's name.
final class Metrics: Sendable {
    private struct RequestKey: Hashable {
        let operation: String
        let status: Int
    }

    private struct Counts {
        var requests: [RequestKey: Int] = [:]
        var seconds: [String: Double] = [:]
        var started = 0
        var aborted = 0
        var redriven = 0
    }

    private let counts = Mutex(Counts())

    func executionStarted() { counts.withLock { $0.started += 1 } }
    func executionAborted() { counts.withLock { $0.aborted += 1 } }
    func executionRedriven() { counts.withLock { $0.redriven += 1 } }

    /// - Parameter operation: the name of an operation, not text of a caller: it is kept for good.
    func requestEnded(operation: String, status: Int, duration: Duration) {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        counts.withLock { counts in
            counts.requests[RequestKey(operation: operation, status: status), default: 0] += 1
            counts.seconds[operation, default: 0] += seconds
        }
    }

    /// - Parameter pollers: how many wait here for tasks of activities.
    func text(of store: Store, pollers: Int) async -> String {
        var page = MetricsPage()
        let counts = counts.withLock(\.self)
        page.add("ExecutionsStarted", "counter", "Executions that this server has started.", counts.started)
        page.add("ExecutionsAborted", "counter", "Executions that this server has stopped.", counts.aborted)
        page.add("ExecutionsRedriven", "counter", "Executions that this server has redriven.", counts.redriven)
        page.add("stepwell_activity_pollers", "gauge", "Callers that wait here for tasks of activities.", pollers)
        page.begin("stepwell_requests_total", "counter", "Requests by operation and HTTP status.")
        for (key, count) in counts.requests.sorted(by: {
            ($0.key.operation, $0.key.status) < ($1.key.operation, $1.key.status)
        }) {
            page.add("stepwell_requests_total", ["operation": key.operation, "status": "\(key.status)"], count)
        }
        page.begin("stepwell_request_seconds_total", "counter", "Time spent on requests, by operation.")
        for (operation, seconds) in counts.seconds.sorted(by: { $0.key < $1.key }) {
            page.add("stepwell_request_seconds_total", ["operation": operation], seconds)
        }
        do throws(StoreError) {
            page.add(try await store.queueFigures())
            page.add(try await store.workerReports().map { ($0.name, WorkerFigures($0.figures)) })
        } catch {
            page.add("stepwell_database_up", "gauge", "Whether the database answers.", 0)
        }
        return page.text
    }
}
