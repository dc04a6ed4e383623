import Expressions
import Foundation
import Logging
import Postgres
import ServiceLifecycle
import Store

/// What operations share.
struct Services: Sendable {
    let store: Store
    let pageTokens: PageTokens
    let starts: StartBatcher
    let deletions: DeletionService
    let metrics: Metrics
    let pollers = ActivityPollers()
    /// Hears of answers that somebody waits for.
    let listener: Listener
    /// The present time, for the tokens of pages.
    let now: @Sendable () -> Timestamp

    init(store: Store, configuration: PostgresConfiguration, logger: Logger) async throws(StoreError) {
        self.store = store
        pageTokens = try await PageTokens.load(from: store)
        starts = StartBatcher(store: store)
        deletions = DeletionService(store: store, logger: logger)
        metrics = Metrics()
        listener = Listener(configuration, logger: logger)
        now = Timestamp.systemClock
    }
}

/// Keeps a listener's connection.
struct ListenerService: Service {
    let listener: Listener

    func run() async {
        await cancelWhenGracefulShutdown { await listener.run() }
    }
}

extension Timestamp {
    /// The clock of this machine.
    static func systemClock() -> Timestamp {
        Timestamp(microseconds: Int64((Date().timeIntervalSince1970 * 1_000_000).rounded()))
    }
}
