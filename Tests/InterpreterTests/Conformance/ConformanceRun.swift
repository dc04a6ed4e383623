import Expressions
import Interpreter
import JSON
import Simulation
import StatesLanguage

/// What became of one recorded case.
enum ConformanceResult: Equatable {
    case passed
    case failed(String)
    /// It needs something that is not there, or recorded nothing that a run could show.
    case skipped(String)
}

/// Runs a recorded case in memory and compares.
struct ConformanceRun {
    let test: ConformanceCase
    var recordsCallsLate = false

    func result() -> ConformanceResult {
        if test.executions.isEmpty, test.calls.contains(where: { $0["operation"]?.string == "TestState" }) {
            return RecordedTestState(test: test).difference().map(ConformanceResult.failed) ?? .passed
        }
        if let reason = obstacle() { return .skipped(reason) }
        let simulation = Simulator()
        simulation.limits = .aws
        simulation.recordsCallsLate = recordsCallsLate
        simulation.objects = test.objects
        simulation.replies = test.replies
        simulation.callbacks = test.callbacks
        do {
            simulation.machines = try test.machines.map(machine)
        } catch {
            return .skipped("\(error)")
        }
        for function in test.functions {
            guard let name = function["name"]?.string, let behaviour = behaviour(function["behaviour"]) else {
                return .skipped("a function that is not described")
            }
            simulation.functions[name] = behaviour
        }
        if !test.text.contains("DeleteActivity") { simulation.knownActivities = ["activity_name"] }
        let executions = test.executions.map { start($0, in: simulation) }
        simulation.run()
        return compare(executions)
    }

