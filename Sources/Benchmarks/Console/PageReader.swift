import AsyncHTTPClient
import Console
import Logging
import NIOCore
import NIOHTTP1
import Server
import Store

/// A server with its console in this process, and a client that reads its pages over loopback.
struct PageReader {
    private let port: Int
    private let client: HTTPClient

    /// Runs both for as long as `body` takes.
    static func run(
        _ database: BenchDatabase,
        _ body: @escaping @Sendable (PageReader) async throws -> Void
    ) async throws {
        let store = try await Store.open(database.configuration, poolSize: 8, logger: .bench)
        let (ports, ready) = AsyncStream.makeStream(of: Int.self)
        var server = APIServer(
            store: store,
            configuration: database.configuration,
            host: "127.0.0.1",
            port: 0,
            authentication: .none,
            logger: .bench
        ) { ready.yield($0) }
        server.site = try ConsoleSite()
        let client = HTTPClient()
        let outcome: Result<Void, any Error>
        do {
            try await withThrowingTaskGroup(of: Void.self) { [server] group in
                group.addTask { try await server.run() }
                group.addTask {
                    for await port in ports { return try await body(PageReader(port: port, client: client)) }
                }
                try await group.next()
                group.cancelAll()
                while await group.nextResult() != nil {}
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        try await client.shutdown()
        await store.close()
        try outcome.get()
    }

    /// - Returns: how long the page took, from the request to its last byte, and how many bytes it has.
    func read(_ path: String) async throws -> (milliseconds: Double, bytes: Int) {
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/console\(path)")
        let sentAt = ContinuousClock.now
        let response = try await client.execute(request, timeout: .seconds(120))
        let body = try await response.body.collect(upTo: 16 << 20)
        let milliseconds = sentAt.duration(to: .now) / .milliseconds(1)
        guard response.status == .ok else { throw BenchFailure("/console\(path) answers \(response.status.code)") }
        return (milliseconds, body.readableBytes)
    }
}
