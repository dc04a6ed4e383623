import Synchronization

/// Who reads which channels of a listener.
final class Subscribers: Sendable {
    private struct Subscriber {
        let channels: Set<String>
        let stream: AsyncStream<Listener.Event>.Continuation
        /// Whether it has been told that its channels are being listened to.
        var isLive = false

        /// Whether what comes next is dropped. Then `.resumed` is the last event in the stream, so that whoever reads
        /// that far looks at the tables after the last event that was dropped.
        var isFull = false

        mutating func send(_ event: Listener.Event) {
            if isFull {
                guard case .enqueued(let free) = stream.yield(.resumed), free > 1 else { return }
                isFull = false
            }
            if case .enqueued(remaining: 1) = stream.yield(event) {
                stream.yield(.resumed)
                isFull = true
            }
        }
    }

    private struct State {
        var subscribers: [Int: Subscriber] = [:]
        var lastID = 0
        var signal: AsyncStream<Void>.Continuation?
        var isFinished = false
    }

    private let state = Mutex(State())

    /// All channels that somebody reads.
    var channels: Set<String> {
        state.withLock { $0.subscribers.values.reduce(into: []) { $0.formUnion($1.channels) } }
    }

    /// A stream of what arrives on some channels, from when they are listened to.
    func add(_ channels: Set<String>) -> AsyncStream<Listener.Event> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Listener.Event.self,
            bufferingPolicy: .bufferingOldest(1024)
        )
        let id: Int? = state.withLock { state in
            guard !state.isFinished else { return nil }
            state.lastID += 1
            state.subscribers[state.lastID] = Subscriber(channels: channels, stream: continuation)
            state.signal?.yield()
            return state.lastID
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.remove(id) }
        return stream
    }

    /// Signals when the channels change, from now on; earlier signals end.
    func onChange(_ signal: AsyncStream<Void>.Continuation) {
        state.withLock { $0.signal = signal }
    }

    func deliver(_ notification: Notification) {
        state.withLock { state in
            for (id, subscriber) in state.subscribers where subscriber.channels.contains(notification.channel) {
                state.subscribers[id]?.send(.notification(notification))
            }
        }
    }

    /// The server listens on these channels now.
    func resumed(on channels: Set<String>) {
        state.withLock { state in
            for (id, subscriber) in state.subscribers
            where !subscriber.isLive && subscriber.channels.isSubset(of: channels) {
                state.subscribers[id]?.isLive = true
                state.subscribers[id]?.send(.resumed)
            }
        }
    }

    /// Nothing arrives until further notice.
    func interrupted() {
        state.withLock { state in
            state.signal = nil
            for id in state.subscribers.keys { state.subscribers[id]?.isLive = false }
        }
    }

    func finish() {
        let streams = state.withLock { state in
            state.isFinished = true
            defer { state.subscribers = [:] }
            return state.subscribers.values.map(\.stream)
        }
        // Outside the lock: ending a stream calls `remove`.
        for stream in streams { stream.finish() }
    }

    private func remove(_ id: Int) {
        state.withLock { state in
            state.subscribers[id] = nil
            state.signal?.yield()
        }
    }
}
