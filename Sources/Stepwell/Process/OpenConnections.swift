package import NIOCore
import Synchronization

/// The open connections of a server, so many at most.
package final class OpenConnections: Sendable {
    private let most: Int
    private let open = Mutex<[ObjectIdentifier: any Channel]>([:])

    package init(most: Int) { self.most = most }

    /// Counts a connection until it is closed; false if there are too many.
    package func add(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdded = open.withLock { open in
            guard open.count < most else { return false }
            open[id] = channel
            return true
        }
        if isAdded { channel.closeFuture.whenComplete { _ in self.open.withLock { $0[id] = nil } } }
        return isAdded
    }

    /// Hangs up on all of them.
    package func close() {
        for channel in open.withLock(\.self).values { channel.close(promise: nil) }
    }
}
