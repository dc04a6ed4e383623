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
        let connections = OpenConnections(most: Self.mostConnections)
        do {
            let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { [self] channel in
                    guard connections.add(channel) else { return channel.close() }
                    return channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                        try channel.pipeline.syncOperations.addHandler(IdleStateHandler(readTimeout: .seconds(75)))
                        try channel.pipeline.syncOperations.addHandler(MetricsConnection(endpoint: self))
                    }
                }
                .bind(host: host, port: port)
                .get()
            engine.logger.info(
                "Metrics are shown",
                metadata: ["address": "\(host):\(listener.localAddress?.port ?? port)"]
            )
            try await withTaskCancellationHandler {
                try await listener.closeFuture.get()
            } onCancel: {
                listener.close(promise: nil)
                connections.close()
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

    /// Answers one request.
    fileprivate func answer(_ head: HTTPRequestHead, over channel: any Channel) async {
        let (status, text) = await answer(head)
        Self.write(status, text, answering: head, over: channel)
    }

    private static func write(
        _ status: HTTPResponseStatus,
        _ text: String,
        answering head: HTTPRequestHead,
        over channel: any Channel
    ) {
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: "text/plain; version=0.0.4; charset=utf-8")
        headers.add(name: "Content-Length", value: "\(text.utf8.count)")
        if !head.isKeepAlive { headers.add(name: "Connection", value: "close") }
        let response = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        channel.write(HTTPServerResponsePart.head(response), promise: nil)
        if head.method != .HEAD {
            channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: text))), promise: nil)
        }
        let written = channel.writeAndFlush(HTTPServerResponsePart.end(nil))
        if !head.isKeepAlive { written.whenComplete { _ in channel.close(promise: nil) } }
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
        await engine.observe()
        page.add(engine.metrics.registry)
        do throws(StoreError) {
            page.add(try await engine.facilities.postgres.queueFigures())
        } catch {
            page.add("stepwell_database_up", "gauge", "Whether the database answers.", 0)
        }
        return page.text
    }
}

/// Reads the requests of one connection, and closes it when nothing comes any more.
private final class MetricsConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private let endpoint: MetricsEndpoint

    init(endpoint: MetricsEndpoint) { self.endpoint = endpoint }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // The pipeline lets the next request through when this one is answered.
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        Self.answer(head, from: endpoint, over: context.channel)
    }

    private static func answer(_ head: HTTPRequestHead, from endpoint: MetricsEndpoint, over channel: any Channel) {
        Task { await endpoint.answer(head, over: channel) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Something else than HTTP.
        context.close(promise: nil)
    }
}
