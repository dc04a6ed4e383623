import JSON

/// A page in Prometheus's text format.
package struct MetricsPage: Sendable {
    package typealias Labels = KeyValuePairs<String, String>

    private(set) package var text = ""

    package init() {}

    /// What the lines that follow are about.
    ///
    /// - Parameter type: `counter`, `gauge` or `histogram`.
    package mutating func begin(_ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    package mutating func add(_ name: String, _ labels: Labels = [:], _ value: some CustomStringConvertible) {
        add(name, Self.list(labels.map { ($0.key, $0.value) }), value)
    }

    /// A number that stands alone.
    package mutating func add(_ name: String, _ type: String, _ help: String, _ value: some CustomStringConvertible) {
        begin(name, type, help)
        add(name, [:], value)
    }

    package mutating func add(_ name: String, _ labels: Labels, _ distribution: Distribution) {
        add(name, Self.list(labels.map { ($0.key, $0.value) }), distribution)
    }

    private mutating func add(_ name: String, _ list: String, _ value: some CustomStringConvertible) {
        text += list.isEmpty ? "\(name) \(value)\n" : "\(name){\(list)} \(value)\n"
    }

    private mutating func add(_ name: String, _ list: String, _ distribution: Distribution) {
        let others = list.isEmpty ? "" : list + ","
        var sum = 0
        for (bound, count) in zip(distribution.bounds.map { "\($0)" } + ["+Inf"], distribution.counts) {
            sum += count
            text += "\(name)_bucket{\(others)le=\"\(bound)\"} \(sum)\n"
        }
        add(name + "_sum", list, distribution.sum)
        add(name + "_count", list, sum)
    }

    private static func list(_ labels: [(String, String)]) -> String {
        labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}

extension MetricsPage {
    /// What this process has counted.
    package mutating func add(_ registry: MetricsRegistry) {
        add(registry.counts, "counter") { $0.add($1, $2, $3) }
        add(registry.sums, "counter") { $0.add($1, $2, $3) }
        add(registry.levels, "gauge") { $0.add($1, $2, JSONNumber($3).map(\.text) ?? "NaN") }
        add(registry.spreads, "histogram") { $0.add($1, $2, $3) }
    }

    private mutating func add<Value>(
        _ all: [(MetricsRegistry.Series, Value)],
        _ type: String,
        _ line: (inout MetricsPage, String, String, Value) -> Void
    ) {
        var last: String?
        for (series, value) in all {
            if series.name != last { begin(series.name, type, Metric(rawValue: series.name)?.help ?? series.name) }
            last = series.name
            line(&self, series.name, Self.list(series.labels.map { ($0.name, $0.value) }), value)
        }
    }

    /// What workers have done, as each has said.
    package mutating func add(_ workers: [(name: String, figures: WorkerFigures)]) {
        let counters: [(Metric, KeyPath<WorkerFigures, Int>)] = [
            (.executionsSucceeded, \.executionsSucceeded), (.executionsFailed, \.executionsFailed),
            (.executionsTimedOut, \.executionsTimedOut), (.claims, \.claims), (.claimedSteps, \.claimedSteps),
            (.transitions, \.transitions), (.leaseLosses, \.leaseLosses),
        ]
        for (metric, path) in counters {
            begin(metric, "counter")
            for worker in workers { add(metric.rawValue, ["worker": worker.name], worker.figures[keyPath: path]) }
        }
        let spreads: [(Metric, KeyPath<WorkerFigures, Distribution>)] = [
            (.executionTime, \.executionTime), (.claimLatency, \.claimLatency),
        ]
        for (metric, path) in spreads {
            begin(metric, "histogram")
            for worker in workers { add(metric.rawValue, ["worker": worker.name], worker.figures[keyPath: path]) }
        }
        let calls: [(Metric, KeyPath<WorkerFigures.Calls, Int>)] = [
            (.functionsSucceeded, \.succeeded), (.functionsFailed, \.failed), (.functionsTimedOut, \.timedOut),
        ]
        for (metric, path) in calls {
            begin(metric, "counter")
            each(workers) { $0.add(metric.rawValue, ["function": $2, "worker": $1], $3[keyPath: path]) }
        }
        begin(.functionRunTime, "histogram")
        each(workers) { $0.add(Metric.functionRunTime.rawValue, ["function": $2, "worker": $1], $3.runTime) }
    }

    private mutating func begin(_ metric: Metric, _ type: String) { begin(metric.rawValue, type, metric.help) }

    private mutating func each(
        _ workers: [(name: String, figures: WorkerFigures)],
        _ body: (inout MetricsPage, String, String, WorkerFigures.Calls) -> Void
    ) {
        for worker in workers {
            for (function, calls) in worker.figures.functions.sorted(by: { $0.key < $1.key }) {
                body(&self, worker.name, function, calls)
            }
        }
    }
}
