import AWSClient
import Integrations
import Interpreter
import JSON
import StatesLanguage
import Store

/// Makes the calls of services that Tasks ask for: the one place that says who does it for which service.
struct ServiceCalls: Sendable {
    /// How many calls that commit together with their step may be on their way at once.
    static let transactions = 4
    /// How long a call may take when the state says nothing.
    private static let longest: Duration = .seconds(60)
    /// How much longer than its state a call may take by itself: what ends it is to be the state's time-out.
    private static let margin: Duration = .seconds(5)

    /// What this worker can call, as ``ServiceRequest/offer`` has it.
    let offers: Set<String>
    /// Functions of Lambda's endpoint; nil: there is none.
    let lambda: LambdaFunctions?
    /// Where item readers and result writers find S3; nil: there is no endpoint. Its connections are its own, so that
    /// readings end when the worker does while Tasks finish theirs.
    let storage: S3Storage?
    private let stepFunctions: StepFunctionsService
    private let tasks: ServiceTasks
    private let limits: Limits

    init(store: Store, settings: ServiceSettings) {
        let client = AWSClient(configuration: settings.aws)
        stepFunctions = StepFunctionsService(store: store)
        tasks = ServiceTasks(client: client, addresses: settings.addresses, connections: settings.connections)
        offers = Set(settings.offers)
        limits = store.limits
        storage = S3Storage(client: AWSClient(configuration: settings.aws))
        lambda = LambdaEndpoint(client: client).map { LambdaFunctions(endpoint: $0, limits: store.limits) }
    }

    /// Closes the connections to services.
    func close() async {
        await tasks.close()
        await closeStorage()
    }

    /// Readings and exports begin again elsewhere: at the worker's end they need not be waited for.
    func closeStorage() async { await storage?.close() }

    /// A call, as a function that the worker runs like any other.
    func function(for request: ServiceRequest) -> Function {
        let body: Function.Body
        if request.service == "aws-sdk:sfn" {
            body = stepFunctions.body(of: request.action)
        } else if let offer = request.offer, !offers.contains(offer) {
            body = .plain { _, _ in
                throw ServiceFailure(
                    error: "States.Runtime",
                    cause: "No worker has an endpoint for the service '\(offer.split(separator: ":").last ?? "")'. Set"
                        + " AWS_ENDPOINT_URL, or the variable of this service, in the environment of a worker."
                )
            }
        } else {
            body = .plain { parameters, context in
                try await self.perform(request, parameters, context)
            }
        }
        return Function(name: "\(request.service):\(request.action)", concurrency: nil, timeout: nil, body: body)
    }

    private func perform(
        _ request: ServiceRequest,
        _ parameters: JSONDocument,
        _ context: FunctionContext
    ) async throws -> JSONDocument {
        do throws(TaskFailure) {
            return try await tasks.perform(
                TaskRequest(
                    service: request.service,
                    action: request.action,
                    parameters: parameters,
                    executionARN: context.executionARN,
                    stateMachineARN: context.stateMachineARN,
                    idempotencyKey: context.idempotencyKey,
                    time: context.remainingTime.map { $0 + Self.margin } ?? Self.longest,
                    resultBytes: limits.payloadBytes
                )
            )
        } catch {
            throw ServiceFailure(error: error.error, cause: error.cause)
        }
    }
}

/// A service said no, in its own words.
struct ServiceFailure: Error {
    var error: String
    var cause: String
}
