extension ExpressionScanner {
    /// The longest path that is accepted, in bytes.
    static let pathLimit = 10_000

    /// What follows the root of a path, as far as it goes.
    ///
    /// - Parameter inList: Whether the path is an argument of a call or part of a filter, where a comma, a space, an
    ///   operator or a parenthesis ends it.
    mutating func steps(inList: Bool) throws(ExpressionSyntaxError) -> PathSteps {
        var steps = PathSteps()
        while let byte = current, !steps.takesLength {
            if byte == UInt8(ascii: ".") {
                try step(afterDotInto: &steps, inList: inList)
            } else if byte == UInt8(ascii: "[") {
                steps.segments.append(try bracket())
            } else {
                break
            }
        }
        if case .names(let names) = steps.segments.last {
            steps.segments[steps.segments.count - 1] = .pick(names)
        }
        return steps
    }

    private mutating func step(afterDotInto steps: inout PathSteps, inList: Bool) throws(ExpressionSyntaxError) {
        advance()
        let isDescent = current == UInt8(ascii: ".")
        if isDescent {
            advance()
            steps.segments.append(.descent)
        }
        switch current {
        case UInt8(ascii: "["): return
        case UInt8(ascii: "*"):
            advance()
            steps.segments.append(.wildcard)
            return
        case nil: throw fault("a path may not end in '.'")
        default: break
        }
        let start = offset
        while let byte = current, isNameByte(byte, inList: inList) { advance() }
        let name = text(from: start)
        guard !name.isEmpty else { throw fault("expected a name after '.', found \(found)") }
        guard current == UInt8(ascii: "(") else {
            steps.segments.append(.name(name))
            return
        }
        guard name == "length", !isDescent else {
            throw fault("the function '\(name)()' is not available in a path, only 'length()' is", at: start)
        }
        guard take("()") else { throw fault("'length()' takes no arguments") }
        if current == UInt8(ascii: ".") || current == UInt8(ascii: "[") { throw fault("'length()' must end the path") }
        steps.takesLength = true
    }

    /// Whether a byte may stand in a name after a dot; other names need brackets and quotes.
    private func isNameByte(_ byte: UInt8, inList: Bool) -> Bool {
        switch byte {
        case 0...0x20, 0x7F: false
        case UInt8(ascii: "."), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "("), UInt8(ascii: ")"),
            UInt8(ascii: ","), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "*"):
            false
        case UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"),
            UInt8(ascii: "|"):
            !inList
        default: true
        }
    }

    private mutating func bracket() throws(ExpressionSyntaxError) -> PathSegment {
        advance()
        skipSpaces()
        let segment: PathSegment
        switch current {
        case UInt8(ascii: "*"):
            advance()
            segment = .wildcard
        case UInt8(ascii: "?"):
            advance()
            segment = .filter(try filter())
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            let names = try list { (scanner) throws(ExpressionSyntaxError) in try scanner.quoted() }
            segment = names.count == 1 ? .name(names[0]) : .names(names)
        default:
            segment = try indexesOrSlice()
        }
        skipSpaces()
        guard take("]") else { throw fault("expected ']', found \(found)") }
        return segment
    }

    private mutating func indexesOrSlice() throws(ExpressionSyntaxError) -> PathSegment {
        var slice = PathSlice()
        if current != UInt8(ascii: ":") {
            let indexes = try list { (scanner) throws(ExpressionSyntaxError) in try scanner.integer() }
            guard indexes.count == 1, current == UInt8(ascii: ":") else {
                return indexes.count == 1 ? .index(indexes[0]) : .indexes(indexes)
            }
            slice.start = indexes[0]
        }
        advance()
        slice.end = try optionalInteger()
        if take(":"), let step = try optionalInteger() {
            guard step != 0 else { throw fault("the step of a slice may not be 0") }
            slice.step = step
        }
        return .slice(slice)
    }

    private mutating func optionalInteger() throws(ExpressionSyntaxError) -> Int? {
        skipSpaces()
        guard let byte = current, byte.isDigit || byte == UInt8(ascii: "-") else { return nil }
        let value = try integer()
        skipSpaces()
        return value
    }

    private mutating func list<Element>(
        of element: (inout ExpressionScanner) throws(ExpressionSyntaxError) -> Element
    ) throws(ExpressionSyntaxError) -> [Element] {
        var elements: [Element] = []
        repeat {
            skipSpaces()
            elements.append(try element(&self))
            skipSpaces()
        } while take(",")
        return elements
    }

    /// A name or string in quotes of either kind.
    ///
    /// A backslash stands for itself except before the quote that surrounds the text and before another backslash:
    /// AWS finds the key `a\"b` by `$['a\"b']`.
    mutating func quoted() throws(ExpressionSyntaxError) -> String {
        guard let quote = current, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            throw fault("expected a text in quotes, found \(found)")
        }
        let start = offset
        advance()
        var content: [UInt8] = []
        while let byte = current {
            advance()
            if byte == quote { return String(decoding: content, as: UTF8.self) }
            if byte == UInt8(ascii: "\\"), let next = current, next == quote || next == byte {
                advance()
                content.append(next)
            } else {
                content.append(byte)
            }
        }
        throw fault("the quote is not closed", at: start)
    }
}
