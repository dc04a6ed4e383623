import JSON
import StatesLanguage

/// The two parts of a service integration's resource that events show.
struct TaskResource {
    /// `states`
    var type: String
    /// `startExecution.sync:2`
    var name: String

    /// - Parameter arn: `arn:aws:states:::states:startExecution.sync:2`
    init(_ arn: String) {
        let parts = arn.split(separator: ":", maxSplits: 6, omittingEmptySubsequences: false)
        type = parts.count > 5 ? String(parts[5]) : ""
        name = parts.count > 6 ? String(parts[6]) : arn
    }

    var details: [HistoryEvent.Detail] {
        [.init("resourceType", .string(type)), .init("resource", .string(name))]
    }
}

extension Run {
    /// Asks for a child execution.
    mutating func startChild(
        _ state: State,
        _ task: TaskState,
        parameters: JSONDocument,
        timing: TaskTiming,
        credentials: [HistoryEvent.Detail]
    ) throws(StateFailure) -> Step {
        let given = try value(of: parameters)
        guard let stateMachine = given["StateMachineArn"]?.string else {
            throw StateFailure(
                runtime: "The Parameters '\(parameters.text)' could not be used to start the Task:"
                    + " [The field \"StateMachineArn\" is required but was missing]"
            )
        }
        let resource = TaskResource(task.resource.arn)
        var details = resource.details
        details += [.init("region", .string(region)), .init("parameters", .payload(parameters))]
        if let timeout = timing.timeout { details.append(.init("timeoutInSeconds", .integer(timeout))) }
        if let heartbeat = timing.heartbeat { details.append(.init("heartbeatInSeconds", .integer(heartbeat))) }
        branch.scheduledEvent = append(.taskScheduled, details + credentials)
        append(.taskStarted, resource.details)
        branch.phase = .starting
        let isAwaited = if case .startExecutionSync2 = task.resource { true } else { false }
        guard let input = childInput(given["Input"]) else {
            let failure = StateFailure(
                error: ErrorName.invalidExecutionInput,
                cause: "Invalid State Machine Execution Input: the string is not JSON"
            )
            return taskFailed(state, .taskFailed, failure, resource: resource.details)
        }
        return .stop(
            .startExecution(
                ChildStart(
                    stateMachine: stateMachine,
                    name: given["Name"]?.string,
                    input: input,
                    isAwaited: isAwaited
                )
            )
        )
    }

    /// `Input` as the child gets it: a string is the text itself, which must be JSON; anything else is written out.
    private func childInput(_ input: JSONValue?) -> JSONDocument? {
        switch input {
        case nil, .null: JSONDocument(.object([:]))
        case .string(let text): try? JSONDocument(parsing: text)
        case .some(let value): JSONDocument(value)
        }
    }

    /// The region that events name: that of the state machine.
    private var region: String {
        let parts = execution.stateMachineARN.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
        return parts.count > 3 ? String(parts[3]) : ""
    }

    mutating func continueChild(_ state: State, _ resource: TaskResource, on outcome: Outcome) -> Step {
        switch outcome {
        case .submitted(let response) where branch.phase == .starting:
            append(.taskSubmitted, resource.details + [.init("output", .payload(response))])
            branch.phase = .submitted
            return .stop(.awaitExecution)
        case .succeeded(let result):
            guard result.fits(limits.payloadBytes) else {
                let failure = StateFailure(tooLargeAt: resource.type, verb: "returned a result")
                return taskFailed(state, .taskFailed, failure, resource: resource.details)
            }
            append(.taskSucceeded, resource.details + [.init("output", .payload(result))])
            return taskSucceeded(state, result)
        case .failed(let error, let cause):
            let failure = StateFailure(error: error, cause: cause)
            return taskFailed(state, .taskFailed, failure, resource: resource.details)
        case .timedOut: return taskFailed(state, .taskTimedOut, .timeout, resource: resource.details)
        case .heartbeatMissed: return taskFailed(state, .taskTimedOut, .missedHeartbeat, resource: resource.details)
        case .due, .submitted, .joined, .branchFailed: return unexpected(outcome, in: state)
        }
    }
}
