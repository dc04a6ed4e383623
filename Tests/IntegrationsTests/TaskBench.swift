import AWSClient
import Integrations
import JSON
import PeerTestSupport
import Testing

/// Carries out one request against a server that answers as a test wants.
struct TaskBench {
    var environment: [String: String] = [:]
    /// Beside those of the test's own server.
    var allowed = "127.0.0.1"
    var connections = Connections()

    enum Outcome: Equatable {
        case succeeded(JSONValue)
        case failed(error: String, cause: String)
    }

    func run(
        _ service: String,
        _ action: String,
        time: Duration = .seconds(30),
        parameters: (LoopbackServer) -> JSONValue,
        answer: @escaping @Sendable (PeerRequest) -> PeerReply
    ) async throws -> (outcome: Outcome, requests: [PeerRequest]) {
        let server = try await LoopbackServer.start(answer)
        var environment = environment
        environment["AWS_ENDPOINT_URL"] = server.url
        let tasks = ServiceTasks(
            client: AWSClient(configuration: try AWSConfiguration(environment: environment)),
            addresses: try AddressRules(allowed: allowed),
            connections: connections
        )
        let request = TaskRequest(
            service: service,
            action: action,
            parameters: JSONDocument(parameters(server)),
            executionARN: "arn:aws:states:us-east-1:000000000000:execution:m:e",
            stateMachineARN: "arn:aws:states:us-east-1:000000000000:stateMachine:m",
            idempotencyKey: "key-1",
            time: time
        )
        let outcome: Outcome
        do {
            outcome = .succeeded(try await tasks.perform(request).value())
        } catch let failure as TaskFailure {
            outcome = .failed(error: failure.error, cause: failure.cause)
        }
        await tasks.close()
        await server.stop()
        return (outcome, server.requests)
    }

    func run(
        _ service: String,
        _ action: String,
        _ parameters: JSONValue,
        answer: @escaping @Sendable (PeerRequest) -> PeerReply
    ) async throws -> (outcome: Outcome, requests: [PeerRequest]) {
        try await run(service, action, parameters: { _ in parameters }, answer: answer)
    }
}
