/// What is counted, under the names that Prometheus and swift-metrics' other backends see. Where AWS has a metric of the
/// same meaning it has AWS's name, and its unit.
package enum Metric: String, CaseIterable, Sendable {
    case claims = "stepwell_claims_total"
    case claimedSteps = "stepwell_claimed_steps_total"
    case claimLatency = "stepwell_claim_latency_seconds"
    case transitions = "stepwell_transitions_total"
    case leaseLosses = "stepwell_lease_losses_total"
    case slots = "stepwell_slots"
    case freeSlots = "stepwell_slots_free"
    case poolConnections = "stepwell_pool_connections"
    case poolWaiters = "stepwell_pool_waiters"
    case executionsSucceeded = "ExecutionsSucceeded"
    case executionsFailed = "ExecutionsFailed"
    case executionsTimedOut = "ExecutionsTimedOut"
    case executionTime = "ExecutionTime"
    case functionsSucceeded = "LambdaFunctionsSucceeded"
    case functionsFailed = "LambdaFunctionsFailed"
    case functionsTimedOut = "LambdaFunctionsTimedOut"
    case functionRunTime = "LambdaFunctionRunTime"
    case executionsStarted = "ExecutionsStarted"
    case executionsAborted = "ExecutionsAborted"
    case executionsRedriven = "ExecutionsRedriven"
    case activityPollers = "stepwell_activity_pollers"
    case requests = "stepwell_requests_total"
    case requestSeconds = "stepwell_request_seconds_total"

    /// What it says, in a sentence.
    package var help: String {
        switch self {
        case .claims: "Claims that brought something."
        case .claimedSteps: "Steps that were claimed."
        case .claimLatency: "How long the longest waiting step of a claim had been ready."
        case .transitions: "Decisions that were made durable."
        case .leaseLosses: "Decisions about steps that were not the worker's any more."
        case .slots: "Steps that the worker may have in hand at once."
        case .freeSlots: "Steps that it could take now."
        case .poolConnections: "Connections to the database, by whether somebody uses them."
        case .poolWaiters: "Who waits for a connection to the database."
        case .executionsSucceeded: "Executions that ended well."
        case .executionsFailed: "Executions that failed."
        case .executionsTimedOut: "Executions that took too long."
        case .executionTime: "Milliseconds from the start to the end of executions."
        case .functionsSucceeded: "Calls of functions that ended well."
        case .functionsFailed: "Calls of functions that failed."
        case .functionsTimedOut: "Calls of functions that took too long."
        case .functionRunTime: "Milliseconds that calls of functions took."
        case .executionsStarted: "Executions that this server has started."
        case .executionsAborted: "Executions that this server has stopped."
        case .executionsRedriven: "Executions that this server has redriven."
        case .activityPollers: "Callers that wait here for tasks of activities."
        case .requests: "Requests by operation and HTTP status."
        case .requestSeconds: "Time spent on requests, by operation."
        }
    }

    /// How its values are sorted, where it has many.
    package var distribution: Distribution {
        switch self {
        case .executionTime, .functionRunTime: .milliseconds
        default: .seconds
        }
    }
}