    private func obstacle() -> String? {
        if test.executions.isEmpty { return "no execution" }
        // S3 is there as far as item readers need it; other services answer what they answered on AWS.
        let waits = test.text.contains(".waitForTaskToken") && test.callbacks.isEmpty
        if !test.services.allSatisfy({ ["lambda", "s3", "logs"].contains($0) || (!test.replies.isEmpty && !waits) }) {
            return "services: \(test.services)"
        }
        let readsTimes = test.machines.contains { $0.definition.contains("Timestamp") }
        if readsTimes, test.executions.contains(where: { $0.input?.isMasked ?? false }) {
            return "its times were masked"
        }
        let showsExecution = test.machines.contains {
            $0.definition.contains(#""$$""#) || $0.definition.contains(#""$$.Execution""#)
        }
        let isExpress = test.machines.contains { $0.type == .express }
        if showsExecution, !isExpress, !test.text.contains("RedriveCount") {
            return "recorded before there was a RedriveCount"
        }
        if test.histories.isEmpty && test.recorded["cases"] == nil && test.final.isEmpty
            && test.logs == nil
        {
            return "nothing was recorded"
        }
        return nil
    }

    struct NotRunnable: Error, CustomStringConvertible {
        var description: String
    }

    private func machine(_ machine: ConformanceCase.Machine) throws -> Simulator.Machine {
        let parsed = Definition(parsing: machine.definition, type: machine.type)
        if let obstacle = parsed.obstacles.first { throw NotRunnable(description: "obstacle: \(obstacle.message)") }
        guard let definition = parsed.machine else {
            let messages = parsed.diagnostics.map { "\($0.location) \($0.message)" }
            throw NotRunnable(description: "definition: \(messages)")
        }
        let arn = "arn:aws:states:us-east-1:111111111111:stateMachine:\(machine.name)"
        return Simulator.Machine(arn: arn, name: machine.name, definition: definition)
    }

    private func start(_ execution: ConformanceCase.Execution, in simulation: Simulator) -> Simulator.Execution {
        // Where a parent and its child have the same placeholder for a name, the parent was created last.
        let machine = simulation.machines.last { $0.name == execution.machine } ?? simulation.machines[0]
        let text =
            switch execution.input {
            case nil, .null: "{}"
            case .string(let text): text
            case .some(let value): value.text
            }
        guard test.machines.first(where: { $0.name == machine.name })?.type == .express else {
            return simulation.start(
                machine,
                name: execution.name ?? "<ExecArnPart_0idx>",
                input: JSONDocument(trusted: text),
                roleARN: test.roleARN
            )
        }
        let prefix = execution.isSynchronous ? "SyncExecArn" : "ExpressExecArn"
        let (name, id) = ("<\(prefix)_Part1_0idx>", "<\(prefix)_Part2_0idx>")
        return simulation.start(
            machine,
            name: name,
            input: JSONDocument(trusted: text),
            roleARN: test.roleARN,
            executionARN: machine.arn.replacing(":stateMachine:", with: ":express:") + ":\(name):\(id)",
            isExpress: true
        )
    }

    func behaviour(_ behaviour: JSONValue?) -> Simulator.Function? {
        switch behaviour?["kind"]?.string {
        case "echo": return { (.succeeded($0.input.asPythonWritesIt), 0.01) }
        case "constant":
            let value = JSONDocument(behaviour?["value"] ?? .null)
            return { _ in (.succeeded(value), 0.01) }
        case "raw":
            guard let payload = behaviour?["payload"]?.string else { return nil }
            return { _ in (.succeeded(JSONDocument(trusted: payload)), 0.01) }
        case "sleep":
            let seconds = behaviour?["seconds"]?.number?.double ?? 0
            return { _ in (.succeeded(JSONDocument(.null)), seconds) }
        case "raise":
            let type = behaviour?["errorType"]?.string ?? ""
            let stack = behaviour?["stackTrace"]?.array ?? []
            let cause =
                "{\"errorMessage\": \((behaviour?["errorMessage"] ?? .null).text), \"errorType\": \"\(type)\","
                + " \"requestId\": \"<uuid:1>\", \"stackTrace\": [\(stack.map(\.text).joined(separator: ", "))]}"
            return { _ in (.failed(error: type, cause: cause), 0.01) }
        default: return nil
        }
    }

    /// The executions whose histories were recorded, where that is not all of them: those that had the same input.
    private func recorded(of executions: [Simulator.Execution]) -> [Simulator.Execution] {
        guard (1..<executions.count).contains(test.histories.count) else { return executions }
        let comparison = ConformanceComparison(notCompared: [])
        let found = test.histories.compactMap { history in
            executions.first {
                guard let own = $0.events.first, let first = history.events.first else { return false }
                return comparison.difference(
                    own["executionStartedEventDetails"] ?? .null,
                    first["executionStartedEventDetails"] ?? .null,
                    at: ""
                ) == nil
            }
        }
        return found.count == test.histories.count ? found : executions
    }

    private func compare(_ executions: [Simulator.Execution]) -> ConformanceResult {
        let comparison = ConformanceComparison(notCompared: test.notCompared)
        if let cases = test.recorded["cases"]?.array {
            for (execution, recorded) in zip(executions, cases) {
                guard case .succeeded(let output) = execution.end, let expected = recorded["output"] else {
                    return .failed("\(recorded.text): ended with \(String(describing: execution.end))")
                }
                if let difference = comparison.difference(.string(output.text), expected, at: "cases") {
                    return .failed("\(recorded["input"]?.text ?? ""): \(difference)")
                }
            }
        }
        if let logs = test.logs {
            let logging = test.logging
            let records = executions.flatMap { execution in
                execution.history.enumerated()
                    .compactMap { place, entry in
                        logging.record(
                            entry.event,
                            id: place + 1,
                            previous: entry.previous,
                            of: execution.interpreter.execution
                        )
                    }
            }
            let own = test.recorded["end_event"] == nil ? records : records.suffix(1)
            if let difference = comparison.difference(.array(own), .array(logs), at: "logs") {
                return .failed(difference)
            }
        }
        for (execution, history) in zip(recorded(of: executions), test.histories) {
            let difference = comparison.difference(ofEvents: execution.events, history.events, at: history.key)
            if let difference { return .failed(difference) }
        }
        for (execution, (key, recorded)) in zip(recorded(of: executions), test.final)
        where recorded["status"] != "ACTIVE" {
            if let difference = comparison.difference(execution.finalState, recorded, at: key) {
                return .failed("final \(difference)")
            }
        }
        return .passed
    }
}

extension Limits {
    /// AWS's own.
    static var aws: Limits { Limits(payloadBytes: 262_144, historyEvents: 25_000) }
}

extension Simulator.Execution {
    /// Status, output, error and cause.
    var finalState: JSONValue {
        switch end {
        case .succeeded(let output): return ["status": "SUCCEEDED", "output": .string(output.text)]
        case .failed(let error, let cause): return Self.failure("FAILED", error, cause)
        case .timedOut(let error, let cause): return Self.failure("TIMED_OUT", error, cause)
        case nil: return ["status": "RUNNING"]
        }
    }

    private static func failure(_ status: String, _ error: String?, _ cause: String?) -> JSONValue {
        var members: JSONObject = ["status": .string(status)]
        if let error { members["error"] = .string(error) }
        if let cause { members["cause"] = .string(cause) }
        return .object(members)
    }
}

extension JSONValue {
    /// Whether a time in it was replaced by a word, so that it cannot be used as input.
    fileprivate var isMasked: Bool {
        switch self {
        case .string(let text): ["<timestamp>", "timestamp", "date"].contains(text)
        case .array(let values): values.contains(where: \.isMasked)
        case .object(let members): members.values.contains(where: \.isMasked)
        case .null, .bool, .number: false
        }
    }
}

extension JSONDocument {
    /// The document with the spacing that functions in Python give what they return: it counts in lengths.
    fileprivate var asPythonWritesIt: JSONDocument {
        guard let value = try? value() else { return self }
        return JSONDocument(trusted: value.asPythonWritesIt)
    }
}

extension JSONValue {
    fileprivate var asPythonWritesIt: String {
        switch self {
        case .array(let values): "[" + values.map(\.asPythonWritesIt).joined(separator: ", ") + "]"
        case .object(let members):
            "{"
                + members.map { "\(JSONValue.string($0.key).text): \($0.value.asPythonWritesIt)" }
                .joined(separator: ", ") + "}"
        case .null, .bool, .number, .string: text
        }
    }
}
