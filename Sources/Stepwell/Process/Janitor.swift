import Logging
import Store
import Synchronization

/// Does what belongs to nobody in particular: lost leases, waits that took too long, messages between buckets,
/// partitions, marks of where looks for work begin.
struct Janitor {
    let engine: Engine

    private static let partitionInterval: Duration = .seconds(3600)
    private static let lowWaterInterval: Duration = .seconds(5)
    /// Of those who wait for tasks of one activity, the others look within a second anyway.
    private static let wakesAtOnce = 20

    /// Works until the task is cancelled.
    func run() async {
        var nextPartitions = engine.surroundings.now.advanced(by: Self.partitionInterval)
        var nextLowWater = engine.surroundings.now.advanced(by: Self.lowWaterInterval)
        while !Task.isCancelled {
            await engine.janitorBox.wait(until: min(nextPartitions, nextLowWater))
            let work = engine.janitorBox.take()
            do throws(StoreError) {
                for bucket in work.wakes.sorted() { try await sweep(bucket) }
                for bucket in work.outboxes.sorted() { try await deliver(bucket) }
                for parent in work.parents.sorted() {
                    try await engine.store.stopChildren(of: parent.execution, bucket: parent.bucket)
                    try await deliver(parent.bucket)
                }
                for (name, count) in work.activities.sorted(by: { $0.key < $1.key }) {
                    for _ in 0..<min(count, Self.wakesAtOnce) { await engine.store.wakeActivity(name) }
                }
                for bucket in work.answers.sorted() { try await applyAnswers(bucket) }
                if nextLowWater <= engine.surroundings.now {
                    nextLowWater = engine.surroundings.now.advanced(by: Self.lowWaterInterval)
                    try await engine.store.raiseLowWater(functions: engine.capacity.withLock(\.functions))
                }
                if nextPartitions <= engine.surroundings.now {
                    try await engine.store.createPartitions()
                    try await engine.store.timeOutOldExecutions()
                    // Answers to tasks of executions that have ended since: nobody else looks at them.
                    for bucket in 0..<engine.store.settings.buckets { try await applyAnswers(bucket) }
                    try await engine.store.offerServices(engine.services.offers.sorted())
                    nextPartitions = engine.surroundings.now.advanced(by: Self.partitionInterval)
                }
            } catch {
                // What is still due is found again by the next probe.
                engine.logger.debug("Maintenance was interrupted", metadata: ["error": "\(error)"])
                if nextPartitions <= engine.surroundings.now {
                    nextPartitions = engine.surroundings.now.advanced(by: .seconds(60))
                }
            }
        }
    }

    private func sweep(_ bucket: Int32) async throws(StoreError) {
        let page = 100
        var total = 0
        while !Task.isCancelled {
            CrashPoint.beforeRescue.pass()
            let count = try await engine.store.sweep(bucket: bucket, limit: page)
            if count > 0 { CrashPoint.afterRescue.pass() }
            total += count
            if count < page { break }
        }
        guard total > 0 else { return }
        engine.claimBox.post { $0.hinted.insert(bucket) }
        engine.hints.work(in: bucket)
    }

    private func applyAnswers(_ bucket: Int32) async throws(StoreError) {
        guard try await engine.store.applyAnswers(bucket: bucket) > 0 else { return }
        engine.claimBox.post { $0.hinted.insert(bucket) }
        engine.hints.work(in: bucket)
    }

    private func deliver(_ bucket: Int32) async throws(StoreError) {
        let page = 50
        var total = 0
        while !Task.isCancelled {
            CrashPoint.beforeDelivery.pass()
            let count = try await engine.store.deliverOutbox(bucket: bucket, limit: page)
            if count > 0 { CrashPoint.afterDelivery.pass() }
            total += count
            if count < page { break }
        }
        if total > 0 { engine.claimBox.post { $0.mayHaveMissed = true } }
    }
}
