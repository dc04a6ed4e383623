import JSON

/// A JSON value as a page shows it: indented, and no more of it than somebody reads.
struct JSONBlock {
    /// What takes more is not indented, in bytes.
    private static let mostParsed = 1 << 20
    /// In bytes of HTML.
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
        let pretty = text.utf8.count > Self.mostParsed ? text : (try? JSONValue(parsing: text))?.prettyText ?? text
        (self.text, isCut) = EscapedHTML.prefix(of: pretty, bytes: Self.limit)
    }
}
