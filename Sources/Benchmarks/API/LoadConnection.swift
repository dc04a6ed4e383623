import NIOCore

/// One keep-alive connection: sends a request when the one before is answered, and notes how long that took.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var script: LoadScript
    private let result: EventLoopPromise<[Double]>
    private var answer = ByteBuffer()
    private var milliseconds: [Double] = []
    private var sentAt = ContinuousClock.now

    init(_ script: LoadScript, result: EventLoopPromise<[Double]>) {
        self.script = script
        self.result = result
    }

    func channelActive(context: ChannelHandlerContext) { send(after: nil, context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        answer.writeBuffer(&bytes)
        guard let (status, body) = takeAnswer() else { return }
        milliseconds.append(sentAt.duration(to: .now) / .milliseconds(1))
        guard status == 200 else {
            fail("the server answers \(status): \(String(buffer: body))", context)
            return
        }
        send(after: body, context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail("\(error)", context) }

    func channelInactive(context: ChannelHandlerContext) { fail("the server has closed a connection", context) }

    private func send(after body: ByteBuffer?, _ context: ChannelHandlerContext) {
        guard let request = script.next(after: body) else {
            result.succeed(milliseconds)
            context.close(promise: nil)
            return
        }
        sentAt = .now
        context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    /// Once the answers are promised this changes nothing.
    private func fail(_ reason: String, _ context: ChannelHandlerContext) {
        result.fail(BenchFailure(reason))
        context.close(promise: nil)
    }

    /// The answer, once it is whole. The server says how long its bodies are.
    private func takeAnswer() -> (status: Int, body: ByteBuffer)? {
        let view = answer.readableBytesView
        guard let end = view.firstRange(of: "\r\n\r\n".utf8) else { return nil }
        let lines = String(decoding: view[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let length =
            lines.first { $0.lowercased().hasPrefix("content-length:") }?
            .split(separator: ":").last.flatMap { Int($0.filter { $0 != " " }) } ?? 0
        guard view.endIndex - end.upperBound >= length else { return nil }
        answer.moveReaderIndex(forwardBy: end.upperBound - view.startIndex)
        let body = answer.readSlice(length: length) ?? ByteBuffer()
        answer.discardReadBytes()
        return (status, body)
    }
}
