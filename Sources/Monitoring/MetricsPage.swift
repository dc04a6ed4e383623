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
        let list = labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
        text += list.isEmpty ? "\(name) \(value)\n" : "\(name){\(list)} \(value)\n"
    }

    /// A number that stands alone.
    package mutating func add(_ name: String, _ type: String, _ help: String, _ value: some CustomStringConvertible) {
        begin(name, type, help)
        add(name, [:], value)
    }

    package mutating func add(_ name: String, _ labels: Labels, _ distribution: Distribution) {
        var sum = 0
        for (bound, count) in zip(distribution.bounds.map { "\($0)" } + ["+Inf"], distribution.counts) {
            sum += count
            let list = labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"," }.joined()
            text += "\(name)_bucket{\(list)le=\"\(bound)\"} \(sum)\n"
        }
        add(name + "_sum", labels, distribution.sum)
        add(name + "_count", labels, sum)
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
    /// What workers have done, by worker. Where AWS has a metric of the same meaning it has AWS's name, and its unit.
    package mutating func add(_ workers: [(name: String, figures: WorkerFigures)]) {
        let counters: [(String, String, KeyPath<WorkerFigures, Int>)] = [
            ("ExecutionsSucceeded", "Executions that ended well.", \.executionsSucceeded),
            ("ExecutionsFailed", "Executions that failed.", \.executionsFailed),
            ("ExecutionsTimedOut", "Executions that took too long.", \.executionsTimedOut),
            ("stepwell_claims_total", "Claims that brought something.", \.claims),
            ("stepwell_claimed_steps_total", "Steps that were claimed.", \.claimedSteps),
            ("stepwell_transitions_total", "Decisions that were made durable.", \.transitions),
            (
                "stepwell_lease_losses_total", "Decisions about steps that were not the worker's any more.",
                \.leaseLosses
            ),
        ]
        for (name, help, path) in counters {
            begin(name, "counter", help)
            for worker in workers { add(name, ["worker": worker.name], worker.figures[keyPath: path]) }
        }
        begin("ExecutionTime", "histogram", "Milliseconds from the start to the end of executions.")
        for worker in workers { add("ExecutionTime", ["worker": worker.name], worker.figures.executionTime) }
        begin(
            "stepwell_claim_latency_seconds",
            "histogram",
            "How long the longest waiting step of a claim had been ready."
        )
        for worker in workers {
            add("stepwell_claim_latency_seconds", ["worker": worker.name], worker.figures.claimLatency)
        }
        let calls: [(String, String, KeyPath<WorkerFigures.Calls, Int>)] = [
            ("LambdaFunctionsSucceeded", "Calls of functions that ended well.", \.succeeded),
            ("LambdaFunctionsFailed", "Calls of functions that failed.", \.failed),
            ("LambdaFunctionsTimedOut", "Calls of functions that took too long.", \.timedOut),
        ]
        for (name, help, path) in calls {
            begin(name, "counter", help)
            for worker in workers {
                for (function, calls) in worker.figures.functions.sorted(by: { $0.key < $1.key }) {
                    add(name, ["function": function, "worker": worker.name], calls[keyPath: path])
                }
            }
        }
        begin("LambdaFunctionRunTime", "histogram", "Milliseconds that calls of functions took.")
        for worker in workers {
            for (function, calls) in worker.figures.functions.sorted(by: { $0.key < $1.key }) {
                add("LambdaFunctionRunTime", ["function": function, "worker": worker.name], calls.runTime)
            }
        }
    }
}
