/// The memory that an evaluation has asked for. What is taken where no error can be thrown is refused here and noted,
/// and the evaluation ends at its next look.
final class Memory {
    private let limit: Int
    private var taken = 0
    private(set) var isExceeded = false

    init(limit: Int) { self.limit = limit }

    /// Whether there is room for so many bytes more.
    func take(_ bytes: Int) -> Bool {
        let (sum, overflow) = taken.addingReportingOverflow(bytes)
        if overflow || sum > limit {
            isExceeded = true
            return false
        }
        taken = sum
        return true
    }
}
