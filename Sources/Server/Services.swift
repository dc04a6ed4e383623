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
    let pollers: ActivityPollers
    let openExecutions: OpenExecutions
    let throttle: ActionThrottle
    let departures = Departures()
    let admission = Admission()
    /// Who waits for tasks of activities, and for ends of executions.
    let activities: ActivityDesk
    let ends: EndWatch
    /// Hears of answers that somebody waits for.
    let listener: Listener
    /// The present time, for the tokens of pages.
    let now: @Sendable () -> Timestamp

    /// - Parameter throttlesAsAWS: whether actions are throttled as AWS does in the store's region.
    init(
        store: Store,
        configuration: PostgresConfiguration,
        throttlesAsAWS: Bool = false,
        logger: Logger
    ) async throws(StoreError) {
        self.store = store
        pageTokens = try await PageTokens.load(from: store)
        starts = StartBatcher(store: store)
        // AWS's quotas, where they are kept.
        pollers = ActivityPollers(mostOfOne: store.settings.isStrict ? 1_000 : .max)
        openExecutions = OpenExecutions(store: store, most: store.settings.isStrict ? 1_000_000 : nil)
        throttle = ActionThrottle(region: throttlesAsAWS ? store.settings.region : nil)
        deletions = DeletionService(store: store, logger: logger)
        metrics = Metrics()
        listener = Listener(configuration, logger: logger)
        activities = ActivityDesk(store: store, listener: listener)
        ends = EndWatch(store: store)
        now = Timestamp.systemClock
    }
}

/// Keeps the listener's connection, and serves those who wait; at a shutdown they are sent away first.
struct WaitingService: Service {
    let services: Services

    func run() async {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await services.listener.run() }
                group.addTask { await services.activities.run() }
                group.addTask { await services.ends.run() }
            }
        }
    }
}

extension Timestamp {
    /// The clock of this machine.
    static func systemClock() -> Timestamp {
        Timestamp(microseconds: Int64((Date().timeIntervalSince1970 * 1_000_000).rounded()))
    }
}
