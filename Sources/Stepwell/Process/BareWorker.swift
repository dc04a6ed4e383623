package import Store
import Synchronization

/// A worker without a process around it: the engine and its loops, on any store and in any surroundings.
package final class BareWorker: Sendable {
    private let engine: Engine

    package init(
        store: any WorkerStore,
        facilities: WorkerFacilities,
        functions: [Function],
        configuration: WorkerConfiguration,
        record: WorkerRecord,
        surroundings: any Surroundings
    ) {
        engine = Engine(
            store: store,
            facilities: facilities,
            functions: Dictionary(functions.map { ($0.name, $0) }, uniquingKeysWith: { $1 }),
            configuration: configuration,
            record: record,
            surroundings: surroundings
        )
    }

    /// Runs what claims steps until ``stop()``; then gives back what it has not begun.
    package func claim() async {
        await engine.claim(nil)
    }

    /// Runs what keeps leases, rescues, delivers and hints, until the task is cancelled.
    package func maintain() async {
        await engine.maintain()
    }

    // MARK: What others say

    /// There may be something to claim in a bucket.
    package func mayHaveWork(in bucket: Int32) { engine.mayHaveWork(in: bucket) }

    /// Some leases of this process may be gone.
    package func leasesMayBeGone() { engine.leasesMayBeGone() }

    // MARK: The end

    /// From now on nothing is claimed; what is in hand goes on.
    package func stop() { engine.stop() }

    /// Whether nothing is in hand and nothing will be.
    package var hasEnded: Bool { engine.hasEnded }

    /// Cancels what runs and gives up what can't be written.
    package func cutOff() { engine.cutOff() }

    /// Forgets every lease, as a process does that dies: nothing more is written on behalf of its steps.
    package func forget() {
        engine.stop()
        engine.cutOff()
        for bucket in engine.held {
            bucket.steps.withLock { $0 = HeldSteps(leaseDuration: engine.configuration.lease) }
        }
    }
}
