/// The numbers that Java's `java.util.Random` draws from a seed, as its documentation fixes them: those that AWS gives
/// for the same seed.
struct JavaRandom {
    private static let mask: UInt64 = (1 << 48) - 1
    private var state: UInt64

    init(seed: Int64) { state = (UInt64(bitPattern: seed) ^ 0x5_DEEC_E66D) & Self.mask }

    /// At most 32 random bits, as a signed number.
    private mutating func next(bits: UInt64) -> Int32 {
        state = (state &* 0x5_DEEC_E66D &+ 0xB) & Self.mask
        return Int32(truncatingIfNeeded: state >> (48 - bits))
    }

    /// A number from 0 up to but without 1.
    mutating func nextDouble() -> Double {
        let high = Int64(next(bits: 26)) << 27
        return Double(high + Int64(next(bits: 27))) * 0x1p-53
    }

    private mutating func nextLong() -> Int64 {
        let high = Int64(next(bits: 32)) << 32
        return high &+ Int64(next(bits: 32))
    }

    /// A whole number of a range within 32 bits, as Java's `nextLong(origin, bound)` draws it.
    mutating func nextInteger(in range: Range<Int>) -> Int {
        let count = Int64(range.count)
        if count & (count - 1) == 0 { return range.lowerBound + Int(nextLong() & (count - 1)) }
        while true {
            let bits = Int64(bitPattern: UInt64(bitPattern: nextLong()) >> 1)
            let value = bits % count
            // Numbers beyond the last whole multiple of the count would make some values likelier than others.
            if bits &- value &+ (count - 1) >= 0 { return range.lowerBound + Int(value) }
        }
    }
}
