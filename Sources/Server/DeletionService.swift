import Logging
import ServiceLifecycle
import Store

/// Completes deletions of state machines: at once when this process began one, and every few seconds those that another
/// one left undone.
actor DeletionService: Service {
    private let store: Store
    private let logger: Logger
    private let wakeUps: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init(store: Store, logger: Logger) {
        self.store = store
        self.logger = logger
        (wakeUps, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// There is something to delete.
    func wake() { signal.yield() }

    func run() async {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    while !Task.isCancelled {
                        self.signal.yield()
                        try? await Task.sleep(for: .seconds(10))
                    }
                }
                group.addTask {
                    for await _ in self.wakeUps { await self.finish() }
                }
            }
        }
    }

    private func finish() async {
        do throws(StoreError) {
            try await store.finishDeletions()
        } catch {
            // Nothing is lost: the next round finds the same.
            logger.warning("A deletion could not be completed", metadata: ["error": "\(error)"])
        }
    }
}
