import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// Connections of HTTP/1.1, and of HTTP/1.0: some load generators and health checks of load balancers speak nothing else.
struct HTTPChannel: ServerChildChannel {
    let base: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        base.setup(channel: channel, logger: logger)
            .flatMapThrowing { value in
                let pipeline = channel.pipeline.syncOperations
                let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
                try pipeline.addHandler(OldClientHandler(), position: .after(decoder))
                return value
            }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }
}

/// Says to clients of HTTP/1.0 whether the connection stays open. Without a word they wait for its end (RFC 9112, 9.3), and
/// without theirs it would not come.
private final class OldClientHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// nil: the client speaks HTTP/1.1, where a connection stays open unless somebody says otherwise.
    private var connection: String?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        connection = head.version != .http1_0 ? nil : head.isKeepAlive ? "keep-alive" : "close"
        if let connection { head.headers.replaceOrAdd(name: "Connection", value: connection) }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard let connection, case .head(var head) = unwrapOutboundIn(data), !head.headers.contains(name: "Connection")
        else { return context.write(data, promise: promise) }
        head.headers.add(name: "Connection", value: connection)
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }
}
