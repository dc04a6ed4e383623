package import JSON

/// A payload template (`Parameters`, `ResultSelector`, `ItemSelector`, `Assign`): JSON in which the value of a key
/// that ends in `.$` is a path, a context path, a variable or an intrinsic function. Compiled once.
package struct PayloadTemplate: Sendable {
    /// A fault in a template, at a place below the field it stands in.
    package struct Fault: Error, Sendable, Hashable {
        /// The keys (and array indexes) that lead from the template to the fault: `["order", "id.$"]`.
        package let keys: [String]
        package let reason: String

        package init(keys: [String], reason: String) {
            self.keys = keys
            self.reason = reason
        }
    }

    private indirect enum Node: Sendable {
        /// A part without expressions, used as it is.
        case constant(JSONValue)
        case object([(key: String, node: Node)])
        case array([Node])
        /// The key as written, `.$` included, is what error sentences name.
        case expression(TemplateExpression, key: String)
    }

    /// The template as written.
    package let source: JSONValue
    private let root: Node
    /// Every expression of the template with the keys (and array indexes) that lead to it, in document order.
    package let expressions: [(keys: [String], expression: TemplateExpression)]

    /// Compiles a template; all of its faults are reported at once, and the parts that have one give null.
    package static func compile(_ source: JSONValue) -> (template: PayloadTemplate, faults: [Fault]) {
        var compiler = Compiler()
        let root = compiler.compile(source)
        let template = PayloadTemplate(source: source, root: root, expressions: compiler.expressions)
        return (template, compiler.faults)
    }

    private init(source: JSONValue, root: Node, expressions: [(keys: [String], expression: TemplateExpression)]) {
        self.source = source
        self.root = root
        self.expressions = expressions
    }

    /// The variables it reads.
    package var variableNames: Set<String> { Set(expressions.flatMap(\.expression.variableNames)) }

    /// Whether the result depends on the input of the whole execution.
    package var readsExecutionInput: Bool { expressions.contains { $0.expression.readsExecutionInput } }

    /// The template with every expression replaced by its value and every `.$` taken off its key.
    ///
    /// - Throws: `States.Runtime` when a path leads nowhere, `States.IntrinsicFailure` when a function refuses its
    ///   arguments; with AWS's texts as far as they are known.
    package func evaluate(
        in scope: Scope,
        random: inout some RandomNumberGenerator
    ) throws(ExpressionError) -> JSONValue {
        try Self.evaluate(root, in: scope, random: &random)
    }

    private static func evaluate(
        _ node: Node,
        in scope: Scope,
        random: inout some RandomNumberGenerator
    ) throws(ExpressionError) -> JSONValue {
        switch node {
        case .constant(let value): return value
        case .expression(let expression, let key): return try expression.evaluate(for: key, in: scope, random: &random)
        case .array(let nodes):
            var elements: [JSONValue] = []
            elements.reserveCapacity(nodes.count)
            for node in nodes { elements.append(try evaluate(node, in: scope, random: &random)) }
            return .array(elements)
        case .object(let nodes):
            var members = JSONObject()
            for (key, node) in nodes { members[key] = try evaluate(node, in: scope, random: &random) }
            return .object(members)
        }
    }

    /// Walks a template once, collecting expressions and faults.
    private struct Compiler {
        var expressions: [(keys: [String], expression: TemplateExpression)] = []
        var faults: [Fault] = []
        private var keys: [String] = []

        mutating func compile(_ value: JSONValue) -> Node {
            switch value {
            case .null, .bool, .number, .string: return .constant(value)
            case .array(let elements):
                let before = expressions.count
                var nodes: [Node] = []
                for (place, element) in elements.enumerated() {
                    keys.append(String(place))
                    nodes.append(compile(element))
                    keys.removeLast()
                }
                return expressions.count == before ? .constant(value) : .array(nodes)
            case .object(let members):
                let before = (expressions.count, faults.count)
                let nodes = compile(members)
                return (expressions.count, faults.count) == before ? .constant(value) : .object(nodes)
            }
        }

        private mutating func compile(_ members: JSONObject) -> [(key: String, node: Node)] {
            var nodes: [(key: String, node: Node)] = []
            for (key, value) in members {
                keys.append(key)
                defer { keys.removeLast() }
                guard key.hasSuffix(".$") else {
                    nodes.append((key, compile(value)))
                    continue
                }
                let name = String(key.dropLast(2))
                if members[name] != nil {
                    report("the field '\(name)' is given twice, as '\(name)' and as '\(key)'")
                }
                nodes.append((name, expression(value, key: key)))
            }
            return nodes
        }

        private mutating func expression(_ value: JSONValue, key: String) -> Node {
            guard case .string(let text) = value else {
                report("the value of '\(key)' must be a path or an intrinsic function in a string, not \(value.kind)")
                return .constant(.null)
            }
            do throws(ExpressionSyntaxError) {
                let expression = try TemplateExpression(text)
                expressions.append((keys, expression))
                return .expression(expression, key: key)
            } catch {
                report(error.description)
                return .constant(.null)
            }
        }

        private mutating func report(_ reason: String) {
            faults.append(Fault(keys: keys, reason: reason))
        }
    }
}
