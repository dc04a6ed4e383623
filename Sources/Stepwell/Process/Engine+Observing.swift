import Postgres
import Store
import Synchronization

extension Engine {
    /// How often backends of metrics that fetch nothing themselves are told how the worker stands.
    private static let observationInterval: Duration = .seconds(10)

    /// Tells the metrics how the worker stands now.
    func observe() async {
        let (slots, free) = (configuration.concurrency, capacity.withLock(\.room))
        metrics.observe(slots: slots, free: free, await facilities.postgres.pool.use)
    }

    /// Observes until the task is cancelled.
    func keepObserving() async {
        while !Task.isCancelled {
            await observe()
            await surroundings.sleep(for: Self.observationInterval)
        }
    }
}
