import NIOCore
import Synchronization

/// Knows which clients have gone: who waits for an answer on their behalf should not go on.
///
/// A client that closes its connection while a request is being answered is only seen by the channel; the task that
/// answers goes on. With this it can be told.
final class Departures: Sendable {
    private struct State {
        var isGone = false
        var tell: (@Sendable () -> Void)?
    }

    /// One connection's.
    final class Watch: Sendable {
        private let state = Mutex(State())

        /// Calls something when the client goes, or at once if it has gone; until it is called again with nil.
        func onDeparture(_ tell: (@Sendable () -> Void)?) {
            let isGone = state.withLock { state in
                state.tell = tell
                return state.isGone
            }
            if isGone { tell?() }
        }

        fileprivate func depart() {
            let tell = state.withLock { state in
                state.isGone = true
                defer { state.tell = nil }
                return state.tell
            }
            tell?()
        }
    }

    private let watches = Mutex<[ObjectIdentifier: Watch]>([:])

    func watch(_ channel: any Channel) -> Watch? { watches.withLock { $0[ObjectIdentifier(channel)] } }

    /// How many connections there are.
    var connectionCount: Int { watches.withLock(\.count) }

    /// Sees the client go, in the channel's pipeline.
    func makeHandler() -> any RemovableChannelHandler { Handler(self) }

    private final class Handler: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = NIOAny
        private let departures: Departures
        private let watch = Watch()

        init(_ departures: Departures) { self.departures = departures }

        func handlerAdded(context: ChannelHandlerContext) {
            departures.watches.withLock { $0[ObjectIdentifier(context.channel)] = watch }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? ChannelEvent, event == .inputClosed { watch.depart() }
            context.fireUserInboundEventTriggered(event)
        }

        func channelInactive(context: ChannelHandlerContext) {
            watch.depart()
            context.fireChannelInactive()
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            departures.watches.withLock { $0[ObjectIdentifier(context.channel)] = nil }
            watch.depart()
        }
    }
}

extension Departures.Watch? {
    /// Runs something as a task that is cancelled when the client goes; without a client, just so.
    func whilePresent<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let self else { return try await body() }
        let task = Task { try await body() }
        self.onDeparture { task.cancel() }
        defer { self.onDeparture(nil) }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
