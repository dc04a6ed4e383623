import Logging
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
        var executionsStarted = 0
    }

    private let counts = Mutex(Counts())

    func executionStarted() { counts.withLock { $0.executionsStarted += 1 } }

    /// - Parameter operation: the name of an operation, not text of a caller: it is kept for good.
    func requestEnded(operation: String, status: Int, duration: Duration) {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        counts.withLock { counts in
            counts.requests[RequestKey(operation: operation, status: status), default: 0] += 1
            counts.seconds[operation, default: 0] += seconds
        }
    }

    func text(of store: Store) async -> String {
        var page = MetricsPage()
        let counts = counts.withLock(\.self)
        page.add("ExecutionsStarted", "counter", "Executions that this server has started.")
        page.add("ExecutionsStarted", counts.executionsStarted)
        page.add("stepwell_requests_total", "counter", "Requests by operation and HTTP status.")
        for (key, count) in counts.requests.sorted(by: {
            ($0.key.operation, $0.key.status) < ($1.key.operation, $1.key.status)
        }) {
            page.add("stepwell_requests_total", ["operation": key.operation, "status": "\(key.status)"], count)
        }
        page.add("stepwell_request_seconds_total", "counter", "Time spent on requests, by operation.")
        for (operation, seconds) in counts.seconds.sorted(by: { $0.key < $1.key }) {
            page.add("stepwell_request_seconds_total", ["operation": operation], seconds)
        }
        do throws(StoreError) {
            page.add(try await store.queueFigures())
        } catch {
            page.add("stepwell_database_up", "gauge", "Whether the database answers.")
            page.add("stepwell_database_up", 0)
        }
        return page.text
    }
}

/// A page in Prometheus's text format.
struct MetricsPage {
    private(set) var text = ""

    mutating func add(_ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    mutating func add(_ name: String, _ labels: [(String, String)], _ value: some CustomStringConvertible) {
        let list = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
        text += list.isEmpty ? "\(name) \(value)\n" : "\(name){\(list)} \(value)\n"
    }

    mutating func add(_ name: String, _ labels: KeyValuePairs<String, String>, _ value: some CustomStringConvertible) {
        add(name, labels.map { ($0.key, $0.value) }, value)
    }

    mutating func add(_ name: String, _ value: some CustomStringConvertible) { add(name, [(String, String)](), value) }

    /// What the database knows about the queue.
    mutating func add(_ figures: QueueFigures) {
        add("stepwell_database_up", "gauge", "Whether the database answers.")
        add("stepwell_database_up", 1)
        add("OpenExecutionCount", "gauge", "Executions that run.")
        add("OpenExecutionCount", figures.openExecutions)
        add("stepwell_live_workers", "gauge", "Workers that were seen in the last 30 seconds.")
        add("stepwell_live_workers", figures.liveWorkers)
        add("stepwell_queue_steps", "gauge", "Steps by the function they wait for ('' = any worker) and status.")
        for queue in figures.queues {
            for (status, count) in [
                ("ready", queue.ready), ("sleeping", queue.sleeping), ("leased", queue.leased),
                ("waiting", queue.waiting),
            ] {
                add("stepwell_queue_steps", ["function": queue.function, "status": status], count)
            }
        }
        add("stepwell_queue_oldest_seconds", "gauge", "How long the oldest ready step has waited to be claimed.")
        for queue in figures.queues {
            add("stepwell_queue_oldest_seconds", ["function": queue.function], queue.oldestSeconds)
        }
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
