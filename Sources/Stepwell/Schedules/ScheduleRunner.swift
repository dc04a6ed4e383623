import Logging
import Store

/// Starts what schedules say, when it is due. Every worker does this; each due time is started by one of them.
struct ScheduleRunner {
    let engine: Engine

    /// How long a schedule that was made meanwhile can go unseen whose hint got lost.
    private static let interval: Duration = .seconds(5)

    /// Works until the task is cancelled.
    func run() async {
        var backoff = Backoff(engine.surroundings)
        while !Task.isCancelled {
            do throws(StoreError) {
                let next = try await engine.facilities.postgres.runDueSchedules()
                backoff.reset()
                let pause = min(next ?? Self.interval, Self.interval)
                await engine.scheduleBox.wait(until: engine.surroundings.now.advanced(by: pause))
                engine.scheduleBox.take()
            } catch {
                engine.logger.debug("Schedules could not be run", metadata: ["error": "\(error)"])
                await backoff.wait()
            }
        }
    }
}
