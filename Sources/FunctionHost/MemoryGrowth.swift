/// Decides whether a process has come to keep more in memory than it should, between its calls.
struct MemoryGrowth: Sendable {
    /// Looking costs: it is done after every tenth call.
    static let interval = 10

    /// In MB.
    private let above: Int?
    private let percent: Int?
    /// What it had when it was looked at first: by then it has what it needs for every call.
    private var first: Int?

    init(above: Int?, percent: Int?) {
        self.above = above
        self.percent = percent
    }

    /// - Parameters:
    ///   - calls: how many the process has had.
    ///   - usage: how many bytes it has in memory.
    mutating func isTooMuch(after calls: Int, usage: () -> Int) -> Bool {
        guard above != nil || percent != nil, calls > 0, calls.isMultiple(of: Self.interval) else { return false }
        let bytes = usage()
        if let above, bytes > above << 20 { return true }
        guard let percent else { return false }
        guard let first else {
            first = bytes
            return false
        }
        return Double(bytes - first) > Double(first) * Double(percent) / 100
    }
}
