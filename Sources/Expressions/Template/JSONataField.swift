package import JSON

/// A JSONata expression in a state's field: the text between `{%` and `%}`. Compiled once.
package struct JSONataField: Sendable {
    /// The expression without the marks around it, as error sentences quote it.
    package let text: String
    /// Where it stands in its state: `Arguments/FunctionName`, `Choices[0]/Condition`.
    package let field: String
    private let expression: JSONata
    /// The variables it may read, without `$states`: names of functions are among them, which variables can hide.
    private let names: Set<String>
    private let readsStates: Bool
    /// Whether it may read `$states.context`.
    package let readsContext: Bool

    /// Whether a string of a definition is an expression: the marks enclose it, without spaces outside.
    package static func isExpression(_ text: String) -> Bool {
        text.utf8.count >= 4 && text.hasPrefix("{%") && text.hasSuffix("%}")
    }

    /// - Parameters:
    ///   - marked: the string of the definition, `{% … %}`.
    ///   - field: where it stands in its state.
    /// - Throws: the first error of the expression's syntax.
    package init(_ marked: String, field: String) throws(JSONataError) {
        text = marked.utf8.count >= 4 ? Self.trimmed(marked.dropFirst(2).dropLast(2)) : ""
        self.field = field
        expression = try JSONata(text)
        names = expression.externalNames.subtracting(["states"])
        readsStates = names.count < expression.externalNames.count
        readsContext = readsStates && Self.mayReadContext(text)
    }

    /// What it asks for that Step Functions doesn't have, or AWS doesn't accept.
    package var concerns: [JSONataConcern] { expression.concerns }

    /// The variables it reads.
    package var variableNames: Set<String> { names.filter { Library.function($0, in: .stepFunctions) == nil } }

    /// The value of the expression.
    ///
    /// - Parameter type: the type that the field needs; nil: any.
    /// - Throws: `States.QueryEvaluationError`, with the field.
    package func evaluate(
        as type: JSONataType? = nil,
        in scope: JSONataScope,
        random: inout some RandomNumberGenerator
    ) throws(ExpressionError) -> JSONValue {
        var bindings: [String: JSONValue] = [:]
        for name in names { bindings[name] = scope.variables[name] }
        if readsStates { bindings["states"] = .object(scope.states) }
        let value: JSONValue?
        do throws(JSONataError) {
            value = try expression.evaluate(
                input: nil,
                bindings: bindings,
                environment: scope.environment(random: &random),
                bounds: scope.bounds
            )
        } catch {
            switch error.code {
            case JSONataError.unsupportedResult: throw failure("returned an unsupported result type.")
            case JSONataError.internalError: throw failure("threw an internal error during evaluation.")
            default: throw failure("threw an error during evaluation. \(error.code): \(error.reason)")
            }
        }
        guard let value else { throw failure("returned nothing (undefined).") }
        if let type, !type.accepts(value) {
            throw failure(
                "returned an unexpected result type. Expected '\(type.name)', but was '\(value.typeName)'"
                    + " for value: \(value.excerpt)"
            )
        }
        return value
    }

    private func failure(_ sentence: String) -> ExpressionError {
        ExpressionError(
            error: ExpressionError.Name.queryEvaluationError.rawValue,
            cause: "The JSONata expression '\(text)' specified for the field '\(field)' \(sentence)",
            location: field
        )
    }

    private static func trimmed(_ text: Substring) -> String {
        let isSpace = { (character: Character) in character.isWhitespace }
        guard let first = text.firstIndex(where: { !isSpace($0) }), let last = text.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(text[first...last])
    }

    /// Whether some `$states` is followed by anything but one of the three members that are not the context.
    private static func mayReadContext(_ text: String) -> Bool {
        var rest = text[...]
        while let range = rest.firstRange(of: "$states") {
            rest = rest[range.upperBound...]
            let member = rest.drop(while: \.isWhitespace)
            guard member.first == "." else { return true }
            let name = member.dropFirst().drop(while: \.isWhitespace)
                .prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            guard ["input", "result", "errorOutput"].contains(name) else { return true }
        }
        return false
    }
}

extension JSONataField: Hashable {
    package static func == (left: JSONataField, right: JSONataField) -> Bool {
        left.text == right.text && left.field == right.field
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(text)
        hasher.combine(field)
    }
}

/// The types that fields ask of a JSONata result.
package enum JSONataType: String, Sendable {
    case array
    /// An array or an object.
    case collection
    case boolean
    case number
    case object
    case string

    func accepts(_ value: JSONValue) -> Bool {
        switch self {
        case .collection: ["array", "object"].contains(value.typeName)
        case .array, .boolean, .number, .object, .string: value.typeName == rawValue
        }
    }

    /// As errors call it.
    var name: String { self == .collection ? JSONataType.array.rawValue : rawValue }
}

/// What the expressions of a state can see at one moment, and what they may use.
package struct JSONataScope: Sendable {
    /// The members of `$states`: `input`, `context`, and `result` or `errorOutput` when there is one.
    package var states: JSONObject
    /// Workflow variables by name, inner scopes already merged over outer ones.
    package var variables: [String: JSONValue]
    /// What one expression may use; the time runs from when the scope was made, for all of its expressions together.
    package var bounds: JSONataBounds
    private let now: Timestamp
    private let start = ContinuousClock.now

    package init(
        states: JSONObject,
        variables: [String: JSONValue] = [:],
        now: Timestamp,
        bounds: JSONataBounds = JSONataBounds()
    ) {
        self.states = states
        self.variables = variables
        self.now = now
        self.bounds = bounds
    }

    /// The time used so far.
    package var elapsed: Duration { ContinuousClock.now - start }

    /// Each expression has random numbers of its own.
    func environment(random: inout some RandomNumberGenerator) -> JSONataEnvironment {
        let start = start
        return JSONataEnvironment(
            now: now,
            random: SplitMix(state: random.next()),
            elapsed: { ContinuousClock.now - start }
        )
    }
}

/// A stream of random numbers from one.
private struct SplitMix: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension JSONValue {
    /// The type as JSONata names it.
    fileprivate var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
