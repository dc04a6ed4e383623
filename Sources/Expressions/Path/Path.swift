package import JSON

/// A JSONPath as Step Functions reads it: `$.a.b`, `$$.Execution.Id`, `$variable.field`, with filters, slices,
/// wildcards and recursive descent. Parsed once, evaluated often.
package struct Path: Sendable, Hashable {
    /// What the path starts from.
    package enum Root: Sendable, Hashable {
        /// `$`
        case input
        /// `$$`
        case context
        /// `$name`
        case variable(String)
    }

    /// The path as written.
    package let text: String
    package let root: Root
    let steps: PathSteps

    /// - Throws: ``ExpressionSyntaxError`` with the place of the first fault.
    package init(_ text: String) throws(ExpressionSyntaxError) {
        var scanner = ExpressionScanner(text)
        try self.init(&scanner, inList: false)
        scanner.skipSpaces()
        guard scanner.isAtEnd else {
            throw scanner.fault("expected '.', '[' or the end of the path, found \(scanner.found)")
        }
    }

    /// Reads a path at the position of a scanner.
    init(_ scanner: inout ExpressionScanner, inList: Bool) throws(ExpressionSyntaxError) {
        let start = scanner.offset
        root = try scanner.root()
        steps = try scanner.steps(inList: inList)
        text = scanner.text(from: start)
        guard scanner.offset - start <= ExpressionScanner.pathLimit else {
            throw scanner.fault("a path may be at most \(ExpressionScanner.pathLimit) bytes long", at: start)
        }
    }

    /// Whether the path names exactly one node: no wildcard, filter, slice, union, descent or function.
    package var isReference: Bool {
        steps.segments.allSatisfy { segment in
            if case .pick = segment { return false }
            return segment.isDefinite
        } && !steps.takesLength
    }

    /// The path with its root written `$`, as AWS shows a context path in most of its sentences: `$.Execution.Id`
    /// for `$$.Execution.Id`.
    package var jsonPath: String {
        root == .context ? String(text.dropFirst()) : text
    }

    /// The variable the path starts from, if it starts from one.
    package var variableNames: Set<String> {
        guard case .variable(let name) = root else { return [] }
        return [name]
    }

    /// Whether the value depends on the input of the whole execution (`$$`, `$$.Execution`, `$$.Execution.Input…`), or on
    /// how often it was redriven, which is read along with it.
    package var readsExecutionInput: Bool {
        guard root == .context else { return false }
        for (segment, names) in zip(steps.segments, [["Execution"], ["Input", "RedriveCount", "RedriveTime"]]) {
            guard case .name(let taken) = segment else { return true }
            if !names.contains(taken) { return false }
        }
        return true
    }

    /// The value a definite path leads to, or an array of all the nodes an indefinite one matches.
    ///
    /// - Throws: `States.Runtime` with AWS's text when a definite path leads nowhere, or when a path takes more work
    ///   than looking at a million nodes.
    package func evaluate(in scope: Scope) throws(ExpressionError) -> JSONValue {
        switch try outcome(in: scope) {
        case .value(let value): return value
        case .miss(.nullDocument): throw ExpressionError(error: .runtime, cause: PathMiss.nullDocumentCause)
        case .miss(let miss):
            throw ExpressionError(error: .runtime, cause: "Invalid path '\(jsonPath)' : \(miss.sentence(for: self))")
        }
    }

    /// As ``evaluate(in:)``, but nil where a definite path leads nowhere: `IsPresent` asks this.
    ///
    /// - Throws: `States.Runtime` when the path takes more work than looking at a million nodes.
    package func find(in scope: Scope) throws(ExpressionError) -> JSONValue? {
        guard case .value(let value) = try outcome(in: scope) else { return nil }
        return value
    }
}

extension Path.Root: CustomStringConvertible {
    package var description: String {
        switch self {
        case .input: "$"
        case .context: "$$"
        case .variable(let name): "$\(name)"
        }
    }
}

extension Path: CustomStringConvertible {
    package var description: String { text }
}

extension ExpressionScanner {
    /// `$`, `$$` or `$name`.
    fileprivate mutating func root() throws(ExpressionSyntaxError) -> Path.Root {
        guard take("$") else { throw fault("a path starts with '$', found \(found)") }
        if take("$") { return .context }
        let start = offset
        guard let byte = current, byte.isLetter || byte == UInt8(ascii: "_") || byte >= 0x80 else { return .input }
        while let byte = current, byte.isLetter || byte.isDigit || byte == UInt8(ascii: "_") || byte >= 0x80 {
            advance()
        }
        let name = text(from: start)
        guard VariableName.isValid(name) else {
            throw fault("'\(name)' is not the name of a variable", at: start)
        }
        return .variable(name)
    }
}
