import Store

/// What a worker may run of one function that is limited in the whole installation: so many calls at once, and so many
/// that begin in a second.
struct FunctionBudget {
    private(set) var slots: Int?
    private var rate: Double?
    /// Calls that may begin now.
    private var starts: Double

    init(_ share: FunctionShare) {
        slots = share.slots
        rate = share.rate
        starts = 1
    }

    /// The share has changed; what was saved up stays.
    mutating func change(to share: FunctionShare) {
        slots = share.slots
        if rate == nil { starts = 1 }
        rate = share.rate
    }

    /// Time has gone by.
    ///
    /// - Returns: whether calls may begin that could not before.
    mutating func pass(_ duration: Duration) -> Bool {
        guard let rate else { return false }
        let before = starts
        // Not more than a second's worth is saved up, and a call at least.
        starts = min(max(1, rate), starts + rate * (duration / .seconds(1)))
        return before < 1 && starts >= 1
    }

    mutating func begin(_ count: Int) { if rate != nil { starts -= Double(count) } }

    /// How many calls may begin beside those that run.
    func free(running: Int) -> Int {
        let slots = slots.map { max(0, $0 - running) } ?? .max
        return rate == nil ? slots : min(slots, Int(max(0, min(starts, 1_000_000))))
    }

    /// Whether so many running calls are all that the share allows at once.
    func isFull(running: Int) -> Bool { slots.map { running >= $0 } ?? false }

    /// Whether time changes what may begin.
    var isPaced: Bool { rate != nil }
}
