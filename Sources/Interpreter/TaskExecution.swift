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
        branch.heartbeatSeconds = timing.heartbeat
        switch task.resource {
        case .function(let name, let arn):
            scheduleFunction(arn: arn, input: input, timeout: timing.timeout, credentials: credentials)
            return .stop(.invoke(call(name, timeout: timing.timeout)))
        case .startExecution, .startExecutionSync2:
            return try startChild(state, task, parameters: input, timing: timing, credentials: credentials)
        case .unsupported(let arn):
            throw StateFailure(runtime: "This engine cannot run the resource '\(arn)'.")
        }
    }

    private mutating func scheduleFunction(
        arn: String,
        input: JSONDocument,
        timeout: Int?,
        credentials: [HistoryEvent.Detail]
    ) {
        var details: [HistoryEvent.Detail] = [.init("resource", .string(arn)), .init("input", .payload(input))]
        if let timeout { details.append(.init("timeoutInSeconds", .integer(timeout))) }
        branch.scheduledEvent = append(.lambdaFunctionScheduled, details + credentials)
        append(.lambdaFunctionStarted)
        branch.phase = .invoking
    }

    private func call(_ function: String, timeout: Int?) -> FunctionCall {
        FunctionCall(
            function: function,
            input: branch.taskInput ?? branch.input,
            timeoutSeconds: timeout,
            heartbeatSeconds: branch.heartbeatSeconds
        )
    }

    /// Goes on with a Task whose work has been scheduled.
    mutating func continueTask(_ state: State, on outcome: Outcome) -> Step {
        guard case .task(let task) = state.kind else { return unexpected(outcome, in: state) }
        switch (branch.phase, task.resource) {
        case (.invoking, .function(let name, let arn)):
            return continueFunction(state, name: name, arn: arn, on: outcome)
        case (.starting, .startExecution), (.starting, .startExecutionSync2), (.submitted, .startExecutionSync2):
            return continueChild(state, TaskResource(task.resource.arn), on: outcome)
        default: return unexpected(outcome, in: state)
        }
    }

    private mutating func continueFunction(_ state: State, name: String, arn: String, on outcome: Outcome) -> Step {
        switch outcome {
        case .due:
            // Nobody has an outcome: the call was lost and is made again, with what is left of its time.
            guard let deadline = branch.deadline else { return .stop(.invoke(call(name, timeout: nil))) }
            guard deadline > now else { return taskFailed(state, .lambdaFunctionTimedOut, .timeout) }
            let left = (deadline.microseconds - now.microseconds + 999_999) / 1_000_000
            return .stop(.invoke(call(name, timeout: Int(left))))
        case .succeeded(let result):
            guard result.fits(limits.payloadBytes) else {
                let failure = StateFailure(tooLargeAt: arn, verb: "returned a result")
                return taskFailed(state, .lambdaFunctionFailed, failure)
            }
            append(.lambdaFunctionSucceeded, [.init("output", .payload(result))])
            return taskSucceeded(state, result)
        case .failed(let error, let cause):
            return taskFailed(state, .lambdaFunctionFailed, StateFailure(error: error, cause: cause))
        case .timedOut: return taskFailed(state, .lambdaFunctionTimedOut, .timeout)
        case .heartbeatMissed: return taskFailed(state, .lambdaFunctionTimedOut, .missedHeartbeat)
        case .submitted, .joined, .branchFailed: return unexpected(outcome, in: state)
        }
    }

    mutating func taskSucceeded(_ state: State, _ result: JSONDocument) -> Step {
        branch.deadline = nil
        branch.heartbeatSeconds = nil
        return conclude(state, result: result)
    }

    mutating func taskFailed(
        _ state: State,
        _ event: EventType,
        _ failure: StateFailure,
        resource: [HistoryEvent.Detail] = []
    ) -> Step {
        append(event, resource + failure.details)
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
            guard case .number(let number) = value, let seconds = number.integer, seconds > 0, seconds <= 99_999_999
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
