import Interpreter
import JSON
import Store

/// Makes the calls of services that Tasks ask for: the one place that says who does it for which service.
struct ServiceCalls: Sendable {
    /// How many calls that commit together with their step may be on their way at once.
    static let transactions = 4

    private let stepFunctions: StepFunctionsService

    init(store: Store) {
        stepFunctions = StepFunctionsService(store: store)
    }

    /// A call, as a function that the worker runs like any other.
    func function(for request: ServiceRequest) -> Function {
        let body: Function.Body =
            switch request.service {
            case "aws-sdk:sfn": stepFunctions.body(of: request.action)
            default:
                .plain { _, _ in
                    throw ServiceFailure(
                        error: "States.Runtime",
                        cause: "This worker cannot call the service '\(request.service)'."
                    )
                }
            }
        return Function(name: "\(request.service):\(request.action)", concurrency: nil, timeout: nil, body: body)
    }
}

/// A service said no, in its own words.
struct ServiceFailure: Error {
    var error: String
    var cause: String
}
