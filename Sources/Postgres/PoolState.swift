import DequeModule

/// Who has which connection, who waits, and when to connect: the pool without its connections, clocks and tasks.
///
/// Every input is a mutating method and answers with what has to be done.
struct PoolState {
    typealias ConnectionID = Int
    typealias WaiterID = Int

    enum Action: Equatable {
        /// Hand the connection to the waiter.
        case lend(ConnectionID, to: WaiterID)
        /// Tell the waiter why it gets none: the last failure to connect, or that the pool is closed.
        case refuse(WaiterID)
        /// Open a connection under this number; then `connected` or `connectFailed`.
        case connect(ConnectionID)
        /// Call `retry` after a pause.
        case retry
        /// Close the connection; then `ended`.
        case close(ConnectionID)
        /// Nothing is left of a pool that was told to close.
        case finish
    }

    private enum Status {
        case connecting
        /// Unused for so many ticks.
        case idle(ticks: Int)
        case leased
        case closing
    }

    private let minimum: Int
    private let maximum: Int
    private var connections: [ConnectionID: Status] = [:]
    /// Those not in use, the most recently used last: it is the next to be lent, so that surplus ones stay idle.
    private var idle: [ConnectionID] = []
    private var waiters: Deque<WaiterID> = []
    private var lastID = 0
    private var connecting = 0
    /// Failures to connect, and losses, since a connection was last used without being lost.
    private var failures = 0
    /// Whether the last thing heard of the server was good. If not, one attempt at a time finds out.
    private var isReachable = false
    private var isPausing = false
    private var isClosing = false

    init(minimum: Int, maximum: Int) {
        self.maximum = max(1, maximum)
        self.minimum = min(max(0, minimum), self.maximum)
    }

    var use: PoolUse { PoolUse(idle: idle.count, used: leasedCount, waiting: waiters.count) }

    private var leasedCount: Int {
        connections.values.count {
            guard case .leased = $0 else { return false }
            return true
        }
    }

    /// Somebody wants a connection.
    mutating func lease(_ waiter: WaiterID) -> [Action] {
        guard !isClosing else { return [.refuse(waiter)] }
        if let id = idle.popLast() {
            connections[id] = .leased
            return [.lend(id, to: waiter)]
        }
        waiters.append(waiter)
        return connectAsNeeded()
    }

    /// Somebody stopped waiting.
    mutating func giveUp(_ waiter: WaiterID) {
        if let index = waiters.firstIndex(of: waiter) { waiters.remove(at: index) }
    }

    /// A connection was opened.
    mutating func connected(_ id: ConnectionID) -> [Action] {
        guard case .connecting = connections[id] else { return [] }
        connecting -= 1
        isReachable = true
        guard !isClosing else { return close(id) }
        return offer(id) + connectAsNeeded()
    }

    /// An attempt to connect failed. If waiting can't help (it isn't transient), nobody is kept waiting.
    mutating func connectFailed(_ id: ConnectionID, isTransient: Bool) -> [Action] {
        guard case .connecting = connections.removeValue(forKey: id) else { return [] }
        connecting -= 1
        isReachable = false
        guard !isClosing else { return finishIfDone() }
        failures += 1
        var actions: [Action] = []
        if !isTransient {
            actions = waiters.map { .refuse($0) }
            waiters.removeAll()
        }
        return actions + pause()
    }

    /// The pause after a failure is over.
    mutating func retry() -> [Action] {
        isPausing = false
        return connectAsNeeded()
    }

    /// A leased connection is no longer used; reusable means that somebody else can have it as it is.
    mutating func returned(_ id: ConnectionID, isReusable: Bool) -> [Action] {
        guard case .leased = connections[id] else { return [] }
        if isReusable { failures = 0 }
        return isReusable && !isClosing ? offer(id) : close(id)
    }

    /// A connection broke.
    mutating func lost(_ id: ConnectionID) -> [Action] {
        switch connections[id] {
        case .idle, .leased:
            connections[id] = nil
            idle.removeAll { $0 == id }
            guard !isClosing else { return finishIfDone() }
            // Connections are often lost together; that counts once.
            if isReachable { failures += 1 }
            isReachable = false
            // A server that takes connections only to drop them is left alone for a while.
            return failures > 1 ? pause() : connectAsNeeded()
        case .connecting, .closing, nil:
            return []
        }
    }

    /// A connection is closed.
    mutating func ended(_ id: ConnectionID) -> [Action] {
        guard case .closing = connections.removeValue(forKey: id) else { return [] }
        return isClosing ? finishIfDone() : connectAsNeeded()
    }

    /// Some time has passed: connections that were idle all through a tick are closed, down to the minimum.
    mutating func tick() -> [Action] {
        var actions: [Action] = []
        for id in idle {
            guard case .idle(let ticks) = connections[id] else { continue }
            if ticks > 0, connections.count - actions.count > minimum {
                actions += close(id)
            } else {
                connections[id] = .idle(ticks: ticks + 1)
            }
        }
        idle.removeAll { if case .idle = connections[$0] { false } else { true } }
        return actions
    }

    /// Nobody gets a connection any more; leased ones are waited for.
    mutating func close() -> [Action] {
        guard !isClosing else { return [] }
        isClosing = true
        var actions: [Action] = waiters.map { .refuse($0) }
        waiters.removeAll()
        for id in idle { actions += close(id) }
        idle.removeAll()
        return actions + finishIfDone()
    }

    private mutating func offer(_ id: ConnectionID) -> [Action] {
        if let waiter = waiters.popFirst() {
            connections[id] = .leased
            return [.lend(id, to: waiter)]
        }
        connections[id] = .idle(ticks: 0)
        idle.append(id)
        return []
    }

    private mutating func close(_ id: ConnectionID) -> [Action] {
        connections[id] = .closing
        return [.close(id)]
    }

    private mutating func pause() -> [Action] {
        guard !isPausing else { return [] }
        isPausing = true
        return [.retry]
    }

    private mutating func connectAsNeeded() -> [Action] {
        guard !isClosing, !isPausing else { return [] }
        let missing = max(waiters.count - connecting, minimum - connections.count)
        let allowed = isReachable ? maximum - connections.count : min(maximum - connections.count, 1 - connecting)
        return (0..<max(0, min(missing, allowed)))
            .map { _ in
                lastID += 1
                connecting += 1
                connections[lastID] = .connecting
                return .connect(lastID)
            }
    }

    private func finishIfDone() -> [Action] {
        connections.isEmpty ? [.finish] : []
    }
}
