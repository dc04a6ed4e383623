import Postgres
import StatesLanguage
import Synchronization

/// The definitions this process has parsed, by revision. Revisions never change, so an entry is never wrong; machines
/// that are redeployed often do not fill the memory, because the oldest entries leave.
final class RevisionCache: Sendable {
    private struct Entries {
        var revisions: [Int32: Revision] = [:]
        var order: [Int32] = []
    }

    private static let capacity = 1000
    private let entries = Mutex(Entries())

    func revision(_ id: Int32) -> Revision? {
        entries.withLock { $0.revisions[id] }
    }

    func insert(_ revision: Revision) {
        entries.withLock { entries in
            guard entries.revisions.updateValue(revision, forKey: revision.id) == nil else { return }
            entries.order.append(revision.id)
            if entries.order.count > Self.capacity { entries.revisions[entries.order.removeFirst()] = nil }
        }
    }
}
