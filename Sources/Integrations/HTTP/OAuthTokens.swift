import AWSClient
import JSON
import Signing

/// Access tokens of connections, fetched when they are needed and kept until they end.
actor OAuthTokens {
    private struct Token {
        let text: String
        let end: ContinuousClock.Instant
    }

    private static let answerTime: Duration = .seconds(10)
    private static let largestAnswer = 64 << 10
    /// A token that says no end is kept this long; none longer than a day.
    private static let usualLife: Int64 = 300
    private static let longestLife: Int64 = 86_400

    private let transport: GuardedTransport
    private var tokens: [String: Token] = [:]

    init(transport: GuardedTransport) { self.transport = transport }

    /// - Parameter isRefused: whether the server would not take the token that is kept.
    func token(for connection: String, _ client: OAuthClient, isRefused: Bool) async throws(TaskFailure) -> String {
        if !isRefused, let token = tokens[connection], token.end > .now { return token.text }
        let token = try await fetch(client, for: connection)
        tokens[connection] = token
        return token.text
    }

    private func fetch(_ client: OAuthClient, for connection: String) async throws(TaskFailure) -> Token {
        func failed(_ reason: String) -> TaskFailure {
            TaskFailure(
                error: "Events.ConnectionResource.InvalidConnectionState",
                cause: "The connection '\(connection)' could not be authorized: \(reason)"
            )
        }
        guard let url = URLParts(client.endpoint) else { throw failed("its AuthorizationEndpoint is not a URL") }
        var fields: [(String, String)] = [
            ("grant_type", "client_credentials"), ("client_id", client.id), ("client_secret", client.secret),
        ]
        fields += client.additions.body.map { ($0.name, $0.value) }
        let form = fields.map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))" }
            .joined(separator: "&")
        let added = client.additions.query
            .map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
        let isGet = client.method == "GET"
        let query = [url.query].compactMap { $0 } + added + (isGet ? [form] : [])
        let request = OutgoingRequest(
            method: client.method,
            endpoint: Endpoint(url, keepsPath: false),
            path: url.path.isEmpty ? "/" : url.path,
            query: query.joined(separator: "&"),
            headers: [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
                + client.additions.headers,
            body: isGet ? [] : Array(form.utf8)
        )
        let response: IncomingResponse
        do throws(TransportError) {
            response = try await transport.send(
                request,
                bounds: .init(time: Self.answerTime, responseBytes: Self.largestAnswer)
            )
        } catch {
            throw failed("\(error)")
        }
        let answer = try? JSONValue(parsing: String(decoding: response.body, as: UTF8.self))
        guard response.status == 200, let text = answer?["access_token"]?.string else {
            throw failed("the authorization server answered \(response.status)")
        }
        let life = answer?["expires_in"]?.number?.integer ?? Self.usualLife
        // A little earlier than it ends, for the request that takes it there.
        let seconds = max(0, min(life, Self.longestLife) - 10)
        return Token(text: text, end: .now.advanced(by: .seconds(seconds)))
    }
}
