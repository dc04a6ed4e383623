import JSON
import Store
import Synchronization

/// An access key as the server needs it.
struct AccessKey: Sendable {
    let secret: String
    let grants: [Grant]
    /// Requests a second; nil: as the server allows every key.
    let rateLimit: Int?
}

/// Access keys of the database, kept for a few seconds: a key that is revoked is refused by then.
final class AccessKeyCache: Sendable {
    private struct Entry {
        let key: AccessKey?
        let until: ContinuousClock.Instant
    }

    private static let capacity = 10_000

    private let store: Store
    private let sealer: KeySealer
    private let lifetime: Duration
    private let entries = Mutex<[String: Entry]>([:])

    init(store: Store, sealer: KeySealer, lifetime: Duration = .seconds(5)) {
        self.store = store
        self.sealer = sealer
        self.lifetime = lifetime
    }

    /// The key with this id, if there is one that is not revoked.
    func key(_ id: String) async throws -> AccessKey? {
        guard id.utf8.count <= 64, id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        let now = ContinuousClock.now
        if let entry = entries.withLock({ $0[id] }), entry.until > now { return entry.key }
        let key = try await load(id)
        entries.withLock { entries in
            // Ids that somebody makes up must not fill the memory.
            if entries.count >= Self.capacity { entries.removeAll() }
            entries[id] = Entry(key: key, until: now + lifetime)
        }
        return key
    }

    private func load(_ id: String) async throws -> AccessKey? {
        guard let stored = try await store.accessKey(id), stored.revokedAt == nil else { return nil }
        guard let secret = sealer.open(stored.sealedSecret, id: id) else {
            throw StoreError.corrupt("the access key \(id) was sealed with another key file")
        }
        return AccessKey(
            secret: secret,
            grants: (stored.grants.array ?? []).compactMap(Grant.init),
            rateLimit: stored.rateLimit
        )
    }
}
