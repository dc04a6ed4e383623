import Logging
import Monitoring
import NIOCore
import NIOHTTP1
import NIOPosix
import Store
import Synchronization

/// Tells whoever asks over HTTP how a worker does: `GET /metrics`, `/health/live` and `/health/ready`.
struct MetricsEndpoint: Sendable {
    /// `HOST:PORT`
    let address: String
    let engine: Engine
    /// How long the claiming loop may be silent before the worker is taken for stuck.
    private static let patience: Duration = .seconds(30)
    private static let mostConnections = 64

    /// Where to listen, from `HOST:PORT`.
    static func parts(of address: String) -> (host: String, port: Int)? {
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]) else {
            return nil
        }
        let host = address[..<colon].filter { $0 != "[" && $0 != "]" }
        return host.isEmpty ? nil : (host, Int(port))
    }

    /// Answers until the task is cancelled.
    func run() async {
        guard let (host, port) = Self.parts(of: address) else { return }
        do {
            let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                        try channel.pipeline.syncOperations.addHandler(
                            IdleStateHandler(readTimeout: .seconds(75))
                        )
                        try channel.pipeline.syncOperations.addHandler(ClosesIdle())
                        return try NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>(
                            wrappingChannelSynchronously: channel
                        )
                    }
                }
            engine.logger.info(
                "Metrics are shown",
                metadata: ["address": "\(host):\(server.channel.localAddress?.port ?? port)"]
            )
            try await server.executeThenClose { connections in
                await withTaskGroup(of: Void.self) { group in
                    var count = 0
                    do {
                        for try await connection in connections {
                            if count >= Self.mostConnections { await group.next() } else { count += 1 }
                            group.addTask { await serve(connection) }
                        }
                    } catch {
                        engine.logger.debug("The metrics' endpoint has ended", metadata: ["error": "\(error)"])
                    }
                    group.cancelAll()
                }
            }
        } catch {
            // A worker that can't be watched works all the same.
            guard !Task.isCancelled else { return }
            engine.logger.error(
                "Metrics can't be shown",
                metadata: ["address": "\(address)", "error": "\(error)"]
            )
        }
    }

    private func serve(_ connection: NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>) async {
        do {
            try await connection.executeThenClose { requests, responses in
                for try await case .head(let head) in requests {
                    let (status, text) = await answer(head)
                    var headers = HTTPHeaders()
                    headers.add(name: "Content-Type", value: "text/plain; version=0.0.4; charset=utf-8")
                    headers.add(name: "Content-Length", value: "\(text.utf8.count)")
                    if !head.isKeepAlive { headers.add(name: "Connection", value: "close") }
                    try await responses.write(
                        .head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))
                    )
                    if head.method != .HEAD { try await responses.write(.body(.byteBuffer(ByteBuffer(string: text)))) }
                    try await responses.write(.end(nil))
                    if !head.isKeepAlive { return }
                }
            }
        } catch {
            engine.logger.debug("A connection to the metrics was lost", metadata: ["error": "\(error)"])
        }
    }

    private func answer(_ head: HTTPRequestHead) async -> (HTTPResponseStatus, String) {
        guard head.method == .GET || head.method == .HEAD else { return (.methodNotAllowed, "GET or HEAD\n") }
        switch head.uri.prefix(while: { $0 != "?" }) {
        case "/metrics": return (.ok, await page())
        case "/health/live":
            let isAlive = engine.lastLook.duration(to: .now) < Self.patience
            return isAlive ? (.ok, "live\n") : (.serviceUnavailable, "the claiming loop is stuck\n")
        case "/health/ready":
            do throws(StoreError) {
                try await engine.facilities.postgres.ping()
                return engine.isStopping ? (.serviceUnavailable, "stopping\n") : (.ok, "ready\n")
            } catch {
                return (.serviceUnavailable, "the database does not answer\n")
            }
        default: return (.notFound, "/metrics, /health/live, /health/ready\n")
        }
    }

    private func page() async -> String {
        var page = MetricsPage()
        page.add([(engine.record.name, engine.metrics.figures)])
        let (slots, room) = (engine.configuration.concurrency, engine.capacity.withLock(\.room))
        page.add("stepwell_slots", "gauge", "Steps that the worker may have in hand at once.", slots)
        page.add("stepwell_slots_free", "gauge", "Steps that it could take now.", room)
        do throws(StoreError) {
            page.add(try await engine.facilities.postgres.queueFigures())
        } catch {
            page.add("stepwell_database_up", "gauge", "Whether the database answers.", 0)
        }
        return page.text
    }
}

/// Closes connections over which nothing comes any more.
private final class ClosesIdle: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
