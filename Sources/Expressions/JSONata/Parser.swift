import JSON

/// Reads an expression by operator precedence (Pratt's method).
struct Parser {
    /// The deepest nesting of parts; far more than people write, and little enough for a small stack.
    static let depthLimit = 200

    private var lexer: Lexer
    private(set) var token = Token(.end, "(end)", end: 0)
    private var depth = 0

    init(_ text: String) throws(JSONataError) {
        lexer = Lexer(text)
        try advance(infix: false)
    }

    /// The whole text as one expression.
    mutating func parse() throws(JSONataError) -> Syntax {
        let expression = try expression()
        guard token.kind == .end else {
            throw error("S0201", "Syntax error: \(JSONValue.string(token.text).text)")
        }
        return expression
    }

    mutating func advance(infix: Bool = false) throws(JSONataError) {
        token = try lexer.next(infix: infix)
        if token.isOperator("!") || token.isOperator("~") {
            throw error("S0204", "Unknown operator: \(JSONValue.string(token.text).text)")
        }
    }

    /// Passes an operator that must stand here.
    mutating func pass(_ symbol: String, infix: Bool = false) throws(JSONataError) {
        guard token.isOperator(symbol) else {
            guard token.kind != .end else {
                throw error("S0203", "Expected \"\(symbol)\" before end of expression")
            }
            throw error("S0202", "Expected \"\(symbol)\", got \(JSONValue.string(token.text).text)")
        }
        try advance(infix: infix)
    }

    func error(_ code: String, _ reason: String, at other: Token? = nil) -> JSONataError {
        let token = other ?? self.token
        return JSONataError(code: code, reason: reason, position: token.end, token: token.text)
    }

    /// How strongly an operator holds what stands before it.
    private static let powers: [String: Int] = [
        ".": 75, "[": 80, "{": 70, "(": 80, "@": 80, "#": 80, "?": 20, "+": 50, "-": 50, "*": 60, "/": 60, "%": 60,
        "=": 40, "<": 40, ">": 40, "^": 40, ":=": 10, "!=": 40, "<=": 40, ">=": 40, "~>": 40, "?:": 40, "??": 40,
        "and": 30, "or": 25, "in": 40, "&": 50,
    ]
    private var power: Int { token.kind == .operator ? Self.powers[token.text] ?? 0 : 0 }

    /// The expression up to the next operator that holds it more weakly than `limit`.
    mutating func expression(_ limit: Int = 0) throws(JSONataError) -> Syntax {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else {
            throw error("U1001", "the expression is nested deeper than \(Self.depthLimit) levels")
        }
        let first = token
        try advance(infix: true)
        var left = try term(first)
        while limit < power {
            guard left.height <= Self.heightLimit else {
                throw error("U1001", "the expression has more than \(Self.heightLimit) levels")
            }
            let symbol = token
            try advance()
            left = try infix(symbol, after: left)
        }
        return left
    }

    /// The most levels of an expression; a chain of operators has as many as it is long.
    private static let heightLimit = 500

    /// What begins with this token.
    private mutating func term(_ first: Token) throws(JSONataError) -> Syntax {
        let position = first.end
        switch first.kind {
        case .name: return Syntax(.name(first.text), at: position)
        case .variable: return Syntax(.variable(first.text), at: position)
        case .string: return Syntax(.string(first.text), at: position)
        case .number: return Syntax(.number(first.number), at: position)
        case .constant:
            let value: JSONataConstant = first.text == "null" ? .null : first.text == "true" ? .true : .false
            return Syntax(.constant(value), at: position)
        case .regex: return Syntax(.regex(pattern: first.text, flags: first.flags), at: position)
        case .end: return Syntax(.end, at: position)
        case .operator: break
        }
        switch first.text {
        case "and", "or", "in": return Syntax(.word(first.text), at: position)
        case "-": return Syntax(.negate(try expression(70)), at: position)
        case "*": return Syntax(.wildcard, at: position)
        case "**": return Syntax(.descendants, at: position)
        case "%": return Syntax(.parent(AncestorSlot(label: 0)), at: position)
        case "(": return try block(at: position)
        case "[": return try array(at: position)
        case "{": return Syntax(.object(try pairs()), at: position)
        case "|": return try transform(at: position)
        default:
            throw error(
                "S0211",
                "The symbol \(JSONValue.string(first.text).text) cannot be used as a unary operator",
                at: first
            )
        }
    }

    /// What an operator makes of the expression before it and what follows.
    private mutating func infix(_ symbol: Token, after left: Syntax) throws(JSONataError) -> Syntax {
        let position = symbol.end
        switch symbol.text {
        case "(": return try call(left, at: position)
        case "[":
            if token.isOperator("]") {
                try advance(infix: true)
                Self.innermost(left).keepsArray = true
                return left
            }
            let predicate = try expression()
            try pass("]", infix: true)
            return Syntax(.filter(left, by: predicate), at: position)
        case "{": return Syntax(.group(left, try pairs()), at: position)
        case "^": return Syntax(.order(left, try terms()), at: position)
        case "@": return Syntax(.focus(left, name: try bound(by: symbol)), at: position)
        case "#": return Syntax(.index(left, name: try bound(by: symbol)), at: position)
        case "?":
            let then = try expression()
            guard token.isOperator(":") else {
                return Syntax(.condition(left, then: then, otherwise: nil), at: position)
            }
            try advance()
            return Syntax(.condition(left, then: then, otherwise: try expression()), at: position)
        case "?:": return Syntax(.elvis(left, try expression()), at: position)
        case "??": return Syntax(.coalesce(left, try expression()), at: position)
        case ":=":
            guard case .variable(let name) = left.kind else {
                throw error("S0212", "The left side of := must be a variable name (start with $)", at: symbol)
            }
            return Syntax(.bind(name: name, try expression(9)), at: position)
        default:
            return Syntax(.binary(symbol.text, left, try expression(Self.powers[symbol.text] ?? 0)), at: position)
        }
    }

    /// The part that `[]` after a number of filters speaks of.
    private static func innermost(_ expression: Syntax) -> Syntax {
        var step = expression
        while case .filter(let inner, _) = step.kind { step = inner }
        return step
    }

    /// The variable after `@` or `#`.
    private mutating func bound(by symbol: Token) throws(JSONataError) -> String {
        let variable = try expression(80)
        guard case .variable(let name) = variable.kind else {
            throw error(
                "S0214",
                "The right side of \"\(symbol.text)\" must be a variable name (start with $)",
                at: symbol
            )
        }
        return name
    }
}
