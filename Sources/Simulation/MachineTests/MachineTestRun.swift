import Expressions
import Interpreter
package import JSON
package import StatesLanguage

/// How one test case went.
package struct MachineTestReport: Sendable {
    package let name: String
    package let status: String
    package let output: JSONDocument?
    package let error: String?
    package let cause: String?
    /// The states that were entered, in order.
    package let path: [String]
    /// The ways that were taken from state to state.
    package let steps: Set<StateStep>
    /// What is not as expected, a sentence each; empty: the test passed.
    package let problems: [String]
}

/// The way from one state to the next; nil: to the end.
package struct StateStep: Sendable, Hashable {
    package var from: String
    package var to: String?

    package init(from: String, to: String?) {
        self.from = from
        self.to = to
    }
}

extension MachineTest {
    /// Runs the machine in virtual time, with the mocks in place of all work.
    package func run(_ machine: StateMachine, name machineName: String) -> MachineTestReport {
        let simulator = Simulator()
        // A machine that never ends is found out soon.
        simulator.limits.historyEvents = 100_000
        let player = TaskMockPlayer(mocks)
        simulator.mock = { player.work(of: $0) }
        let arn = "arn:aws:states:us-east-1:000000000000:stateMachine:\(machineName)"
        let execution = simulator.start(
            Simulator.Machine(arn: arn, name: machineName, definition: machine),
            name: "test",
            input: input
        )
        simulator.run()
        return report(execution, missing: player.problems)
    }

    private func report(_ execution: Simulator.Execution, missing: [String]) -> MachineTestReport {
        var (status, output): (String, JSONDocument?) = ("RUNNING", nil)
        var (error, cause): (String?, String?) = (nil, nil)
        switch execution.end {
        case .succeeded(let document): (status, output) = ("SUCCEEDED", document)
        case .failed(let name, let reason): (status, error, cause) = ("FAILED", name, reason)
        case .timedOut(let name, let reason): (status, error, cause) = ("TIMED_OUT", name, reason)
        case nil: break
        }
        let path = execution.history.compactMap {
            $0.event.type.rawValue.hasSuffix("StateEntered") ? $0.event.stateName : nil
        }
        var problems = missing
        if let expectation {
            problems += expectation.problems(status: status, output: output, error: error, cause: cause, path: path)
        }
        return MachineTestReport(
            name: name,
            status: status,
            output: output,
            error: error,
            cause: cause,
            path: path,
            steps: execution.steps,
            problems: problems
        )
    }
}

extension MachineTest.Expectation {
    fileprivate func problems(
        status: String,
        output: JSONDocument?,
        error: String?,
        cause: String?,
        path: [String]
    ) -> [String] {
        var problems: [String] = []
        func compare(_ what: String, _ actual: String?, _ expected: String?) {
            guard let expected, actual != expected else { return }
            problems.append("\(what): \(actual ?? "none") instead of \(expected)")
        }
        compare("status", status, self.status)
        compare("error", error ?? (status == "SUCCEEDED" ? nil : "none"), self.error)
        if status != self.status, self.error == nil, let error { problems.append("error: \(error)") }
        compare("cause", cause, self.cause)
        if status != self.status, self.cause == nil, let cause { problems.append("cause: \(cause)") }
        if let expected = self.output {
            let actual = output.flatMap { try? $0.value() }
            if actual.map({ !$0.isSame(as: expected) }) ?? true {
                problems.append("output: \(output?.text ?? "none") instead of \(expected.text)")
            }
        }
        compare("path", path.joined(separator: " > "), self.path?.joined(separator: " > "))
        return problems
    }
}

extension Simulator.Execution {
    /// The ways that were taken: what was entered after an exit, or that nothing was.
    fileprivate var steps: Set<StateStep> {
        var entered: [Int: String] = [:]
        for (event, previous) in history where event.type.rawValue.hasSuffix("StateEntered") {
            entered[previous] = event.stateName
        }
        var steps: Set<StateStep> = []
        for (place, (event, _)) in history.enumerated() where event.type.rawValue.hasSuffix("StateExited") {
            if let name = event.stateName { steps.insert(StateStep(from: name, to: entered[place + 1])) }
        }
        return steps
    }
}

extension HistoryEvent {
    fileprivate var stateName: String? {
        guard case .string(let name)? = details.first(where: { $0.name == "name" })?.value else { return nil }
        return name
    }
}
