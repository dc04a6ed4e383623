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
    /// What services answer, one call after the other, by `service:action`.
    package var replies: [String: [Outcome]] = [:]
    /// What those who get task tokens of services answer, one after the other.
    package var callbacks: [Outcome] = []
    /// The objects that readers find, by `bucket/key`.
    package var objects: [String: String] = [:]
    package private(set) var now = Timestamp(microseconds: 1_700_000_000_000_000)
    package private(set) var maximumRows = 0
    private var queue: [Event] = []
    /// The activities that exist.
    package var knownActivities: Set<String> = []
    /// Tasks of activities that nobody has asked for yet, oldest first.
    private var activities: [String: [(execution: Execution, row: Int)]] = [:]
    /// Who waits for tasks of activities.
    private var pollers: [String: [(execution: Execution, row: Int, workerName: String?)]] = [:]
    /// What task tokens are about.
    private var tokens: [String: (execution: Execution, row: Int)] = [:]
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
        isExpress: Bool = false,
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
            isExpress: isExpress,
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
        if case .awaitAnswer(.activity(let name)) = decision.next, !knownActivities.contains(name) {
            let refused = execution.interpreter.advance(decision.branch, on: .refused, now: now, random: &random)
            return commit(refused, in: execution, row: id)
        }
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
        case .awaitAnswer(.activity(let name)): queue((execution, id), for: name)
        case .awaitAnswer(.taskToken) where !callbacks.isEmpty:
            schedule(callbacks.removeFirst(), at: now, in: execution, row: id)
        case .awaitAnswer: break
        case .runMap: runMap(in: execution, row: id)
        case .request(let request): call(request, in: execution, row: id)
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

    /// What was said that a service answers, and `aws-sdk:sfn`, as far as recorded cases use it.
    private func call(_ request: ServiceRequest, in execution: Execution, row: Int) {
        let parameters = (try? request.parameters.value()) ?? .null
        func answer(_ outcome: Outcome) { schedule(outcome, at: now.adding(seconds: 0.01), in: execution, row: row) }
        let call = "\(request.service):\(request.action)"
        if let reply = replies[call]?.first {
            replies[call]?.removeFirst()
            return answer(reply)
        }
        switch request.action {
        case "getActivityTask":
            let name = String(parameters["ActivityArn"]?.string?.split(separator: ":").last ?? "")
            guard let task = activities[name]?.first else {
                pollers[name, default: []].append((execution, row, parameters["WorkerName"]?.string))
                return
            }
            activities[name]?.removeFirst()
            answer(.succeeded(JSONDocument(begin(task, workerName: parameters["WorkerName"]?.string))))
        case "sendTaskSuccess", "sendTaskFailure":
            guard let task = parameters["TaskToken"]?.string.flatMap({ tokens.removeValue(forKey: $0) }) else {
                let cause =
                    "Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: 7)"
                    + " (SDK Attempt Count: 1)"
                return answer(.failed(error: "Sfn.InvalidTokenException", cause: cause))
            }
            let outcome: Outcome =
                request.action == "sendTaskSuccess"
                ? .succeeded(JSONDocument(trusted: parameters["Output"]?.string ?? "null"))
                : .failed(error: parameters["Error"]?.string ?? "", cause: parameters["Cause"]?.string ?? "")
            schedule(outcome, at: now, in: task.execution, row: task.row)
            answer(.succeeded(JSONDocument(.object([:]))))
        case "startExecution":
            guard let machine = machines.first(where: { $0.arn == parameters["StateMachineArn"]?.string }) else {
                return
            }
            let input = parameters["Input"].map { $0 == .null ? [:] : $0 } ?? [:]
            let started = start(machine, name: parameters["Name"]?.string ?? "child", input: JSONDocument(input))
            let answered: JSONValue = ["ExecutionArn": .string(started.interpreter.execution.arn), "StartDate": "date"]
            answer(.succeeded(JSONDocument(answered)))
        default: return
        }
    }

    /// A task of an activity waits for somebody who asks, or goes to one who waits.
    private func queue(_ task: (execution: Execution, row: Int), for name: String) {
        guard let poller = pollers[name]?.first else { return activities[name, default: []].append(task) }
        pollers[name]?.removeFirst()
        let answer = JSONDocument(begin(task, workerName: poller.workerName))
        schedule(.succeeded(answer), at: now, in: poller.execution, row: poller.row)
    }

    /// Hands a task to whoever asked for it.
    private func begin(_ task: (execution: Execution, row: Int), workerName: String?) -> JSONValue {
        guard var branch = task.execution.rows[task.row]?.branch else { return [:] }
        let details = workerName.map { [HistoryEvent.Detail("workerName", .string($0))] } ?? []
        let event = HistoryEvent(type: .activityStarted, previous: branch.lastEvent, timestamp: now, details: details)
        guard case .recorded(let previous) = branch.lastEvent else { return [:] }
        task.execution.history.append((event, previous))
        branch.lastEvent = .recorded(task.execution.history.count)
        branch.phase = .submitted
        task.execution.rows[task.row]?.branch = branch
        let token = "token-\(tokens.count)-\(task.execution.interpreter.execution.arn)"
        tokens[token] = task
        if let deadline = branch.deadline { schedule(.timedOut, at: deadline, in: task.execution, row: task.row) }
        return ["Input": .string((branch.taskInput ?? branch.input).text), "TaskToken": .string(token)]
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
        var failure = BranchFailure(error: error, cause: cause)
        if row.branch.phase != .fresh { failure.iteration = row.index }
        failure.aborted = removeChildren(of: [parent], failed: id, in: execution)
        execution.rows[parent]?.branch.lastEvent = row.branch.lastEvent
        execution.rows[parent]?.join = nil
        schedule(.branchFailed(failure), at: now, in: execution, row: parent)
    }

    /// - Returns: what those that had begun were doing, level by level.
    private func removeChildren(of parents: [Int], failed: Int, in execution: Execution) -> [AbortedBranch] {
        let children = execution.rows.filter { parents.contains($0.value.parent ?? -1) }.sorted { $0.key < $1.key }
        guard !children.isEmpty else { return [] }
        for (id, _) in children { execution.rows[id] = nil }
        let aborted = children.filter { $0.key != failed }
            .compactMap { AbortedBranch($0.value.branch, index: $0.value.index) }
        return aborted + removeChildren(of: children.map(\.key), failed: failed, in: execution)
    }

    private func start(_ child: ChildStart, in execution: Execution, row: Int) {
        let name = child.stateMachine.split(separator: ":").last
        guard let machine = machines.first(where: { $0.name == name ?? "" }) else {
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
            "Input": .string(input.text),
            "InputDetails": ["Included": true],
            "Name": .string(interpreter.execution.name),
            "StartDate": .string(interpreter.execution.startTime.description),
            "StateMachineArn": .string(machine.arn),
            "StopDate": .string(now.description),
        ]
        switch end {
        case .succeeded(let output):
            description["Output"] = .string(output.text)
            description["OutputDetails"] = ["Included": true]
            description["Status"] = "SUCCEEDED"
            return .succeeded(JSONDocument(.object(description)))
        case .failed(let error, let cause), .timedOut(let error, let cause):
            if let error { description["Error"] = .string(error) }
            if let cause { description["Cause"] = .string(cause) }
            if case .timedOut = end {
                description["Status"] = "TIMED_OUT"
            } else {
                description["Status"] = "FAILED"
            }
            return .failed(error: "States.TaskFailed", cause: JSONValue.object(description).text)
        case nil: return .due
        }
    }
}
