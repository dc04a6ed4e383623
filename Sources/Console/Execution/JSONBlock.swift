import JSON

/// A JSON value as a page shows it: indented, and no more of it than somebody reads.
struct JSONBlock {
    /// In bytes.
    static let limit = 24 << 10

    let name: String
    let text: String
    let isCut: Bool
    /// Where all of it is.
    let whole: String

    /// - Parameter text: JSON, or what should be.
    init(_ name: String, _ text: String, whole: String) {
        self.name = name
        self.whole = whole
        let isLarge = text.utf8.count > Self.limit
        let pretty = isLarge ? text : (try? JSONValue(parsing: text))?.prettyText ?? text
        guard pretty.utf8.count > Self.limit * 2 else {
            self.text = pretty
            isCut = false
            return
        }
        var end = pretty.utf8.index(pretty.startIndex, offsetBy: Self.limit)
        while end.samePosition(in: pretty.unicodeScalars) == nil { end = pretty.utf8.index(before: end) }
        self.text = String(pretty.unicodeScalars[..<end])
        isCut = true
    }
}
