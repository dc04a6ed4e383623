/// Decisions of one bucket that wait to be made durable together.
///
/// Whoever comes while nothing is on its way leads: it sends everything that waits, its own first. Whoever comes while
/// a batch is on its way waits for company, and the first of them leads the next batch. So a batch grows with the load
/// and nobody waits for a clock.
struct CommitQueue<Item, Waiter> {
    /// What is sent together, and who waits for it.
    struct Batch {
        var items: [Item] = []
        var waiters: [Waiter] = []
    }

    private let maximumCount: Int
    private let maximumWeight: Int
    private var waiting = Batch()
    private var weights: [Int] = []
    private var isSending = false

    /// - Parameters:
    ///   - maximumCount: the most items of a batch.
    ///   - maximumWeight: the most bytes of a batch of several items.
    init(maximumCount: Int, maximumWeight: Int) {
        self.maximumCount = maximumCount
        self.maximumWeight = maximumWeight
    }

    /// How many items wait.
    var count: Int { weights.count }

    /// Adds an item.
    ///
    /// - Returns: whether its owner leads: takes a batch and sends it.
    mutating func add(_ item: Item, weight: Int, waiter: Waiter) -> Bool {
        waiting.items.append(item)
        waiting.waiters.append(waiter)
        weights.append(weight)
        guard !isSending else { return false }
        isSending = true
        return true
    }

    /// The batch to send, in the order of arrival.
    mutating func takeBatch() -> Batch {
        var weight = 0
        var count = 0
        for next in weights.prefix(maximumCount) {
            weight += next
            guard count == 0 || weight <= maximumWeight else { break }
            count += 1
        }
        guard count < weights.count else {
            defer {
                waiting = Batch()
                weights = []
            }
            return waiting
        }
        defer {
            waiting.items.removeFirst(count)
            waiting.waiters.removeFirst(count)
            weights.removeFirst(count)
        }
        return Batch(items: Array(waiting.items.prefix(count)), waiters: Array(waiting.waiters.prefix(count)))
    }

    /// The batch is done.
    ///
    /// - Returns: the waiter that leads the next one; nil: nobody waits.
    mutating func finish() -> Waiter? {
        isSending = !weights.isEmpty
        return waiting.waiters.first
    }
}
