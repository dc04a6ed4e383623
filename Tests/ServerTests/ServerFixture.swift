import Expressions
import HTTPTypes
import Hummingbird
import HummingbirdCore
import JSON
import Logging
import NIOCore
import Postgres
import PostgresTestSupport
import Signing
import Synchronization
import Testing

@testable import Server
@testable import Store

/// A handler of requests on a fresh database, without a network.
struct ServerFixture {
    static let migrations = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/migrations"
    /// 2026-01-01T00:00:00Z
    static let now: Int64 = 1_767_225_600
    static let sealer = KeySealer(key: Array(repeating: 7, count: 32))

    let store: Store
    let handler: RequestHandler

    /// - Parameters:
    ///   - keyLifetime: how long access keys are kept.
    ///   - throttledAsIn: the region as whose actions are throttled; nil: they are not.
    init(signed: Bool = false, keyLifetime: Duration = .seconds(5), throttledAsIn region: String? = nil) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let configuration = try await TestCluster.shared()
            .createDatabase("server") { [logger] model in
                _ = try await Store.migrate(model, directory: Self.migrations, buckets: 2, logger: logger)
            }
        if let region {
            let connection = try await Connection.connect(configuration, logger: logger)
            try await connection.execute(Statement("update stepwell.settings set region = $1", [.text(region)]))
            await connection.close()
        }
        store = try await Store.open(configuration, poolSize: 4, patience: .seconds(120), logger: logger)
        let services = try await Services(
            store: store,
            configuration: TestNetwork.listening(configuration),
            throttlesAsAWS: region != nil,
            logger: logger
        )
        let mode: AccessControl.Mode =
            signed
            ? .signed(AccessKeyCache(store: store, sealer: Self.sealer, lifetime: keyLifetime)) : .open(HostList())
        let access = AccessControl(mode: mode) { Self.now }
        handler = RequestHandler(services: services, access: access, logger: logger)
    }

    struct Answer {
        let status: Int
        let headers: HTTPFields
        let body: JSONValue
        var code: String? { body["__type"]?.string }
        var message: String? { body["message"]?.string }
    }

    func send(_ operation: String, _ body: JSONValue) async throws -> Answer {
        try await send(operation, text: body.text)
    }

    func send(
        _ operation: String,
        text: String,
        headers: HTTPFields = [:],
        host: String = "localhost:8083",
        path: String = "/"
    ) async throws -> Answer {
        var fields = headers
        if fields[.amzTarget] == nil { fields[.amzTarget] = "AWSStepFunctions.\(operation)" }
        if fields[.contentType] == nil { fields[.contentType] = "application/x-amz-json-1.0" }
        let head = HTTPRequest(
            method: .post,
            scheme: "http",
            authority: host,
            path: path,
            headerFields: fields
        )
        return try await answer(to: Request(head: head, body: RequestBody(buffer: ByteBuffer(string: text))))
    }

    private func answer(to request: Request) async throws -> Answer {
        let response = await handler.respond(to: request)
        let writer = BodyWriter()
        try await response.body.write(writer)
        let text = writer.text.withLock(\.self)
        return Answer(
            status: response.status.code,
            headers: response.headers,
            body: (try? JSONValue(parsing: text)) ?? .string(text)
        )
    }

    /// The headers of a request that is signed.
    static func signed(
        _ operation: String,
        _ body: String,
        key: NewAccessKey,
        service: String = "states",
        timestamp: String = "20260101T000000Z"
    ) throws -> HTTPFields {
        let target = "AWSStepFunctions.\(operation)"
        let signer = RequestSigner(
            credentials: AWSCredentials(accessKeyID: key.id, secretAccessKey: key.secret),
            region: "us-east-1",
            service: service
        )
        let added = signer.headers(
            method: "POST",
            path: "/",
            query: "",
            headers: [("Host", "localhost:8083"), ("X-Amz-Target", target)],
            body: Array(body.utf8),
            timestamp: timestamp
        )
        var fields: HTTPFields = [.amzTarget: target]
        for header in added { fields[try #require(HTTPField.Name(header.name))] = header.value }
        return fields
    }

    /// An access key of the database.
    func makeKey(_ grants: [Grant], rateLimit: Int? = nil) async throws -> NewAccessKey {
        let key = NewAccessKey()
        let sealed = try #require(Self.sealer.seal(key.secret, id: key.id))
        try await store.addAccessKey(
            StoredAccessKey(
                id: key.id,
                name: "test",
                sealedSecret: sealed,
                grants: .array(grants.map(\.json)),
                rateLimit: rateLimit,
                createdAt: .distantPast
            )
        )
        return key
    }
}

private final class BodyWriter: ResponseBodyWriter, Sendable {
    let text = Mutex("")
    func write(_ buffer: ByteBuffer) async throws {
        let piece = String(buffer: buffer)
        text.withLock { $0 += piece }
    }
    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
