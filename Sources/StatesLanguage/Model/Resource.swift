/// What the `Resource` of a Task names: who does the work, and how the Task learns of its result.
package indirect enum Resource: Sendable, Hashable {
    /// `arn:aws:lambda:…:function:NAME[:qualifier]`: found by its name, whatever region and account stand there.
    case function(FunctionReference, arn: String)
    /// `arn:aws:states:…:activity:NAME`: whoever asks for the activity's tasks does the work.
    case activity(name: String, arn: String)
    /// `arn:aws:states:::SERVICE:ACTION[.PATTERN]`.
    case integration(ServiceIntegration)
    /// A well-formed resource that this engine can't run: parsed, refused at deployment with the reason.
    case unsupported(arn: String)

    /// The resource as written.
    package var arn: String {
        switch self {
        case .function(_, let arn), .activity(_, let arn), .unsupported(let arn): arn
        case .integration(let integration): integration.arn
        }
    }

    /// Who does the work; nil: nobody here.
    package var performer: TaskPerformer? {
        switch self {
        case .function: .function
        case .activity: .activity
        case .integration(let integration): integration.performer
        case .unsupported: nil
        }
    }

    /// Whether the Task waits for an answer that names its token.
    package var waitsForToken: Bool {
        guard case .integration(let integration) = self else { return false }
        return integration.pattern == .waitForTaskToken
    }

    /// Whether the Task waits for the end of the execution that it starts.
    package var waitsForExecution: Bool {
        guard case .integration(let integration) = self else { return false }
        return integration.pattern == .sync || integration.pattern == .sync2
    }
}

/// Who does the work of a Task.
package enum TaskPerformer: Sendable, Hashable {
    /// A worker that offers the function.
    case function
    /// Whoever asks for the activity's tasks.
    case activity
    /// A child execution.
    case execution
    /// Any worker, by calling the service.
    case service
}

/// A call of a service that a Task makes.
package struct ServiceIntegration: Sendable, Hashable {
    /// How the Task goes on after the call.
    package enum Pattern: String, Sendable, Hashable {
        /// With the service's response.
        case requestResponse = ""
        /// With the end of the job that the call began.
        case sync
        /// The same, with the job's output as JSON.
        case sync2 = "sync:2"
        /// With the answer of whoever got the task token.
        case waitForTaskToken
    }

    /// The resource as written.
    package let arn: String
    /// `lambda`, `states`, `aws-sdk:sfn`.
    package let service: String
    /// `invoke`
    package let action: String
    package let pattern: Pattern
    package let performer: TaskPerformer

    /// nil: nobody here does this.
    package init?(arn: String, service: String, action: String, pattern: Pattern) {
        switch (service, action, pattern) {
        case ("lambda", "invoke", .requestResponse), ("lambda", "invoke", .waitForTaskToken): performer = .function
        case ("states", "startExecution", _): performer = .execution
        case ("aws-sdk:sfn", _, .requestResponse), ("aws-sdk:sfn", _, .waitForTaskToken):
            guard ServiceIntegrations.stepFunctionsActions.contains(action) else { return nil }
            performer = .service
        case (_, _, .requestResponse), (_, _, .waitForTaskToken):
            guard ServiceIntegrations.isCalled(service, action) else { return nil }
            performer = .service
        default: return nil
        }
        self.arn = arn
        self.service = service
        self.action = action
        self.pattern = pattern
    }

    /// What workers offer that can call the service, as `offer(of:)` names it; nil: any worker can.
    package var offer: String? {
        switch service {
        case "lambda", "states", "http", "apigateway", "aws-sdk:sfn": nil
        case "events": Self.offer(of: "eventbridge")
        default: Self.offer(of: String(service.split(separator: ":").last ?? ""))
        }
    }

    /// What a worker offers that has an endpoint for a service. No function is named like this.
    ///
    /// - Parameter service: as in `aws-sdk:SERVICE:…`
    package static func offer(of service: String) -> String { "service:\(service)" }

    /// What a worker offers that has object storage for the readers and writers of distributed Maps.
    package static let storageOffer = offer(of: "storage")

    /// The action with its pattern, as events show it: `startExecution.sync:2`.
    package var resourceName: String { pattern == .requestResponse ? action : "\(action).\(pattern.rawValue)" }
}
