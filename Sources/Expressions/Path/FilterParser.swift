import JSON

extension ExpressionScanner {
    /// The condition after `[?`, in parentheses.
    mutating func filter() throws(ExpressionSyntaxError) -> PathFilter {
        skipSpaces()
        guard current == UInt8(ascii: "(") else { throw fault("a filter is written '[?(…)]'") }
        return try parenthesized()
    }

    private mutating func parenthesized() throws(ExpressionSyntaxError) -> PathFilter {
        try descend()
        advance()
        let condition = try alternatives()
        skipSpaces()
        guard take(")") else { throw fault("expected ')', found \(found)") }
        depth -= 1
        return condition
    }

    private mutating func alternatives() throws(ExpressionSyntaxError) -> PathFilter {
        var conditions = [try conjunction()]
        while takeOperator("||") { conditions.append(try conjunction()) }
        return conditions.count == 1 ? conditions[0] : .any(conditions)
    }

    private mutating func conjunction() throws(ExpressionSyntaxError) -> PathFilter {
        var conditions = [try condition()]
        while takeOperator("&&") { conditions.append(try condition()) }
        return conditions.count == 1 ? conditions[0] : .all(conditions)
    }

    private mutating func takeOperator(_ text: StaticString) -> Bool {
        skipSpaces()
        return take(text)
    }

    private mutating func condition() throws(ExpressionSyntaxError) -> PathFilter {
        skipSpaces()
        if current == UInt8(ascii: "(") { return try parenthesized() }
        if current == UInt8(ascii: "!"), peek(1) != UInt8(ascii: "=") {
            try descend()
            advance()
            let condition = try condition()
            depth -= 1
            return .not(condition)
        }
        let start = offset
        let left = try operand()
        skipSpaces()
        let place = offset
        guard let comparator = comparator() else {
            guard case .reference(let reference) = left else {
                throw fault("a value alone is not a condition", at: start)
            }
            return .exists(reference)
        }
        switch comparator {
        case "!=": return .not(.comparison(left, .equal, try operand()))
        case "nin": return .not(.comparison(left, .isIn, try operand()))
        case "=~": throw fault("regular expressions are not available in a filter", at: place)
        default:
            guard let known = PathFilter.Comparator(rawValue: comparator) else {
                throw fault("'\(comparator)' is not an operator of a filter", at: place)
            }
            return .comparison(left, known, try operand())
        }
    }

    /// The operator at the position, a word in lower case; nil when there is none.
    private mutating func comparator() -> String? {
        let start = offset
        if let byte = current, byte.isLetter {
            while let byte = current, byte.isLetter { advance() }
        } else {
            while let byte = current, "=!<>~".utf8.contains(byte) { advance() }
        }
        return offset == start ? nil : text(from: start).lowercased()
    }

    private mutating func operand() throws(ExpressionSyntaxError) -> PathFilter.Operand {
        skipSpaces()
        switch current {
        case UInt8(ascii: "@"), UInt8(ascii: "$"):
            let isRelative = current == UInt8(ascii: "@")
            advance()
            return .reference(.init(isRelative: isRelative, steps: try filterSteps()))
        default: return .literal(try literal())
        }
    }

    /// The steps of a path within a filter. A name right after `$` would be a variable, which filters can't see.
    private mutating func filterSteps() throws(ExpressionSyntaxError) -> PathSteps {
        if let byte = current, byte.isLetter || byte == UInt8(ascii: "$") || byte == UInt8(ascii: "_") {
            throw fault("a filter can use '@' and '$' only, neither variables nor the context object")
        }
        return try steps(inList: true)
    }

    private mutating func literal() throws(ExpressionSyntaxError) -> JSONValue {
        skipSpaces()
        switch current {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return .string(try quoted())
        case UInt8(ascii: "["):
            try descend()
            advance()
            var elements: [JSONValue] = []
            skipSpaces()
            while !take("]") {
                if !elements.isEmpty, !take(",") { throw fault("expected ',' or ']', found \(found)") }
                elements.append(try literal())
                skipSpaces()
            }
            depth -= 1
            return .array(elements)
        case let byte? where byte.isDigit || byte == UInt8(ascii: "-"): return try number()
        default:
            if take("true") { return .bool(true) }
            if take("false") { return .bool(false) }
            if take("null") { return .null }
            throw fault("expected a path or a value, found \(found)")
        }
    }
}

extension UInt8 {
    var isLetter: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
    }
}
