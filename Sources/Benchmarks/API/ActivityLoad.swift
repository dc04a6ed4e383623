import JSON
import NIOCore
import NIOPosix
import Synchronization

/// Many clients that wait for tasks of one activity, and ask again when they got one.
final class ActivityLoad: Sendable {
    private let requests: SignedRequests
    private let activityARN: String
    /// Whoever started an execution last waits here for somebody to get its task.
    private let next = Mutex<CheckedContinuation<ContinuousClock.Instant, any Error>?>(nil)

    init(_ requests: SignedRequests, activityARN: String) {
        self.requests = requests
        self.activityARN = activityARN
    }

    /// Lets so many clients wait while the body runs.
    func run(clients: Int, _ body: () async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var channels: [any Channel] = []
        do {
            for _ in 0..<clients {
                let channel = try await ClientBootstrap(group: group)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(Poller(self))
                        }
                    }
                    .connect(host: "127.0.0.1", port: requests.port).get()
                channels.append(channel)
            }
            try await body()
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
        for channel in channels { try? await channel.close() }
        try await group.shutdownGracefully()
    }

    /// Does something that makes a task, and waits until somebody has got it.
    ///
    /// - Returns: when that was.
    func firstAnswer(after make: @Sendable @escaping () async throws -> Void) async throws -> ContinuousClock.Instant {
        try await withCheckedThrowingContinuation { continuation in
            next.withLock { $0 = continuation }
            Task {
                do {
                    try await make()
                } catch {
                    self.answer(.failure(error))
                }
            }
        }
    }

    private func answer(_ result: Result<ContinuousClock.Instant, any Error>) {
        let continuation = next.withLock { next in
            defer { next = nil }
            return next
        }
        continuation?.resume(with: result)
    }

    private final class Poller: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let load: ActivityLoad

        init(_ load: ActivityLoad) { self.load = load }

        func channelActive(context: ChannelHandlerContext) { ask(context) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            // Answers are small: one is one piece.
            let text = String(buffer: unwrapInboundIn(data))
            if text.contains("\"input\"") {
                load.answer(.success(.now))
            } else if !text.hasPrefix("HTTP/1.1 200") {
                load.answer(.failure(BenchFailure("the server answers \(text)")))
            }
            ask(context)
        }

        private func ask(_ context: ChannelHandlerContext) {
            let body: JSONValue = ["activityArn": .string(load.activityARN)]
            context.writeAndFlush(
                wrapOutboundOut(load.requests.bytes("GetActivityTask", body.text)),
                promise: nil
            )
        }
    }
}
