import Expressions
import JSON
import StatesLanguage

/// One call of `advance`: takes a branch from state to state until somebody outside is needed.
struct Run<Random: RandomNumberGenerator> {
    private let interpreter: Interpreter
    let now: Timestamp
    /// The version of the function that the outcome is from.
    let executedVersion: String
    var random: Random
    var branch: Branch
    /// States entered by this call.
    private var statesEntered = 0
    /// Bytes of payload in events before it.
    private let earlierEventBytes: Int
    /// Time spent in JSONata by this call, and by its states before the current one.
    var evaluationTime = Duration.zero
    private(set) var earlierEvaluationTime = Duration.zero

    /// The test that is made of this one state; nil: this is an execution.
    var inspection: Inspection?

    /// Where the walk goes from a state.
    enum Step {
        case enter(String, input: JSONDocument)
        case stop(Decision.Next)
    }

    init(
        _ interpreter: Interpreter,
        branch: Branch,
        now: Timestamp,
        executedVersion: String = FunctionReference.latest,
        random: Random
    ) {
        self.interpreter = interpreter
        self.branch = branch
        earlierEventBytes = branch.eventBytes
        self.now = now
        self.executedVersion = executedVersion
        self.random = random
    }

    var machine: StateMachine { interpreter.machine }
    var execution: ExecutionInfo { interpreter.execution }
    var limits: Limits { interpreter.limits }
    var taskToken: TaskTokenIssuer { interpreter.taskToken }
    var mock: TaskMock? { interpreter.mock }

    mutating func decision(on outcome: Outcome) -> Decision {
        var step = begin(with: outcome)
        while true {
            switch step {
            case .stop(let next):
                return keepingHistoryLimit(next)
            case .enter(let name, let input):
                if statesEntered >= limits.statesPerDecision
                    || branch.eventBytes - earlierEventBytes >= limits.eventBytesPerDecision
                    || evaluationTime >= limits.evaluationTimePerDecision
                {
                    branch.phase = .entering
                    branch.state = name
                    branch.input = input
                    return keepingHistoryLimit(.proceed(function: machine.entryFunction(at: name)))
                }
                statesEntered += 1
                earlierEvaluationTime = evaluationTime
                step = enter(name, input: input)
            }
        }
    }

    private mutating func begin(with outcome: Outcome) -> Step {
        guard let state = machine.states[branch.state] else {
            return end(with: StateFailure(error: ErrorName.runtime, cause: "There is no state '\(branch.state)'."))
        }
        switch (branch.phase, outcome) {
        case (.fresh, .due): return beginBranch()
        case (.entering, .due): return .enter(branch.state, input: branch.input)
        case (.retrying, .due): return carryOut(state)
        case (.concluding, .due): return resume(state)
        case (.mapping, _): return continueMapRun(state, on: outcome)
        case (.sleeping, .due): return wakeUp(state)
        case (.invoking, _), (.starting, _), (.queued, _), (.submitted, _): return continueTask(state, on: outcome)
        case (.forked, .joined(let outputs)): return join(state, outputs: outputs)
        case (.forked, .branchFailed(let failed)): return branchFailed(state, failed)
        default: return unexpected(outcome, in: state)
        }
    }

    /// An outcome that nobody waits for is a fault of the caller: it is shown, not swallowed, and costs no process.
    mutating func unexpected(_ outcome: Outcome, in state: State) -> Step {
        let cause =
            "The outcome '\(outcome.name)' does not fit the phase '\(branch.phase.rawValue)' of '\(state.name)'."
        return end(with: StateFailure(error: ErrorName.runtime, cause: cause))
    }

    private mutating func enter(_ name: String, input: JSONDocument) -> Step {
        branch.phase = .entering
        branch.state = name
        branch.input = input
        branch.taskInput = nil
        branch.enteredAt = now
        branch.entry += 1
        branch.retryCount = 0
        branch.retrierUses = []
        branch.deadline = nil
        branch.heartbeatSeconds = nil
        guard let state = machine.states[name] else {
            return end(with: StateFailure(error: ErrorName.runtime, cause: "There is no state '\(name)'."))
        }
        branch.enteredEvent = append(
            state.kind.enteredEvent,
            [.init("name", .string(name)), .init("input", .payload(input))]
        )
        return carryOut(state)
    }

    /// Does the work of a state that has been entered, for the first time or again.
    private mutating func carryOut(_ state: State) -> Step {
        do throws(StateFailure) {
            switch state.kind {
            case .pass(let pass): return try self.pass(state, pass)
            case .choice(let choice): return try choose(state, choice)
            case .wait(let wait): return try self.wait(state, wait)
            case .succeed: return try succeed(state)
            case .fail(let fail): return try self.fail(state, fail)
            case .task(let task): return try startTask(state, task)
            case .parallel(let parallel): return try forkParallel(state, parallel)
            case .map(let map): return try forkMap(state, map)
            }
        } catch {
            return settle(error, in: state, resumingWith: .work)
        }
    }

    /// Adds an event after the last one of this branch.
    @discardableResult
    mutating func append(_ type: EventType, _ details: [HistoryEvent.Detail] = []) -> EventReference {
        let reference = appendAside(type, details)
        branch.lastEvent = reference
        return reference
    }

    /// Adds an event that no later one refers to.
    @discardableResult
    mutating func appendAside(_ type: EventType, _ details: [HistoryEvent.Detail] = []) -> EventReference {
        for detail in details { branch.eventBytes += detail.payloadBytes }
        // A Task that follows another one has six.
        if branch.events.isEmpty { branch.events.reserveCapacity(8) }
        branch.events.append(
            HistoryEvent(type: type, previous: branch.lastEvent, timestamp: now, details: details)
        )
        return .pending(branch.events.count - 1)
    }

    /// The execution fails with the event that fills its history.
    private mutating func keepingHistoryLimit(_ next: Decision.Next) -> Decision {
        let recorded = recordedEvents
        let (total, overflow) = recorded.addingReportingOverflow(branch.events.count)
        let isEnd = if case .endExecution = next { true } else { false }
        guard overflow || total > limits.historyEvents || (total == limits.historyEvents && !isEnd) else {
            return Decision(branch: branch, next: next)
        }
        let room = max(0, limits.historyEvents - 1 - recorded)
        branch.events.removeLast(max(0, branch.events.count - room))
        branch.lastEvent = branch.events.isEmpty ? .recorded(recorded) : .pending(branch.events.count - 1)
        let failure = StateFailure(
            error: ErrorName.runtime,
            cause: "The execution reached the maximum number of history events (\(limits.historyEvents))."
        )
        guard case .stop(let end) = endExecution(with: failure) else { return Decision(branch: branch, next: next) }
        return Decision(branch: branch, next: end)
    }

    /// How many events the execution has at least, as far as this branch knows.
    private var recordedEvents: Int {
        guard case .recorded(let id) = branch.events.first?.previous ?? branch.lastEvent else { return 1 }
        return max(id, 1)
    }
}
