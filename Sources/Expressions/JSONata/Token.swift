/// One word of an expression.
struct Token {
    enum Kind {
        case name
        case variable
        case `operator`
        case string
        case number
        /// `true`, `false` or `null`.
        case constant
        case regex
        case end
    }

    let kind: Kind
    /// The text: the operator itself, a name without its quotes, a variable without its `$`, the body of a regex.
    let text: String
    /// The value of a number.
    let number: Double
    /// The flags of a regex.
    let flags: String
    /// Where it ends, in code points.
    let end: Int

    init(_ kind: Kind, _ text: String, number: Double = 0, flags: String = "", end: Int) {
        self.kind = kind
        self.text = text
        self.number = number
        self.flags = flags
        self.end = end
    }

    func isOperator(_ symbol: String) -> Bool { kind == .operator && text == symbol }
}
