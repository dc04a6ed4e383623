import Logging
import Store
import Synchronization

/// Extends leases in time and ends calls whose time is over.
struct LeaseKeeper {
    let engine: Engine

    /// The longest sleep; a step that is claimed meanwhile is due later than that.
    private static let longestSleep: Duration = .milliseconds(300)

    /// Works until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let letters = engine.keeperBox.take()
                let now = engine.surroundings.now
                ThreadPool.steps.relieve()
                var next = now.advanced(by: Self.longestSleep)
                for (bucket, held) in engine.held.enumerated() {
                    let actions = held.steps.withLock { steps in
                        if letters.checksAll { steps.check(now: now) }
                        return steps.due(now)
                    }
                    for (invocation, ending) in actions.endings { end(invocation, ending) }
                    if !actions.extensions.isEmpty {
                        group.addTask { await extend(actions.extensions, in: Int32(bucket)) }
                    }
                    next = held.steps.withLock { $0.nextLook(before: next) }
                }
                await engine.keeperBox.wait(until: next)
            }
        }
    }

    private func extend(_ leases: [StepLease], in bucket: Int32) async {
        let sentAt = engine.surroundings.now
        var kept: Set<StepKey>?
        CrashPoint.beforeHeartbeat.pass()
        do throws(StoreError) {
            kept = try await engine.store.extend(leases, bucket: bucket, lease: engine.configuration.lease)
        } catch {
            engine.logger.debug("Leases could not be extended", metadata: ["error": "\(error)"])
        }
        CrashPoint.afterHeartbeat.pass()
        let lost = engine.held[Int(bucket)].steps.withLock { $0.extended(leases, kept: kept, sentAt: sentAt) }
        for invocation in lost { end(invocation, .lost) }
    }

    private func end(_ invocation: Invocation, _ ending: Invocation.Ending) {
        #if FAULTS
            if case .lost = ending, engine.surroundings.bug == .outlivesLease { return }
        #endif
        invocation.end(ending)
    }
}
