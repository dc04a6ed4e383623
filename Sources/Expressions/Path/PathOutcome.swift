import JSON

/// What came of a path.
enum PathOutcome {
    case value(JSONValue)
    case miss(PathMiss)
}

/// Where and why a definite path led nowhere. The sentence is only made when somebody shows it.
enum PathMiss {
    /// The document is `null`.
    case nullDocument
    /// No variable has the name the path starts with.
    case undefinedVariable
    /// An object has no such member.
    case noMember(at: Int)
    /// An array has no such element.
    case noElement(at: Int)
    /// A name was asked of something that is not an object.
    case notAnObject(JSONValue, at: Int)
    /// An index was asked of something that is not an array.
    case notAnArray(JSONValue, at: Int)
    /// `length()` was asked of something that has none.
    case noLength(JSONValue)

    static let nullDocumentCause = "Unable to apply Path transformation to null or empty input."

    /// What went wrong, in the words of the JSONPath library that AWS runs, as far as they are known.
    func sentence(for path: Path) -> String {
        let segments = path.steps.segments
        func place(_ count: Int) -> String { "$" + segments.prefix(count).map(\.description).joined() }
        switch self {
        case .nullDocument: return Self.nullDocumentCause
        case .undefinedVariable: return "The variable '\(path.root)' is not defined."
        case .noMember(let position) where position < segments.count - 1:
            return "Missing property in path \(place(position + 1))"
        case .noMember, .noElement: return "No results for path: \(place(segments.count))"
        case .notAnObject(let value, let position):
            return "Expected to find an object with property \(segments[position]) in path \(place(position))"
                + " but found \(value.kind)."
        case .notAnArray(.null, let position): return "The path \(place(position)) is null"
        case .notAnArray(let value, let position):
            let rest = segments[position...].map(\.description).joined()
            return "Filter: \(rest) can only be applied to arrays. Current context is: \(value.excerptAsJava)"
        case .noLength(let value): return "Expected something that has a length but found \(value.kind)."
        }
    }
}

extension Path {
    /// What the path starts from; nil for a variable that is not defined.
    func document(in scope: Scope) -> JSONValue? {
        switch root {
        case .input: scope.input
        case .context: scope.context
        case .variable(let name): scope.variables[name]
        }
    }

    /// Follows the path. Definite paths copy nothing; the others run within a budget of nodes.
    func outcome(in scope: Scope) throws(ExpressionError) -> PathOutcome {
        guard let document = document(in: scope) else { return .miss(.undefinedVariable) }
        var outcome: PathOutcome
        if steps.segments.isEmpty {
            outcome = .value(document)
        } else if case .null = document, root == .input {
            return .miss(.nullDocument)
        } else if steps.isDefinite {
            outcome = follow(from: document)
        } else {
            outcome = .value(try matches(in: document))
        }
        if steps.takesLength, case .value(let value) = outcome {
            outcome = value.pathLength.map { .value($0) } ?? .miss(.noLength(value))
        }
        return outcome
    }

    private func follow(from document: JSONValue) -> PathOutcome {
        var node = document
        for (position, segment) in steps.segments.enumerated() {
            switch segment {
            case .name(let name):
                guard case .object(let members) = node else { return .miss(.notAnObject(node, at: position)) }
                guard let value = members[name] else { return .miss(.noMember(at: position)) }
                node = value
            case .index(let index):
                guard case .array = node else { return .miss(.notAnArray(node, at: position)) }
                guard let value = node.element(at: index) else { return .miss(.noElement(at: position)) }
                node = value
            case .pick(let names):
                guard case .object(let members) = node else { return .miss(.notAnObject(node, at: position)) }
                node = .object(members.picking(names))
            case .names, .indexes, .slice, .wildcard, .descent, .filter:
                return .miss(.noMember(at: position))
            }
        }
        return .value(node)
    }

    private func matches(in document: JSONValue) throws(ExpressionError) -> JSONValue {
        var evaluator = PathEvaluator(root: document)
        do throws(PathEvaluator.LimitExceeded) {
            return .array(try evaluator.matches(steps.segments, from: document))
        } catch {
            throw ExpressionError(
                error: .runtime,
                cause:
                    "Invalid path '\(jsonPath)' : it takes more work than looking at \(PathEvaluator.nodeLimit) nodes."
            )
        }
    }
}
