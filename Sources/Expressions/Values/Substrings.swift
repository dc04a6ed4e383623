/// Searching in time linear in both texts, whatever they hold.
enum Substrings {
    /// Whether `part` occurs in `text`, byte for byte.
    static func contains(_ part: String, in text: String) -> Bool {
        let pattern = Array(part.utf8)
        guard !pattern.isEmpty else { return true }
        let borders = borders(of: pattern)
        var matched = 0
        for byte in text.utf8 {
            while matched > 0, byte != pattern[matched] { matched = borders[matched - 1] }
            if byte == pattern[matched] { matched += 1 }
            if matched == pattern.count { return true }
        }
        return false
    }

    /// For every prefix the length of its longest proper border (Knuth, Morris and Pratt).
    static func borders(of pattern: [UInt8]) -> [Int] {
        var borders = [Int](repeating: 0, count: pattern.count)
        var length = 0
        for place in pattern.indices.dropFirst() {
            while length > 0, pattern[place] != pattern[length] { length = borders[length - 1] }
            if pattern[place] == pattern[length] { length += 1 }
            borders[place] = length
        }
        return borders
    }
}
