import HTTPTypes
import Hummingbird
import NIOCore
import Server
import ServiceLifecycle
import Store
import Synchronization

/// How many pages are told at once when their execution moves.
final class StreamCount: Sendable {
    /// A page's place, for as long as it is kept.
    final class Ticket: Sendable {
        private let count: StreamCount
        fileprivate init(_ count: StreamCount) { self.count = count }
        deinit { count.count.withLock { $0 -= 1 } }
    }

    private let most: Int
    private let count = Mutex(0)

    init(most: Int = 500) { self.most = most }

    /// - Returns: nil if there is no room.
    func enter() -> Ticket? {
        let isAdmitted = count.withLock { count in
            guard count < most else { return false }
            count += 1
            return true
        }
        return isAdmitted ? Ticket(self) : nil
    }
}

/// Tells a page that its execution has moved, as server-sent events.
struct LiveStream: AsyncSequence, Sendable {
    let execution: String
    let store: Store
    /// The last event that the page knows.
    let after: Int
    let ticket: StreamCount.Ticket

    static func response(to page: ExecutionPage) throws -> Response {
        try page.visit.require("DescribeExecution", on: page.owner)
        guard let ticket = page.visit.console.streams.enter() else { throw APIError.unavailable }
        let after = page.visit.address.query["after"].flatMap { Int($0) } ?? 0
        let stream = LiveStream(execution: page.arn, store: page.store, after: after, ticket: ticket)
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream"],
            body: ResponseBody(asyncSequence: stream)
        )
    }

    func makeAsyncIterator() -> Iterator { Iterator(stream: self, known: after) }

    struct Iterator: AsyncIteratorProtocol {
        private static let interval: Duration = .milliseconds(400)
        /// So often something is sent in any case: that is how it is noticed that nobody listens.
        private static let beats = 25
        /// Ten minutes; the page asks again.
        private static let mostRounds = 1500

        let stream: LiveStream
        var known: Int
        private var round = 0
        private var isOver = false

        init(stream: LiveStream, known: Int) {
            self.stream = stream
            self.known = known
        }

        mutating func next() async throws -> ByteBuffer? {
            // A server that shuts down waits for no page.
            while !isOver, !Task.isCancelled, !Task.isShuttingDownGracefully, round < Self.mostRounds {
                if round > 0 { try await Task.sleep(for: Self.interval) }
                round += 1
                let progress = try await stream.store.progress(of: stream.execution)
                if progress.lastEvent != known || progress.status != .running {
                    known = progress.lastEvent
                    isOver = progress.status != .running
                    return ByteBuffer(string: "data: \(known) \(progress.status.rawValue)\n\n")
                }
                if round % Self.beats == 0 { return ByteBuffer(string: ": it still runs\n\n") }
            }
            return nil
        }
    }
}
