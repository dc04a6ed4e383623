import NIOCore
import Synchronization

/// The open connections of one endpoint: a function can't have more than it needs.
final class Connections: Sendable {
    private static let most = 16

    private let open = Mutex<[ObjectIdentifier: any Channel]>([:])

    /// Counts a connection until it is closed; false if there are too many.
    func add(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdded = open.withLock { open in
            guard open.count < Self.most else { return false }
            open[id] = channel
            return true
        }
        if isAdded { channel.closeFuture.whenComplete { _ in self.open.withLock { $0[id] = nil } } }
        return isAdded
    }

    func close() {
        for channel in open.withLock(\.self).values { channel.close(promise: nil) }
    }
}
