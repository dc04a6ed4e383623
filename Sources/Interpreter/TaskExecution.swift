import Expressions
import JSON
import StatesLanguage

extension Run {
    /// Schedules the work of a Task.
    mutating func startTask(_ state: State, _ task: TaskState) throws(StateFailure) -> Step {
        let input = try parameters(state)
        guard input.fits(limits.payloadBytes) else {
            throw StateFailure(tooLargeAt: state.name, verb: "provided parameters")
        }
        let timing = try timing(of: task, in: state)
        let credentials = try credentials(of: task, in: state)
        branch.taskInput = input === branch.input ? nil : input
        branch.deadline = timing.timeout.map { now.adding(seconds: Int64($0)) }
        // A child execution sends no heartbeats.
        let heartbeats = task.resource.performer != .execution || task.resource.waitsForToken
        branch.heartbeatSeconds = heartbeats ? timing.heartbeat : nil
        if let step = mocked(state) { return step }
        let resource = task.resource
        if let work = mock?(MockedTask(state: state.name, input: input)) {
            schedule(resource, input, timing, credentials)
            append(TaskEvents(resource).started, TaskEvents(resource).resource)
            return concludeTask(state, resource, on: work.outcome)
        }
        switch resource.performer {
        case .function:
            let invocation = try invocation(resource, parameters: input)
            schedule(resource, input, timing, credentials)
            append(TaskEvents(resource).started, TaskEvents(resource).resource)
            branch.phase = .invoking
            return call(invocation, of: state, resource)
        case .execution:
            let child = try childRequest(parameters: input)
            schedule(resource, input, timing, credentials)
            append(TaskEvents(resource).started, TaskEvents(resource).resource)
            branch.phase = .starting
            return start(child, for: state, resource)
        case .service:
            schedule(resource, input, timing, credentials)
            append(TaskEvents(resource).started, TaskEvents(resource).resource)
            branch.phase = .invoking
            return request(state, resource)
        case .activity:
            schedule(resource, input, timing, credentials)
            branch.phase = .queued
            guard case .activity(let name, _) = resource else { return unexpected(.due, in: state) }
            return .stop(.awaitAnswer(.activity(name: name)))
        case nil:
            throw StateFailure(runtime: "This engine cannot run the resource '\(resource.arn)'.")
        }
    }

    /// Records that the work of a Task is to be done.
    private mutating func schedule(
        _ resource: Resource,
        _ parameters: JSONDocument,
        _ timing: TaskTiming,
        _ credentials: [HistoryEvent.Detail]
    ) {
        let events = TaskEvents(resource)
        var details = events.resource
        details.reserveCapacity(details.count + 4 + credentials.count)
        if case .integration = resource {
            details.append(.init("region", .string(region)))
            details.append(.init("parameters", .payload(parameters)))
        } else {
            details.append(.init("resource", .string(resource.arn)))
            details.append(.init("input", .payload(parameters)))
        }
        if let timeout = timing.timeout { details.append(.init("timeoutInSeconds", .integer(timeout))) }
        // The events of functions have no member for it.
        if let heartbeat = timing.heartbeat, events.scheduled != .lambdaFunctionScheduled {
            details.append(.init("heartbeatInSeconds", .integer(heartbeat)))
        }
        details += credentials
        branch.scheduledEvent = append(events.scheduled, details)
    }

    /// The region that events name: that of the state machine.
    private var region: String {
        let parts = execution.stateMachineARN.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
        return parts.count > 3 ? String(parts[3]) : ""
    }

    /// Goes on with a Task whose work has been scheduled.
    mutating func continueTask(_ state: State, on outcome: Outcome) -> Step {
        guard case .task(let task) = state.kind else { return unexpected(outcome, in: state) }
        let resource = task.resource
        switch (branch.phase, resource.performer) {
        case (.invoking, .function): return continueFunction(state, resource, on: outcome)
        case (.invoking, .service): return continueService(state, resource, on: outcome)
        case (.queued, .activity): return continueQueued(state, resource, on: outcome)
        case (.starting, .execution): return continueChild(state, resource, on: outcome)
        case (.submitted, _): return concludeTask(state, resource, on: outcome)
        default: return unexpected(outcome, in: state)
        }
    }

