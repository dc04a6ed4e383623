package import Expressions
package import Interpreter
package import JSON
package import StatesLanguage

/// A tiny engine in memory, in virtual time: it keeps the contract that the store and the worker keep with the
/// interpreter, with one row per live branch.
package final class Simulator {
    /// What a function does when it is called: its outcome, after so many seconds.
    package typealias Function = (FunctionCall) -> (outcome: Outcome, seconds: Double)

    package struct Machine {
        package var arn: String
        package var name: String
        package var definition: StateMachine

        package init(arn: String, name: String, definition: StateMachine) {
            self.arn = arn
            self.name = name
            self.definition = definition
        }
    }

    package final class Execution {
        package let machine: Machine
        package let interpreter: Interpreter
        package let input: JSONDocument
        package fileprivate(set) var history: [(event: HistoryEvent, previous: Int)] = []
        package fileprivate(set) var end: ExecutionEnd?
        package fileprivate(set) var decisions = 0
        var rows: [Int: Row] = [:]
        fileprivate var parent: (execution: Execution, row: Int)?
        /// What is to be told of the end of an execution that works for a map run.
        var onEnd: ((ExecutionEnd) -> Void)?

        fileprivate init(_ interpreter: Interpreter, machine: Machine, input: JSONDocument) {
            self.interpreter = interpreter
            self.machine = machine
            self.input = input
        }

        /// The events as the API shows them.
        package var events: [JSONValue] {
            history.enumerated().map { $1.event.json(id: $0 + 1, previous: $1.previous) }
        }
    }

    struct Row {
        var branch: Branch
        var parent: Int?
        var index = 0
        var join: Join?
    }

    /// What a row with branches waits for.
    struct Join {
        var fork: Fork
        var nextIndex = 0
        var remaining: Int
        var outputs: [Int: JSONDocument] = [:]
    }

    private struct Event {
        var time: Timestamp
        var execution: Execution
        /// nil: the timer of the execution.
        var row: Int?
        var outcome: Outcome
    }

    package var machines: [Machine] = []
    package var functions: [String: Function] = [:]
    package var limits = Limits()
    /// Stands in for the work of Tasks; nil: it is done by functions and child executions.
    package var mock: TaskMock?
    /// Whether events of a called function are only recorded with its outcome, as a worker does with a fresh step.
    package var recordsCallsLate = false
    /// At most so many children of one fork exist at a time.
    package var childrenAtOnce = 1_000
    /// The objects that readers find, by `bucket/key`.
    package var objects: [String: String] = [:]
    package private(set) var now = Timestamp(microseconds: 1_700_000_000_000_000)
    package private(set) var maximumRows = 0
    private var queue: [Event] = []
    private var lastRow = 0
    var random = SeededRandom(seed: 7)

    package init() {}

    /// Starts an execution; nothing happens before ``run(steps:)``.
    package func start(
        _ machine: Machine,
        name: String = "run-1",
        input: JSONDocument,
        roleARN: String? = "role",
        executionARN: String? = nil,
        startAt: String? = nil
    ) -> Execution {
        let arn = executionARN ?? machine.arn.replacing(":stateMachine:", with: ":execution:") + ":" + name
        let info = ExecutionInfo(
            arn: arn,
            name: name,
            startTime: now,
            stateMachineARN: machine.arn,
            stateMachineName: machine.name,
            roleARN: roleARN,
            input: input
        )
        let interpreter = Interpreter(machine: machine.definition, execution: info, limits: limits, mock: mock)
        let execution = Execution(interpreter, machine: machine, input: input)
        var details: [HistoryEvent.Detail] = [.init("input", .payload(input))]
        if let roleARN { details.append(.init("roleArn", .string(roleARN))) }
        execution.history.append(
            (HistoryEvent(type: .executionStarted, previous: .recorded(0), timestamp: now, details: details), 0)
        )
        add(Row(branch: Branch(startAt: startAt ?? machine.definition.scope.startAt, input: input)), to: execution)
        if startAt == nil, let seconds = machine.definition.timeoutSeconds {
            schedule(.due, at: now.adding(seconds: Int64(seconds)), in: execution, row: nil)
        }
        return execution
    }

    /// Runs until nobody has anything to do, or for so many steps.
    package func run(steps: Int = 1_000_000) {
        for _ in 0..<steps {
            guard let event = next() else { return }
            now = max(now, event.time)
            guard event.execution.end == nil else { continue }
            guard let id = event.row else {
                let decision = event.execution.interpreter.timeOutExecution(
                    lastEvent: .recorded(event.execution.history.count),
                    now: now
                )
                commit(decision, in: event.execution, row: 0)
                continue
            }
            guard let row = event.execution.rows[id] else { continue }
            let decision = event.execution.interpreter.advance(
                row.branch,
                on: event.outcome,
                now: now,
                random: &random
            )
            event.execution.decisions += 1
            commit(decision, in: event.execution, row: id)
        }
    }

    /// The earliest event; of equal times the one scheduled first.
    private func next() -> Event? {
        guard let place = queue.indices.min(by: { queue[$0].time < queue[$1].time }) else { return nil }
        return queue.remove(at: place)
    }

    func schedule(_ outcome: Outcome, at time: Timestamp, in execution: Execution, row: Int?) {
        queue.append(Event(time: time, execution: execution, row: row, outcome: outcome))
    }

    private func add(_ row: Row, to execution: Execution) {
        lastRow += 1
        execution.rows[lastRow] = row
        maximumRows = max(maximumRows, execution.rows.count)
        schedule(.due, at: now, in: execution, row: lastRow)
    }

    private func commit(_ decision: Decision, in execution: Execution, row id: Int) {
        var branch = decision.branch
        let isCall = if case .invoke = decision.next { true } else { false }
        if !(isCall && recordsCallsLate) { record(&branch, in: execution) }
        execution.rows[id]?.branch = branch
        switch decision.next {
        case .invoke(let call): invoke(call, in: execution, row: id)
        case .pause(let until, _): schedule(.due, at: until, in: execution, row: id)
        case .proceed: schedule(.due, at: now, in: execution, row: id)
        case .fork(let fork): start(fork, in: execution, row: id)
        case .startExecution(let child): start(child, in: execution, row: id)
        case .awaitAnswer: break
        case .runMap: runMap(in: execution, row: id)
        case .endBranch(let output): endBranch(output, in: execution, row: id)
        case .failBranch(let error, let cause): failBranch(error, cause, in: execution, row: id)
        case .endExecution(let end): self.end(execution, end)
        }
    }

    private func record(_ branch: inout Branch, in execution: Execution) {
        let first = execution.history.count + 1
        for event in branch.events {
            guard case .recorded(let previous) = event.previous.recorded(from: first) else { continue }
            execution.history.append((event, previous))
        }
        branch.recordEvents(from: first)
    }

    private func invoke(_ call: FunctionCall, in execution: Execution, row: Int) {
        guard let function = functions[call.function] else {
            let cause =
                "Function not found: arn:aws:lambda:us-east-1:111111111111:function:\(call.function):$LATEST (Service:"
                + " AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: 7; Proxy: null)"
            let outcome = Outcome.failed(error: "Lambda.ResourceNotFoundException", cause: cause)
            return schedule(outcome, at: now, in: execution, row: row)
        }
        let (outcome, seconds) = function(call)
        if let timeout = call.timeoutSeconds, Double(timeout) < seconds {
            return schedule(.timedOut, at: now.adding(seconds: Int64(timeout)), in: execution, row: row)
        }
        schedule(outcome, at: now.adding(seconds: seconds), in: execution, row: row)
    }

    private func start(_ fork: Fork, in execution: Execution, row: Int) {
        let count =
            switch fork.children {
            case .branches(let states): states.count
            case .iterations(let items, _): items.count
            }
        var fork = fork
        // The fork's own event has been recorded with the decision: it is the last of the branch.
        fork.event = execution.rows[row]?.branch.lastEvent ?? fork.event
        execution.rows[row]?.join = Join(fork: fork, remaining: count)
        for _ in 0..<min(count, fork.maxConcurrency ?? count, childrenAtOnce) {
            admitChild(in: execution, of: row, after: fork.event)
        }
    }

    private func admitChild(in execution: Execution, of id: Int, after event: EventReference) {
        guard let row = execution.rows[id], let join = row.join else { return }
        let index = join.nextIndex
        var branch: Branch
        switch join.fork.children {
        case .branches(let states):
            guard states.indices.contains(index) else { return }
            branch = Branch(startAt: states[index], input: join.fork.input ?? row.branch.input, item: row.branch.item)
        case .iterations(let items, let state):
            guard items.indices.contains(index) else { return }
            let item = MapItem(index: index, value: items[index])
            branch = Branch(startAt: state, input: join.fork.input ?? JSONDocument(.null), item: item)
        }
        branch.lastEvent = event
        branch.outerVariables = row.branch.outerVariables.merging(row.branch.variables) { _, inner in inner }
        execution.rows[id]?.join?.nextIndex += 1
        add(Row(branch: branch, parent: id, index: index), to: execution)
    }

    private func endBranch(_ output: JSONDocument, in execution: Execution, row id: Int) {
        guard let row = execution.rows.removeValue(forKey: id), let parent = row.parent else { return }
        execution.rows[parent]?.branch.lastEvent = row.branch.lastEvent
        execution.rows[parent]?.join?.outputs[row.index] = output
        execution.rows[parent]?.join?.remaining -= 1
        admitChild(in: execution, of: parent, after: row.branch.lastEvent)
        guard let join = execution.rows[parent]?.join, join.remaining == 0 else { return }
        execution.rows[parent]?.join = nil
        let outputs = join.outputs.sorted { $0.key < $1.key }.map(\.value)
        schedule(.joined(outputs), at: now, in: execution, row: parent)
    }

    private func failBranch(_ error: String, _ cause: String, in execution: Execution, row id: Int) {
        guard let row = execution.rows[id], let parent = row.parent else { return }
        removeChildren(of: parent, in: execution)
        execution.rows[parent]?.branch.lastEvent = row.branch.lastEvent
        execution.rows[parent]?.join = nil
        schedule(.branchFailed(error: error, cause: cause), at: now, in: execution, row: parent)
    }

    private func removeChildren(of parent: Int, in execution: Execution) {
        for (id, row) in execution.rows where row.parent == parent {
            removeChildren(of: id, in: execution)
            execution.rows[id] = nil
        }
    }

    private func start(_ child: ChildStart, in execution: Execution, row: Int) {
        guard let machine = machines.first(where: { $0.arn == child.stateMachine }) else {
            let cause =
                "State Machine Does Not Exist: '\(child.stateMachine)' (Service: AWSStepFunctions; Status Code: 400;"
                + " Error Code: StateMachineDoesNotExist; Request ID: 7; Proxy: null)"
            let error = "StepFunctions.StateMachineDoesNotExistException"
            return schedule(.failed(error: error, cause: cause), at: now, in: execution, row: row)
        }
        let started = start(machine, name: child.name ?? "child-\(lastRow)", input: child.input)
        let answer = JSONDocument([
            "ExecutionArn": .string(started.interpreter.execution.arn), "StartDate": .string(now.description),
        ])
        if child.isAwaited { started.parent = (execution, row) }
        schedule(child.isAwaited ? .submitted(answer) : .succeeded(answer), at: now, in: execution, row: row)
    }

    private func end(_ execution: Execution, _ end: ExecutionEnd) {
        execution.end = end
        execution.rows = [:]
        execution.onEnd?(end)
        guard let parent = execution.parent else { return }
        schedule(execution.outcomeForParent(at: now), at: now, in: parent.execution, row: parent.row)
    }
}

extension Simulator.Execution {
    /// What `.sync:2` makes of the child's end.
    fileprivate func outcomeForParent(at now: Timestamp) -> Outcome {
        var description: JSONObject = [
            "ExecutionArn": .string(interpreter.execution.arn),
            "Input": (try? input.value()) ?? .null,
            "InputDetails": ["Included": true],
            "Name": .string(interpreter.execution.name),
            "StartDate": .string(interpreter.execution.startTime.description),
            "StateMachineArn": .string(machine.arn),
            "StopDate": .string(now.description),
        ]
        switch end {
        case .succeeded(let output):
            description["Output"] = (try? output.value()) ?? .null
            description["OutputDetails"] = ["Included": true]
            description["Status"] = "SUCCEEDED"
            return .succeeded(JSONDocument(.object(description)))
        case .failed(let error, let cause), .timedOut(let error, let cause):
            if let error { description["Error"] = .string(error) }
            if let cause { description["Cause"] = .string(cause) }
            description["Status"] = "FAILED"
            return .failed(error: "States.TaskFailed", cause: JSONValue.object(description).text)
        case nil: return .due
        }
    }
}
