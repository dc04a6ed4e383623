import Foundation
import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import Stepwell

/// Lambda's Runtime API for one process, on a loopback port of its own.
/// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html)
struct RuntimeEndpoint: Sendable {
    /// The largest response: 6 MB. (Lambda quotas)
    static let largestBody = 6 * 1024 * 1024
    private static let mostConnections = 16

    private let listener: any Channel
    private let connections: OpenConnections

    var port: Int { listener.localAddress?.port ?? 0 }

    /// Listens, and answers until it is closed.
    init(session: RuntimeSession) async throws {
        let connections = OpenConnections(most: Self.mostConnections)
        let api = RuntimeAPI(session: session)
        self.connections = connections
        listener = try await ServerBootstrap(group: session.loop)
            .serverChannelOption(.backlog, value: 16)
            .childChannelInitializer { channel in
                guard connections.add(channel) else { return channel.close() }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(RuntimeConnection(api: api))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
    }

    /// Takes no more requests, and hangs up.
    func close() {
        listener.close(promise: nil)
        connections.close()
    }
}

/// What came over a connection until a request was complete.
struct RuntimeRequest: Sendable {
    var head: HTTPRequestHead
    /// Nil if it is larger than Lambda allows.
    var body: String?
    var trailers: HTTPHeaders
}

/// What goes back.
struct RuntimeReply: Sendable {
    var status: HTTPResponseStatus
    var headers = HTTPHeaders()
    var text: String
}

/// Reads requests of one connection, and writes the replies.
private final class RuntimeConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private let api: RuntimeAPI
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var isTooLarge = false

    init(api: RuntimeAPI) { self.api = api }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let next):
            head = next
            body.clear()
            isTooLarge = false
        case .body(var piece):
            isTooLarge = isTooLarge || body.readableBytes + piece.readableBytes > RuntimeEndpoint.largestBody
            if !isTooLarge { body.writeBuffer(&piece) }
        case .end(let trailers):
            guard let head else { return context.close(promise: nil) }
            let text = isTooLarge ? nil : String(buffer: body)
            let request = RuntimeRequest(head: head, body: text, trailers: trailers ?? HTTPHeaders())
            Self.answer(request, from: api, over: context.channel)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Something else than HTTP.
        context.close(promise: nil)
    }

    /// The pipeline lets the next request through when this one is answered.
    private static func answer(_ request: RuntimeRequest, from api: RuntimeAPI, over channel: any Channel) {
        let isLast = !request.head.isKeepAlive
        api.answer(request) { reply in
            if channel.eventLoop.inEventLoop {
                write(reply, to: channel, isLast: isLast)
            } else {
                // Once for all of it: every one of them may wake the loop.
                channel.eventLoop.execute { write(reply, to: channel, isLast: isLast) }
            }
        }
    }

    private static func write(_ reply: RuntimeReply, to channel: any Channel, isLast: Bool) {
        var headers = reply.headers
        headers.add(name: "Content-Type", value: "application/json")
        headers.add(name: "Content-Length", value: "\(reply.text.utf8.count)")
        let head = HTTPResponseHead(version: .http1_1, status: reply.status, headers: headers)
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: reply.text))), promise: nil)
        guard isLast else { return channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil) }
        channel.writeAndFlush(HTTPServerResponsePart.end(nil)).whenComplete { _ in channel.close(promise: nil) }
    }
}
