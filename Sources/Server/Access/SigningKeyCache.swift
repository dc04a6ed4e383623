import Signing
import Synchronization

/// Signing keys that were made before, so that a request costs one HMAC instead of five.
///
/// Ids that are no key's are kept like those that are, and each under its own id: how long an answer takes says nothing
/// about which keys there are.
final class SigningKeyCache: Sendable {
    private struct Name: Hashable {
        let accessKeyID: String
        let date: String
        let region: String
        let service: String
    }

    private struct Entry {
        let secret: String
        let key: SigningKey
    }

    private let capacity: Int
    private let entries = Mutex<[Name: Entry]>([:])

    /// - Parameter capacity: the most keys kept.
    init(capacity: Int = 1000) {
        self.capacity = capacity
    }

    /// How many keys are kept.
    var count: Int { entries.withLock(\.count) }

    /// The key of a scope.
    ///
    /// - Parameter secret: the one that the id has now: a key made of another is not used again.
    func key(_ accessKeyID: String, secret: String, scope: SigningScope) -> SigningKey {
        let name = Name(accessKeyID: accessKeyID, date: scope.date, region: scope.region, service: scope.service)
        if let entry = entries.withLock({ $0[name] }), entry.secret == secret { return entry.key }
        let key = scope.key(secret: secret)
        entries.withLock { entries in
            // Scopes that somebody makes up must not fill the memory, nor those of days gone by.
            if entries.count >= capacity { entries.removeAll(keepingCapacity: true) }
            entries[name] = Entry(secret: secret, key: key)
        }
        return key
    }
}
