/// Why a text is not JSON, and where.
public struct JSONSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, as a sentence without the place: `expected ',' or '}' after an object member`.
    public let reason: String
    /// Where, in bytes from the start of the text.
    public let offset: Int
    /// The line, counted from 1.
    public let line: Int
    /// The column in Unicode scalars, counted from 1.
    public let column: Int

    /// An error at a place.
    public init(reason: String, offset: Int, line: Int, column: Int) {
        self.reason = reason
        self.offset = offset
        self.line = line
        self.column = column
    }

    /// `line 3, column 14: expected ',' or '}' after an object member`
    public var description: String { "line \(line), column \(column): \(reason)" }
}
