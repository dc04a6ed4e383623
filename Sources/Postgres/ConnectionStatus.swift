import CLibpq
import Synchronization

/// What a connection is doing, for its pool to read without waiting for it.
final class ConnectionStatus: Sendable {
    private struct State {
        var calls = 0
        var isLost = false
        var isInTransaction = false
    }

    private let state = Mutex(State())

    /// Whether somebody else may use the connection: it is alive, nothing is under way and no transaction is open.
    var isReusable: Bool {
        state.withLock { !$0.isLost && $0.calls == 0 && !$0.isInTransaction }
    }

    /// Whether it is alive and nothing is under way.
    var isQuiet: Bool { state.withLock { !$0.isLost && $0.calls == 0 } }

    var isLost: Bool { state.withLock { $0.isLost } }

    func callStarted() { state.withLock { $0.calls += 1 } }
    func callFinished() { state.withLock { $0.calls -= 1 } }
    func setLost() { state.withLock { $0.isLost = true } }

    func setTransaction(_ status: PGTransactionStatusType) {
        // "Active" means that a later call is under way, which the number of calls says already.
        state.withLock { $0.isInTransaction = status == PQTRANS_INTRANS || status == PQTRANS_INERROR }
    }
}
