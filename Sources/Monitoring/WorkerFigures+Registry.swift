extension WorkerFigures {
    /// What the registry of a worker has.
    package init(_ registry: MetricsRegistry) {
        for (series, value) in registry.counts {
            let count = Int(value)
            switch Metric(rawValue: series.name) {
            case .claims: claims += count
            case .claimedSteps: claimedSteps += count
            case .transitions: transitions += count
            case .leaseLosses: leaseLosses += count
            case .executionsSucceeded: executionsSucceeded += count
            case .executionsFailed: executionsFailed += count
            case .executionsTimedOut: executionsTimedOut += count
            case .functionsSucceeded: functions[series.function, default: Calls()].succeeded += count
            case .functionsFailed: functions[series.function, default: Calls()].failed += count
            case .functionsTimedOut: functions[series.function, default: Calls()].timedOut += count
            default: break
            }
        }
        for (series, distribution) in registry.spreads {
            switch Metric(rawValue: series.name) {
            case .claimLatency: claimLatency = distribution
            case .executionTime: executionTime = distribution
            case .functionRunTime: functions[series.function, default: Calls()].runTime = distribution
            default: break
            }
        }
    }
}

extension MetricsRegistry.Series {
    fileprivate var function: String { labels.first { $0.name == "function" }?.value ?? "" }
}
