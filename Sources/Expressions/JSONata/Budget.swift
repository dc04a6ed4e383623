/// What an evaluation has used of its bounds. Where no error can be thrown, what is too much is refused and noted, and
/// the evaluation ends at its next look.
final class Budget {
    private let steps: Int
    private let bytes: Int
    private(set) var usedSteps = 0
    private var usedBytes = 0
    private(set) var isOutOfMemory = false
    private var nextLook = 0

    init(_ bounds: JSONataBounds) {
        steps = bounds.steps
        bytes = bounds.allocatedBytes
    }

    /// Steps from one look at the clock to the next.
    private static let stride = 512

    /// Counts steps.
    ///
    /// - Returns: Whether it is time to look at the bounds.
    @inline(__always)
    func step(_ count: Int = 1) -> Bool {
        usedSteps &+= count
        return usedSteps >= nextLook
    }

    /// Takes note of a look.
    ///
    /// - Returns: Whether there are steps left.
    func look() -> Bool {
        nextLook = min(usedSteps + Self.stride, min(steps, Int.max - 1) + 1)
        return usedSteps <= steps
    }

    /// How many bytes may still be taken.
    var room: Int { bytes - usedBytes }

    /// Whether there is room for so many bytes more.
    @inline(__always)
    func take(_ count: Int) -> Bool {
        let (sum, overflow) = usedBytes.addingReportingOverflow(count)
        if overflow || sum > bytes {
            isOutOfMemory = true
            nextLook = 0
            return false
        }
        usedBytes = sum
        return true
    }

    /// Whether an array of the input may be converted, which is a step for a few elements and memory for all of them.
    func takeConversion(of count: Int) -> Bool {
        usedSteps += count / 8
        return take(Cost.list(count))
    }
}

/// What values take up, in bytes, with the headers and the rounding of the memory they are in.
enum Cost {
    static let value = MemoryLayout<Value>.stride
    static let function = 256

    static func list(_ count: Int) -> Int { 128 + count * value }

    /// Objects grow member by member, so their arrays may be twice as large as needed; large ones have an index.
    static func object(_ count: Int) -> Int { 180 + count * (count > Object.indexThreshold ? 128 : 80) }

    static func rows(_ count: Int, variables: Int) -> Int { count * (160 + variables * 40) }
}
