import AWSClient
import Expressions
import JSON

/// `http:invoke`: calls an HTTP API with a connection's authentication.
struct HTTPTasks: Sendable {
    /// What Step Functions allows.
    private static let longest: Duration = .seconds(60)
    private static let largestBody = 256 << 10

    private let connections: Connections
    private let transport: GuardedTransport
    private let tokens: OAuthTokens

    init(addresses: AddressRules, connections: Connections) {
        self.connections = connections
        transport = GuardedTransport(rules: addresses)
        tokens = OAuthTokens(transport: transport)
    }

    func invoke(_ request: TaskRequest) async throws(TaskFailure) -> JSONDocument {
        let http = try HTTPTaskRequest(request)
        guard let connection = connections.named(by: http.connection) else {
            throw TaskFailure(
                error: "Events.ConnectionResource.ResourceNotFound",
                cause: "Connection '\(http.connection)' does not exist: add it to the file that"
                    + " STEPWELL_CONNECTIONS_FILE names."
            )
        }
        let bounds = HTTPTransport.Bounds(time: min(request.time, Self.longest), responseBytes: Self.largestBody)
        var outgoing = http.outgoing(connection, authorization: try await authorization(connection))
        var response = try await send(outgoing, bounds)
        if response.status == 401, case .oauth = connection.authorization {
            outgoing = http.outgoing(connection, authorization: try await authorization(connection, isRefused: true))
            response = try await send(outgoing, bounds)
        }
        return try Self.result(response, error: "States.Http.StatusCode")
    }

    private func authorization(_ connection: Connection, isRefused: Bool = false) async throws(TaskFailure)
        -> [(name: String, value: String)]
    {
        switch connection.authorization {
        case .basic(let user, let password):
            [("Authorization", "Basic \(Base64.encode(Array("\(user):\(password)".utf8)))")]
        case .apiKey(let name, let value): [(name, value)]
        case .oauth(let client):
            [
                (
                    "Authorization",
                    "Bearer \(try await tokens.token(for: connection.name, client, isRefused: isRefused))"
                )
            ]
        }
    }

    /// Sends a request to where a definition says.
    func send(_ request: OutgoingRequest, _ bounds: HTTPTransport.Bounds) async throws(TaskFailure) -> IncomingResponse
    {
        do throws(TransportError) {
            return try await transport.send(request, bounds: bounds)
        } catch {
            switch error {
            case .responseTooLarge(let limit):
                throw TaskFailure(
                    error: "States.DataLimitExceeded",
                    cause: "The HTTP API returned a response of more than \(limit) bytes."
                )
            case .timedOut, .failed, .closed, .cancelled:
                throw TaskFailure(error: "States.Http.Socket", cause: "The request to the HTTP API failed: \(error)")
            }
        }
    }

    /// What the Task shows of a response.
    ///
    /// - Parameter prefix: what stands before the status in the error's name.
    static func result(_ response: IncomingResponse, error prefix: String) throws(TaskFailure) -> JSONDocument {
        guard !isBinary(response.header("Content-Type")) else {
            throw TaskFailure(
                error: "States.Runtime",
                cause: "The response is of the type '\(response.header("Content-Type") ?? "")', which JSON can't hold."
            )
        }
        let text = String(decoding: response.body, as: UTF8.self)
        guard (200..<300).contains(response.status) else {
            throw TaskFailure(
                error: "\(prefix).\(response.status)",
                cause: text.isEmpty ? StatusText.of(response.status) : text
            )
        }
        var headers: JSONObject = [:]
        for header in response.headers.sorted(by: { $0.name.lowercased() < $1.name.lowercased() }) {
            headers[header.name] = .array((headers[header.name]?.array ?? []) + [.string(header.value)])
        }
        let isJSON = response.header("Content-Type")?.lowercased().contains("json") ?? true
        let body = isJSON ? try? JSONValue(parsing: text) : nil
        return JSONDocument(
            .object([
                "Headers": .object(headers), "ResponseBody": body ?? .string(text),
                "StatusCode": .number(JSONNumber(response.status)),
                "StatusText": .string(StatusText.of(response.status)),
            ])
        )
    }
}
