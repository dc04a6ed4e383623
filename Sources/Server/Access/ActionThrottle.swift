import Store

/// AWS's throttles of the API's actions: each has a bucket of tokens, which fills at its rate. Actions that have none are
/// not throttled.
/// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-api-action-throttling-general
///
/// Every server counts for itself.
struct ActionThrottle: Sendable {
    /// How many requests at once, and how many a second.
    struct Quota: Sendable {
        let burst: Int
        let rate: Int
    }

    private let quotas: [String: Quota]
    private let limits = RateLimits()

    /// - Parameter region: nil: nothing is throttled.
    init(region: String?) {
        guard let region else {
            quotas = [:]
            return
        }
        let isLarge = ["us-east-1", "us-west-2", "eu-west-1"].contains(region)
        quotas = isLarge ? Self.inLargeRegions : Self.inLargeRegions.merging(Self.elsewhere) { $1 }
    }

    /// Whether anything is throttled.
    var isOn: Bool { !quotas.isEmpty }

    /// Counts a request.
    ///
    /// - Throws: `ThrottlingException`.
    func admit(_ action: String, at now: ContinuousClock.Instant = .now) throws(APIError) {
        guard let quota = quotas[action] else { return }
        guard limits.admit(action, rate: quota.rate, burst: quota.burst, at: now) else {
            throw APIError("ThrottlingException", "Rate exceeded")
        }
    }

    /// The name under which starts of express state machines are counted.
    static let expressStart = "StartExecution of an express state machine"

    private static let inLargeRegions: [String: Quota] = [
        "CreateActivity": Quota(burst: 100, rate: 1),
        "CreateStateMachine": Quota(burst: 100, rate: 1),
        "DeleteActivity": Quota(burst: 100, rate: 1),
        "DeleteStateMachine": Quota(burst: 100, rate: 1),
        "DescribeActivity": Quota(burst: 200, rate: 1),
        "DescribeExecution": Quota(burst: 300, rate: 15),
        "DescribeStateMachine": Quota(burst: 200, rate: 20),
        "DescribeStateMachineForExecution": Quota(burst: 200, rate: 1),
        "GetActivityTask": Quota(burst: 3_000, rate: 500),
        "GetExecutionHistory": Quota(burst: 400, rate: 20),
        "ListActivities": Quota(burst: 100, rate: 10),
        "ListExecutions": Quota(burst: 200, rate: 5),
        "ListStateMachines": Quota(burst: 100, rate: 5),
        "ListTagsForResource": Quota(burst: 100, rate: 1),
        "RedriveExecution": Quota(burst: 1_300, rate: 300),
        "SendTaskFailure": Quota(burst: 3_000, rate: 500),
        "SendTaskHeartbeat": Quota(burst: 3_000, rate: 500),
        "SendTaskSuccess": Quota(burst: 3_000, rate: 500),
        "StartExecution": Quota(burst: 1_300, rate: 300),
        expressStart: Quota(burst: 6_000, rate: 6_000),
        "StopExecution": Quota(burst: 1_000, rate: 200),
        "TagResource": Quota(burst: 200, rate: 1),
        "UntagResource": Quota(burst: 200, rate: 1),
        "UpdateStateMachine": Quota(burst: 100, rate: 1),
    ]

    /// Where it is less.
    private static let elsewhere: [String: Quota] = [
        "DescribeExecution": Quota(burst: 250, rate: 10),
        "GetActivityTask": Quota(burst: 1_500, rate: 300),
        "ListActivities": Quota(burst: 100, rate: 5),
        "ListExecutions": Quota(burst: 100, rate: 2),
        "RedriveExecution": Quota(burst: 800, rate: 150),
        "SendTaskFailure": Quota(burst: 1_500, rate: 300),
        "SendTaskHeartbeat": Quota(burst: 1_500, rate: 300),
        "SendTaskSuccess": Quota(burst: 1_500, rate: 300),
        "StartExecution": Quota(burst: 800, rate: 150),
        "StopExecution": Quota(burst: 500, rate: 25),
    ]
}

extension Call {
    /// Counts the request where actions are throttled.
    ///
    /// - Throws: `ThrottlingException`.
    func throttle() async throws {
        let throttle = services.throttle
        guard throttle.isOn else { return }
        if action == "StartExecution", let machine = try? ExecutionOperations.startable(arn("stateMachineArn")),
            try await store.isExpress(machine)
        {
            return try throttle.admit(ActionThrottle.expressStart)
        }
        try throttle.admit(action)
    }
}