    /// The call of the service has succeeded; from now on the Task waits for others.
    mutating func submitted(_ state: State, _ resource: Resource, _ response: JSONDocument) -> Step {
        let events = TaskEvents(resource)
        if let submitted = events.submitted {
            append(submitted, events.details(with: .init("output", .payload(response))))
        }
        branch.phase = .submitted
        guard resource.waitsForToken else { return .stop(.awaitAnswer(.execution)) }
        let heartbeat = branch.heartbeatSeconds.map { now.adding(seconds: Int64($0)) }
        return .stop(.awaitAnswer(.taskToken(heartbeatDue: heartbeat)))
    }

    /// The work of a Task is over, well or badly.
    mutating func concludeTask(_ state: State, _ resource: Resource, on outcome: Outcome) -> Step {
        let events = TaskEvents(resource)
        switch outcome {
        case .succeeded(let result):
            guard result.fits(limits.payloadBytes) else {
                let failure = StateFailure(tooLargeAt: resource.resultOwner, verb: "returned a result")
                return taskFailed(state, events.failed, failure, resource)
            }
            let result = resource.shown(result)
            append(events.succeeded, events.details(with: .init("output", .payload(result))))
            branch.deadline = nil
            branch.heartbeatSeconds = nil
            return conclude(state, result: result)
        case .failed(let error, let cause):
            let cause = resource.waitsForExecution ? resource.shown(JSONDocument(trusted: cause)).text : cause
            return taskFailed(state, events.failed, StateFailure(error: error, cause: cause), resource)
        case .timedOut: return taskFailed(state, events.timedOut, .timeout, resource)
        case .heartbeatMissed: return taskFailed(state, events.timedOut, .missedHeartbeat, resource)
        case .due, .refused, .submitted, .joined, .branchFailed: return unexpected(outcome, in: state)
        }
    }

    mutating func taskFailed(_ state: State, _ event: EventType, _ failure: StateFailure, _ resource: Resource) -> Step
    {
        append(event, TaskEvents(resource).resource + failure.details)
        return settle(failure, in: state, resumingWith: .failure(failure))
    }

    private mutating func timing(of task: TaskState, in state: State) throws(StateFailure) -> TaskTiming {
        TaskTiming(
            timeout: try seconds(task.timeout, named: "TimeoutSecondsPath", in: state),
            heartbeat: try seconds(task.heartbeat, named: "HeartbeatSecondsPath", in: state)
        )
    }

    private mutating func seconds(_ field: IntegerField?, named name: String, in state: State) throws(StateFailure)
        -> Int?
    {
        switch field {
        case nil: return nil
        case .constant(let seconds): return seconds
        case .jsonata(let field):
            return Int(try integer(field, in: 1...99_999_999, seeing: .input(effectiveInput(state))))
        case .path(let path):
            let value = try evaluate(path, on: effectiveInput(state))
            // A text that is a number will do, as in all other fields that name one.
            guard let seconds = value.number?.integer ?? value.string.flatMap({ Int64($0) }), seconds > 0,
                seconds <= 99_999_999
            else {
                throw StateFailure(
                    runtime: "The \(name) parameter does not reference a valid number of seconds:"
                        + " \(path.jsonPath) == \(value.plainText)"
                )
            }
            return Int(seconds)
        }
    }

    private mutating func credentials(of task: TaskState, in state: State) throws(StateFailure)
        -> [HistoryEvent.Detail]
    {
        guard let template = task.credentials else { return [] }
        guard let role = try evaluate(template, seeing: .input(effectiveInput(state)))["RoleArn"]?.string else {
            return []
        }
        return [.init("taskCredentials", .string(role))]
    }
}

/// The limits of one attempt, in seconds.
struct TaskTiming {
    var timeout: Int?
    var heartbeat: Int?
}

extension StateFailure {
    static var timeout: StateFailure { StateFailure(error: ErrorName.timeout, cause: "") }

    /// The history calls a missed heartbeat a timeout; only Retry and Catch know it by its own name.
    static var missedHeartbeat: StateFailure {
        StateFailure(error: ErrorName.timeout, cause: "", alias: ErrorName.heartbeatTimeout)
    }
}
