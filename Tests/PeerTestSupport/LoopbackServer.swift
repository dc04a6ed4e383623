internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
import Synchronization

/// A request as it came.
package struct PeerRequest: Sendable {
    package var method: String
    /// With the query.
    package var target: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package var path: String { String(target.prefix { $0 != "?" }) }
    package var text: String { String(decoding: body, as: UTF8.self) }

    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// What a server does about a request.
package enum PeerReply: Sendable {
    case answer(status: Int, headers: [(name: String, value: String)], body: [UInt8])
    /// Nothing, ever.
    case silence
    /// The connection is closed.
    case hangUp
    /// A part of the body of an answer that promises more; then the connection is closed.
    case cut(status: Int, headers: [(name: String, value: String)], body: [UInt8], promised: Int)

    package static func answer(_ status: Int = 200, _ headers: [(name: String, value: String)] = [], _ text: String)
        -> PeerReply
    {
        .answer(status: status, headers: headers, body: Array(text.utf8))
    }
}

/// An HTTP server on loopback that answers what a test wants and remembers what it was asked.
package final class LoopbackServer: Sendable {
    package let port: Int
    private let channel: any Channel
    private let seen: Seen

    package static func start(_ answer: @escaping @Sendable (PeerRequest) -> PeerReply) async throws -> LoopbackServer {
        let seen = Seen()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(PeerHandler(seen: seen, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        return LoopbackServer(port: channel.localAddress?.port ?? 0, channel: channel, seen: seen)
    }

    private init(port: Int, channel: any Channel, seen: Seen) {
        self.port = port
        self.channel = channel
        self.seen = seen
    }

    package var url: String { "http://127.0.0.1:\(port)" }

    package var requests: [PeerRequest] { seen.requests.withLock { $0 } }

    package func stop() async { try? await channel.close() }
}

private final class Seen: Sendable {
    let requests = Mutex<[PeerRequest]>([])
}

private final class PeerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let seen: Seen
    private let answer: @Sendable (PeerRequest) -> PeerReply
    private var request: PeerRequest?

    init(seen: Seen, answer: @escaping @Sendable (PeerRequest) -> PeerReply) {
        self.seen = seen
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = PeerRequest(
                method: head.method.rawValue,
                target: head.uri,
                headers: head.headers.map { ($0.name, $0.value) },
                body: []
            )
        case .body(let bytes): request?.body += Array(bytes.readableBytesView)
        case .end:
            guard let request else { return }
            seen.requests.withLock { $0.append(request) }
            reply(answer(request), to: request, context)
        }
    }

    private func reply(_ reply: PeerReply, to request: PeerRequest, _ context: ChannelHandlerContext) {
        switch reply {
        case .silence: break
        case .hangUp: context.close(promise: nil)
        case .cut(let status, let headers, let body, let promised):
            var fields = HTTPHeaders(headers.map { ($0.name, $0.value) })
            fields.replaceOrAdd(name: "Content-Length", value: String(promised))
            let head = HTTPResponseHead(
                version: .http1_1,
                status: HTTPResponseStatus(statusCode: status),
                headers: fields
            )
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))))
                .whenComplete { _ in channel.close(promise: nil) }
        case .answer(let status, let headers, let body):
            var fields = HTTPHeaders(headers.map { ($0.name, $0.value) })
            if !fields.contains(name: "Content-Length") {
                fields.add(name: "Content-Length", value: String(body.count))
            }
            let head = HTTPResponseHead(
                version: .http1_1,
                status: HTTPResponseStatus(statusCode: status),
                headers: fields
            )
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            if !body.isEmpty, request.method != "HEAD" {
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
            }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
