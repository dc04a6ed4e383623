/// Decisions of one bucket that wait to be made durable together.
///
/// Whoever comes while nothing is on its way leads: it sends everything that waits, its own first. Whoever comes while
/// a batch is on its way waits for company, and the first of them leads the next batch. So a batch grows with the load
/// and nobody waits for a clock.
struct CommitQueue<Item, Waiter> {
    struct Entry {
        var item: Item
        var weight: Int
        var waiter: Waiter
    }

    private let maximumCount: Int
    private let maximumWeight: Int
    private var waiting: [Entry] = []
    private var isSending = false

    /// - Parameters:
    ///   - maximumCount: the most items of a batch.
    ///   - maximumWeight: the most bytes of a batch of several items.
    init(maximumCount: Int, maximumWeight: Int) {
        self.maximumCount = maximumCount
        self.maximumWeight = maximumWeight
    }

    /// How many items wait.
    var count: Int { waiting.count }

    /// Adds an item.
    ///
    /// - Returns: whether its owner leads: takes a batch and sends it.
    mutating func add(_ item: Item, weight: Int, waiter: Waiter) -> Bool {
        waiting.append(Entry(item: item, weight: weight, waiter: waiter))
        guard !isSending else { return false }
        isSending = true
        return true
    }

    /// The batch to send, in the order of arrival.
    mutating func takeBatch() -> [Entry] {
        var weight = 0
        var count = 0
        for entry in waiting.prefix(maximumCount) {
            weight += entry.weight
            guard count == 0 || weight <= maximumWeight else { break }
            count += 1
        }
        guard count < waiting.count else {
            defer { waiting = [] }
            return waiting
        }
        defer { waiting.removeFirst(count) }
        return Array(waiting.prefix(count))
    }

    /// The batch is done.
    ///
    /// - Returns: the waiter that leads the next one; nil: nobody waits.
    mutating func finish() -> Waiter? {
        isSending = !waiting.isEmpty
        return waiting.first?.waiter
    }
}
