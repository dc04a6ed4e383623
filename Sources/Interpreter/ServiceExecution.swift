import Expressions
import JSON
import StatesLanguage

/// Tasks whose work is the call of a service, or waits for somebody who asks for it.
extension Run {
    /// Calls a service, for the first time or again because the call was lost.
    mutating func request(_ state: State, _ resource: Resource) -> Step {
        guard case .integration(let integration) = resource else { return unexpected(.due, in: state) }
        guard !isOverdue else { return taskFailed(state, TaskEvents(resource).timedOut, .timeout, resource) }
        return .stop(
            .request(
                ServiceRequest(
                    service: integration.service,
                    action: integration.action,
                    parameters: branch.taskInput ?? branch.input,
                    timeoutSeconds: secondsLeft,
                    carriesToken: resource.waitsForToken,
                    offer: integration.offer
                )
            )
        )
    }

    /// Goes on with a Task whose service has been called.
    mutating func continueService(_ state: State, _ resource: Resource, on outcome: Outcome) -> Step {
        switch outcome {
        case .due: request(state, resource)
        case .succeeded(let response) where resource.waitsForToken: submitted(state, resource, response)
        default: concludeTask(state, resource, on: outcome)
        }
    }

    /// Goes on with a Task that nobody has asked for yet.
    mutating func continueQueued(_ state: State, _ resource: Resource, on outcome: Outcome) -> Step {
        guard case .refused = outcome, let scheduled = branch.events.last,
            scheduled.type == TaskEvents(resource).scheduled
        else { return concludeTask(state, resource, on: outcome) }
        branch.events.removeLast()
        branch.lastEvent = scheduled.previous
        branch.deadline = nil
        branch.heartbeatSeconds = nil
        let failure = StateFailure(runtime: "The activity \(resource.arn) does not exist.")
        return settle(failure, in: state, resumingWith: .work)
    }

    /// Whether the Task's time is over.
    var isOverdue: Bool { branch.deadline.map { $0 <= now } ?? false }

    /// What is left of the Task's time.
    var secondsLeft: Int? {
        branch.deadline.map { Int(max(0, ($0.microseconds - now.microseconds + 999_999) / 1_000_000)) }
    }
}
