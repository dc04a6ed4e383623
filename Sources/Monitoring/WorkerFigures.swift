package import JSON

/// What a worker has done since it began.
package struct WorkerFigures: Sendable, Hashable {
    /// The calls of one function.
    package struct Calls: Sendable, Hashable {
        package var succeeded = 0
        package var failed = 0
        package var timedOut = 0
        package var runTime = Distribution.milliseconds

        package init() {}
    }

    /// Claims that brought something.
    package var claims = 0
    package var claimedSteps = 0
    /// How long the step had been ready that had waited longest, for each of these claims.
    package var claimLatency = Distribution.seconds
    /// Decisions that were made durable.
    package var transitions = 0
    /// Decisions that came too late: the step was not the worker's any more.
    package var leaseLosses = 0
    package var executionsSucceeded = 0
    package var executionsFailed = 0
    package var executionsTimedOut = 0
    /// From the start to the end of executions that this worker ended.
    package var executionTime = Distribution.milliseconds
    package var functions: [String: Calls] = [:]

    package init() {}
}

extension WorkerFigures {
    package var json: JSONValue {
        let calls = functions.sorted { $0.key < $1.key }
            .map { name, calls -> (String, JSONValue) in
                (
                    name,
                    [
                        "succeeded": count(calls.succeeded), "failed": count(calls.failed),
                        "timedOut": count(calls.timedOut), "runTime": calls.runTime.json,
                    ]
                )
            }
        return [
            "claims": count(claims), "claimedSteps": count(claimedSteps), "claimLatency": claimLatency.json,
            "transitions": count(transitions), "leaseLosses": count(leaseLosses),
            "executionsSucceeded": count(executionsSucceeded), "executionsFailed": count(executionsFailed),
            "executionsTimedOut": count(executionsTimedOut), "executionTime": executionTime.json,
            "functions": .object(JSONObject(calls)),
        ]
    }

    private func count(_ number: Int) -> JSONValue { .number(JSONNumber(number)) }

    /// What another version wrote as well: what is missing is zero.
    package init(_ json: JSONValue) {
        func read(_ name: String, of object: JSONValue = json) -> Int {
            object[name]?.number?.exactly(Int.self) ?? 0
        }
        claims = read("claims")
        claimedSteps = read("claimedSteps")
        claimLatency = claimLatency.reading(json["claimLatency"])
        transitions = read("transitions")
        leaseLosses = read("leaseLosses")
        executionsSucceeded = read("executionsSucceeded")
        executionsFailed = read("executionsFailed")
        executionsTimedOut = read("executionsTimedOut")
        executionTime = executionTime.reading(json["executionTime"])
        for (name, value) in json["functions"]?.object ?? [:] {
            var calls = Calls()
            calls.succeeded = read("succeeded", of: value)
            calls.failed = read("failed", of: value)
            calls.timedOut = read("timedOut", of: value)
            calls.runTime = calls.runTime.reading(value["runTime"])
            functions[name] = calls
        }
    }
}
