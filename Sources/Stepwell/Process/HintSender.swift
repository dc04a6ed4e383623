import Postgres
import Store

/// Sends hints to other workers: the first at once, those that follow closely together.
final class HintSender: Sendable {
    private struct Letters: Sendable {
        var buckets: Set<Int32> = []
        var instances: Set<PGUUID> = []
    }

    /// The shortest time between two rounds of hints.
    private static let interval: Duration = .milliseconds(5)

    private let store: any WorkerStore
    private let worker: PGUUID
    private let surroundings: any Surroundings
    private let box: Mailbox<Letters>

    init(store: any WorkerStore, worker: PGUUID, surroundings: any Surroundings) {
        self.store = store
        self.worker = worker
        self.surroundings = surroundings
        box = Mailbox(Letters(), surroundings: surroundings)
    }

    /// There is work in a bucket that this worker may not get to.
    func work(in bucket: Int32) {
        box.post { $0.buckets.insert(bucket) }
    }

    /// Leases of these workers are gone.
    func tell(_ instances: [PGUUID]) {
        guard !instances.isEmpty else { return }
        box.post { $0.instances.formUnion(instances) }
    }

    /// Sends hints until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await box.wait()
            let letters = box.take()
            await store.notifyWork(buckets: letters.buckets.sorted(), from: worker)
            await store.notifyWorkers(letters.instances.sorted())
            await surroundings.sleep(for: Self.interval)
        }
    }
}
