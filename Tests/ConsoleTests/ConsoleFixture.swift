import AsyncHTTPClient
import Expressions
import Foundation
import JSON
import Logging
import NIOCore
import NIOHTTP1
import Postgres
import PostgresTestSupport
import Testing

@testable import Console
@testable import Server
@testable import Store

/// A server with its console on a fresh database, and a client that keeps no cookies and follows nothing.
struct ConsoleFixture: Sendable {
    static let migrations = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/migrations"
    static let sealer = KeySealer(key: Array(repeating: 7, count: 32))

    let store: Store
    let port: Int
    private let client: HTTPClient

    /// Runs a server for as long as a test takes.
    ///
    /// - Parameter signed: whether people have to log in.
    static func run(
        signed: Bool = false,
        _ body: @escaping @Sendable (ConsoleFixture) async throws -> Void
    ) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let configuration = try await TestCluster.shared()
            .createDatabase("console") { [logger] model in
                _ = try await Store.migrate(model, directory: Self.migrations, buckets: 2, logger: logger)
            }
        let store = try await Store.open(configuration, poolSize: 4, patience: .seconds(120), logger: logger)
        let (ports, ready) = AsyncStream.makeStream(of: Int.self)
        var server = APIServer(
            store: store,
            configuration: TestNetwork.listening(configuration),
            host: "127.0.0.1",
            port: 0,
            authentication: signed ? .accessKeys(sealer) : .none,
            logger: logger
        ) { ready.yield($0) }
        server.site = try ConsoleSite(hosts: ["stepwell.example.org"])
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        let client = HTTPClient(configuration: settings)
        var failure: (any Error)?
        do {
            try await withThrowingTaskGroup(of: Void.self) { [server] group in
                group.addTask { try await server.run() }
                group.addTask {
                    for await port in ports {
                        try await body(ConsoleFixture(store: store, port: port, client: client))
                        return
                    }
                }
                try await group.next()
                group.cancelAll()
                // The server's end is that it was cancelled.
                while await group.nextResult() != nil {}
            }
        } catch {
            failure = error
        }
        try await client.shutdown()
        await store.close()
        if let failure { throw failure }
    }

    struct Answer {
        let status: Int
        let headers: HTTPHeaders
        let text: String
        var location: String? { headers.first(name: "location") }
        /// The cookie that the answer sets, as a browser sends it back.
        var cookie: String? {
            headers.first(name: "set-cookie").flatMap { $0.split(separator: ";").first }.map(String.init)
        }
        /// What the page sends with what it does.
        var intent: String? { text.firstMatch(of: /name="intent" content="([0-9a-z]+)"/).map { String($0.1) } }
    }

    var origin: String { "http://127.0.0.1:\(port)" }

    func get(_ path: String, cookie: String? = nil, _ headers: [String: String] = [:]) async throws -> Answer {
        try await send(.GET, path, cookie: cookie, headers)
    }

    /// A form, sent as the pages of the console send it.
    ///
    /// - Parameter intent: what the page was given for that; nil: none.
    func post(
        _ path: String,
        _ fields: [String: String] = [:],
        cookie: String? = nil,
        intent: String? = nil,
        origin: String? = nil,
        _ headers: [String: String] = [:]
    ) async throws -> Answer {
        var headers = headers
        headers["Origin"] = origin ?? self.origin
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        headers["X-Stepwell-Intent"] = intent
        let allowed = CharacterSet.alphanumerics
        let body = fields.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")"
        }
        return try await send(.POST, path, cookie: cookie, headers, body: body.joined(separator: "&"))
    }

    /// An operation of the API.
    func api(_ action: String, _ arguments: JSONObject) async throws -> JSONValue {
        let headers = ["X-Amz-Target": "AWSStepFunctions.\(action)", "Content-Type": "application/x-amz-json-1.0"]
        let answer = try await send(.POST, "/", cookie: nil, headers, body: JSONValue.object(arguments).text)
        #expect(answer.status == 200, "\(answer.text)")
        return try JSONValue(parsing: answer.text)
    }

    /// A request with what is named here and nothing else.
    func send(
        _ method: HTTPMethod,
        _ path: String,
        cookie: String? = nil,
        _ headers: [String: String],
        body: String? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: origin + path)
        request.method = method
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if let cookie { request.headers.add(name: "Cookie", value: cookie) }
        if let body { request.body = .bytes(Array(body.utf8)) }
        let response = try await client.execute(request, timeout: .seconds(120))
        let bytes = try await response.body.collect(upTo: 16 << 20)
        return Answer(status: Int(response.status.code), headers: response.headers, text: String(buffer: bytes))
    }

    /// An access key of the database.
    func makeKey(_ grants: String...) async throws -> NewAccessKey {
        let key = NewAccessKey()
        let sealed = try #require(Self.sealer.seal(key.secret, id: key.id))
        let granted = try grants.map { try #require(Grant($0)) }
        try await store.addAccessKey(
            StoredAccessKey(
                id: key.id,
                name: "test",
                sealedSecret: sealed,
                grants: .array(granted.map(\.json)),
                createdAt: .distantPast
            )
        )
        return key
    }

    /// Logs in.
    ///
    /// - Returns: the cookie of the session.
    func logIn(_ key: NewAccessKey) async throws -> String {
        let answer = try await post(
            "/console/login",
            ["accessKey": key.id, "secret": key.secret],
            intent: Visit.loginToken
        )
        #expect(answer.status == 200)
        return try #require(answer.cookie)
    }
}
