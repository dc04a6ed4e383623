import Expressions
import Postgres
import Store

/// What the claim loop is told.
struct ClaimLetters: Sendable {
    /// Buckets that may have something to claim.
    var hinted: Set<Int32> = []
    /// The earliest time for which something was put off.
    var nextDue: Timestamp?
    /// A slot, a permit or both are free again.
    var hasFinished = false
    /// Something may have been missed: the notifications were interrupted.
    var mayHaveMissed = false
}

/// Children of map runs that have ended, some of them.
struct EndedChildren: Sendable {
    /// More are not needed: where so many end, their runs don't rest for long.
    private static let most = 50

    private(set) var byBucket: [Int32: Set<PGUUID>] = [:]
    private var count = 0

    mutating func insert(_ key: StepKey) {
        guard count < Self.most else { return }
        count += 1
        byBucket[key.bucket, default: []].insert(key.execution)
    }
}

/// What the keeper of the leases is told.
struct KeeperLetters: Sendable {
    /// Leases of this process are gone: it should find out which.
    var checksAll = false
}
