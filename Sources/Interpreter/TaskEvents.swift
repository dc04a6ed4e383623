import JSON
import StatesLanguage

/// The events of one Task: their types, and what stands in each of them.
struct TaskEvents {
    let scheduled: EventType
    let started: EventType
    let submitted: EventType?
    let succeeded: EventType
    let failed: EventType
    let timedOut: EventType
    /// What every event of the Task names.
    let resource: [HistoryEvent.Detail]

    init(_ resource: Resource) {
        switch resource {
        case .function:
            scheduled = .lambdaFunctionScheduled
            started = .lambdaFunctionStarted
            submitted = nil
            succeeded = .lambdaFunctionSucceeded
            failed = .lambdaFunctionFailed
            timedOut = .lambdaFunctionTimedOut
            self.resource = []
        case .activity:
            scheduled = .activityScheduled
            started = .activityStarted
            submitted = nil
            succeeded = .activitySucceeded
            failed = .activityFailed
            timedOut = .activityTimedOut
            self.resource = []
        case .integration, .unsupported:
            scheduled = .taskScheduled
            started = .taskStarted
            submitted = .taskSubmitted
            succeeded = .taskSucceeded
            failed = .taskFailed
            timedOut = .taskTimedOut
            guard case .integration(let integration) = resource else {
                self.resource = []
                return
            }
            self.resource = [
                .init("resourceType", .string(integration.service)),
                .init("resource", .string(integration.resourceName)),
            ]
        }
    }
}

extension TaskEvents {
    /// The details of an event that has one of its own.
    func details(with own: HistoryEvent.Detail) -> [HistoryEvent.Detail] {
        resource.isEmpty ? [own] : resource + [own]
    }
}

extension Resource {
    /// What an error names that says a result is too large.
    var resultOwner: String {
        guard case .integration(let integration) = self else { return arn }
        return integration.service
    }
}
