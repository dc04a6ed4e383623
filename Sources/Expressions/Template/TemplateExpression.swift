package import JSON

/// One value of a template: a path, or an intrinsic function whose arguments are expressions again.
package struct TemplateExpression: Sendable, Hashable {
    indirect enum Node: Sendable, Hashable {
        case path(Path)
        case literal(JSONValue)
        case call(Intrinsic, [Node])
    }

    /// The expression as written.
    package let text: String
    let node: Node

    /// - Throws: ``ExpressionSyntaxError`` for text that is neither a path nor a known intrinsic with the right number
    ///   of arguments.
    package init(_ text: String) throws(ExpressionSyntaxError) {
        self.text = text
        var scanner = ExpressionScanner(text)
        node = try scanner.expression()
    }

    /// The name of the outermost intrinsic, `States.Format`; nil for a path.
    package var intrinsic: String? {
        guard case .call(let function, _) = node else { return nil }
        return function.rawValue
    }

    /// Whether the expression is a path or an intrinsic function whose result is a string: `ErrorPath` and
    /// `CausePath` of a Fail state take no others.
    package var mayGiveString: Bool {
        guard case .call(let function, _) = node else { return true }
        return function.givesString
    }

    /// Every path in it, arguments of intrinsics included, from left to right.
    package var paths: [Path] {
        var paths: [Path] = []
        Self.collect(node, into: &paths)
        return paths
    }

    private static func collect(_ node: Node, into paths: inout [Path]) {
        switch node {
        case .path(let path): paths.append(path)
        case .literal: break
        case .call(_, let arguments): for argument in arguments { collect(argument, into: &paths) }
        }
    }

    /// The variables it reads.
    package var variableNames: Set<String> { Set(paths.flatMap(\.variableNames)) }

    /// Whether the value depends on the input of the whole execution.
    package var readsExecutionInput: Bool { paths.contains(where: \.readsExecutionInput) }

    /// The value of the expression.
    ///
    /// - Throws: `States.Runtime` when a path leads nowhere, `States.IntrinsicFailure` when a function refuses its
    ///   arguments; with AWS's texts as far as they are known.
    package func evaluate(
        in scope: Scope,
        random: inout some RandomNumberGenerator
    ) throws(ExpressionError) -> JSONValue {
        if case .path(let path) = node { return try path.evaluate(in: scope) }
        return try value(of: node, in: scope, random: &random)
    }

    /// The value of the expression where it stands as the value of `key` in a payload template. The last index of a
    /// path may be beyond the end of its array there: AWS gives null.
    func evaluate(
        for key: String,
        in scope: Scope,
        random: inout some RandomNumberGenerator
    ) throws(ExpressionError) -> JSONValue {
        guard case .path(let path) = node else { return try value(of: node, in: scope, random: &random) }
        switch try path.outcome(in: scope) {
        case .value(let value): return value
        case .miss(.noElement(let position)) where position == path.steps.segments.count - 1: return .null
        case .miss(let miss):
            guard miss.isAbsence else { return try path.evaluate(in: scope) }
            let document = path.document(in: scope) ?? scope.input
            throw ExpressionError(
                error: .runtime,
                cause: "The JSONPath '\(text)' specified for the field '\(key)' could not be found in the input"
                    + " '\(document.excerpt)'"
            )
        }
    }

    private func value(
        of node: Node,
        in scope: Scope,
        random: inout some RandomNumberGenerator
    ) throws(ExpressionError) -> JSONValue {
        switch node {
        case .literal(let value): return value
        case .path(let path): return try argument(path, in: scope)
        case .call(let function, let nodes):
            var arguments: [JSONValue] = []
            arguments.reserveCapacity(nodes.count)
            for node in nodes { arguments.append(try value(of: node, in: scope, random: &random)) }
            do throws(IntrinsicFailure) {
                return try function.call(arguments, random: &random)
            } catch {
                throw failure(.intrinsicFailure, error.reason)
            }
        }
    }

    private func argument(_ path: Path, in scope: Scope) throws(ExpressionError) -> JSONValue {
        switch try path.outcome(in: scope) {
        case .value(let value): return value
        case .miss(let miss) where miss.isAbsence:
            throw failure(
                .runtime,
                "The JsonPath argument for the field '\(path.jsonPath)' could not be found in the input"
                    + " '\(scope.input.excerpt)'"
            )
        case .miss(let miss): throw failure(.runtime, miss.sentence(for: path))
        }
    }

    private func failure(_ name: ExpressionError.Name, _ reason: String) -> ExpressionError {
        ExpressionError(error: name, cause: "The function '\(text)' had the following error: \(reason)")
    }
}

extension TemplateExpression: CustomStringConvertible {
    package var description: String { text }
}

extension PathMiss {
    /// Whether the document simply lacks the node, for which templates have a sentence of their own.
    fileprivate var isAbsence: Bool {
        switch self {
        case .noMember, .noElement, .notAnObject: true
        case .notAnArray(let value, _): value.isNull
        case .nullDocument, .undefinedVariable, .noLength: false
        }
    }
}
