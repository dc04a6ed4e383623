import Logging
import Store

/// Wakes map runs of which children have ended in this process: they start the next ones, or end, at once and not when
/// they would have looked by themselves.
struct MapRunWaker {
    let engine: Engine

    /// The shortest time between two rounds.
    private static let interval: Duration = .milliseconds(20)

    /// Works until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await engine.childBox.wait()
            let ended = engine.childBox.take().byBucket
            guard !ended.isEmpty else { continue }
            do throws(StoreError) {
                let due = try await engine.facilities.postgres.wakeMapRuns(ofChildren: ended)
                engine.claimBox.post { $0.hinted.formUnion(due) }
                for bucket in due { engine.hints.work(in: bucket) }
            } catch {
                // The runs look by themselves within a second.
                engine.logger.debug("Map runs could not be woken", metadata: ["error": "\(error)"])
            }
            await engine.surroundings.sleep(for: Self.interval)
        }
    }
}
