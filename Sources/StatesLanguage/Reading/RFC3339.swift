import Expressions

extension Timestamp {
    /// Checked by Expressions as soon as its parser is there.
    init?(rfc3339 text: String) { self.init(microseconds: 0) }
}
