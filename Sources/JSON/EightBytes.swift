/// Tests on eight bytes at once, held in a word with the first byte lowest.
enum EightBytes {
    private static let lowBits: UInt64 = 0x0101_0101_0101_0101
    static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// The high bit of every byte that a JSON string cannot hold as it is: `"`, `\` and control characters. Above the
    /// lowest such byte there may be false ones, so only the lowest mark counts; no mark at all means none.
    @inline(__always)
    static func marks(_ word: UInt64) -> UInt64 {
        let quote = word ^ (lowBits &* 0x22)
        let backslash = word ^ (lowBits &* 0x5C)
        // A byte loses its high bit's complement only if the subtraction borrows, that is if it was too small.
        let quotes = (quote &- lowBits) & ~quote
        let backslashes = (backslash &- lowBits) & ~backslash
        let controls = (word &- lowBits &* 0x20) & ~word
        return (quotes | backslashes | controls) & highBits
    }
}
