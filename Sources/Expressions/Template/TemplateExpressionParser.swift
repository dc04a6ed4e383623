import JSON

extension ExpressionScanner {
    /// How deep calls may stand within calls.
    static let callDepthLimit = 10

    /// A whole template expression: a path or a call.
    mutating func expression() throws(ExpressionSyntaxError) -> TemplateExpression.Node {
        let node: TemplateExpression.Node
        switch current {
        case UInt8(ascii: "$"): node = .path(try Path(&self, inList: false))
        case let byte? where byte.isLetter: node = try call(callDepth: 1)
        default: throw fault("expected a path that starts with '$' or an intrinsic function, found \(found)")
        }
        skipSpaces()
        guard isAtEnd else { throw fault("expected the end of the expression, found \(found)") }
        return node
    }

    private mutating func call(callDepth: Int) throws(ExpressionSyntaxError) -> TemplateExpression.Node {
        let start = offset
        while let byte = current, byte.isLetter || byte.isDigit || byte == UInt8(ascii: ".") { advance() }
        let name = text(from: start)
        guard let function = Intrinsic(rawValue: name) else {
            throw fault("'\(name)' is neither a path nor an intrinsic function", at: start)
        }
        guard callDepth <= Self.callDepthLimit else {
            throw fault("intrinsic functions may be nested at most \(Self.callDepthLimit) deep", at: start)
        }
        skipSpaces()
        guard take("(") else { throw fault("expected '(' after \(name), found \(found)") }
        let arguments = try arguments(of: function, callDepth: callDepth)
        guard function.arity.contains(arguments.count) else {
            throw fault("\(name) takes \(function.arityInWords), not \(arguments.count)", at: start)
        }
        return .call(function, arguments)
    }

    private mutating func arguments(
        of function: Intrinsic,
        callDepth: Int
    ) throws(ExpressionSyntaxError) -> [TemplateExpression.Node] {
        var arguments: [TemplateExpression.Node] = []
        skipSpaces()
        if take(")") { return arguments }
        repeat {
            skipSpaces()
            let isTemplate = function == .format && arguments.isEmpty
            arguments.append(try argument(keepsEscapes: isTemplate, callDepth: callDepth))
            skipSpaces()
        } while take(",")
        guard take(")") else { throw fault("expected ',' or ')', found \(found)") }
        return arguments
    }

    private mutating func argument(
        keepsEscapes: Bool,
        callDepth: Int
    ) throws(ExpressionSyntaxError) -> TemplateExpression.Node {
        switch current {
        case UInt8(ascii: "$"): return .path(try Path(&self, inList: true))
        case UInt8(ascii: "'"): return .literal(.string(try intrinsicString(keepsEscapes: keepsEscapes)))
        case UInt8(ascii: "S"): return try call(callDepth: callDepth + 1)
        case let byte? where byte.isDigit || byte == UInt8(ascii: "-"): return .literal(try number())
        default:
            if take("true") { return .literal(.bool(true)) }
            if take("false") { return .literal(.bool(false)) }
            if take("null") { return .literal(.null) }
            throw fault("expected an argument, found \(found)")
        }
    }

    /// A text in single quotes, in which `\'`, `\{`, `\}` and `\\` stand for the second character. The template of
    /// `States.Format` keeps its escapes: there they tell a brace from a placeholder when it is filled in.
    private mutating func intrinsicString(keepsEscapes: Bool) throws(ExpressionSyntaxError) -> String {
        let start = offset
        advance()
        var content: [UInt8] = []
        while let byte = current {
            advance()
            if byte == UInt8(ascii: "'") { return String(decoding: content, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                content.append(byte)
                continue
            }
            guard let escaped = current, "'{}\\".utf8.contains(escaped) else {
                throw fault("only ' { } and \\ may follow a backslash in a text", at: offset - 1)
            }
            advance()
            if keepsEscapes { content.append(byte) }
            content.append(escaped)
        }
        throw fault("the quote is not closed", at: start)
    }
}
