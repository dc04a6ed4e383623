package import JSON

/// JSON in which every string `{% … %}` is a JSONata expression (`Arguments`, `Output`, `Assign`, `Items` …). Compiled
/// once.
package struct JSONataTemplate: Sendable {
    private indirect enum Node: Sendable {
        /// A part without expressions, used as it is.
        case constant(JSONValue)
        case object([(key: String, node: Node)])
        case array([Node])
        case expression(JSONataField)
    }

    /// The template as written.
    package let source: JSONValue
    private let root: Node
    /// Every expression of the template, in document order.
    package let expressions: [JSONataField]
    /// The keys (and array indexes) that lead from the template to each of its expressions.
    package let places: [[String]]

    /// Compiles a template; the syntax errors of all expressions are reported at once, and those give null.
    ///
    /// - Parameter field: where the template stands in its state: `Output`, `Catch[0]/Assign`.
    package static func compile(
        _ source: JSONValue,
        field: String
    ) -> (template: JSONataTemplate, faults: [JSONataFault]) {
        var compiler = Compiler()
        let root = compiler.compile(source, field: field)
        let template = JSONataTemplate(
            source: source,
            root: root,
            expressions: compiler.expressions,
            places: compiler.places
        )
        return (template, compiler.faults)
    }

    /// The expression that the whole template is, if it is one.
    package var expression: JSONataField? {
        if case .expression(let field) = root { return field }
        return nil
    }

    /// The template with every expression replaced by its value.
    ///
    /// - Parameter type: the type that the field needs when it is one expression; nil: any.
    /// - Throws: `States.QueryEvaluationError`, with the field of the expression.
    package func evaluate(
        as type: JSONataType? = nil,
        in scope: JSONataScope,
        random: inout some RandomNumberGenerator
    ) throws(ExpressionError) -> JSONValue {
        if case .expression(let field) = root { return try field.evaluate(as: type, in: scope, random: &random) }
        return try Self.evaluate(root, in: scope, random: &random)
    }

    private static func evaluate(
        _ node: Node,
        in scope: JSONataScope,
        random: inout some RandomNumberGenerator
    ) throws(ExpressionError) -> JSONValue {
        switch node {
        case .constant(let value): return value
        case .expression(let field): return try field.evaluate(in: scope, random: &random)
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

    /// Walks a template once, collecting expressions and faults. A parsed value is not deep.
    private struct Compiler {
        var expressions: [JSONataField] = []
        var places: [[String]] = []
        var faults: [JSONataFault] = []
        private var keys: [String] = []

        mutating func compile(_ value: JSONValue, field: String) -> Node {
            let before = (expressions.count, faults.count)
            let node: Node
            switch value {
            case .null, .bool, .number: return .constant(value)
            case .string(let text):
                return JSONataField.isExpression(text) ? expression(text, field: field) : .constant(value)
            case .array(let elements):
                var nodes: [Node] = []
                for (place, element) in elements.enumerated() {
                    keys.append(String(place))
                    nodes.append(compile(element, field: "\(field)[\(place)]"))
                    keys.removeLast()
                }
                node = .array(nodes)
            case .object(let members):
                var nodes: [(key: String, node: Node)] = []
                for (key, member) in members {
                    keys.append(key)
                    nodes.append((key, compile(member, field: "\(field)/\(key)")))
                    keys.removeLast()
                }
                node = .object(nodes)
            }
            return (expressions.count, faults.count) == before ? .constant(value) : node
        }

        private mutating func expression(_ text: String, field: String) -> Node {
            do throws(JSONataError) {
                let expression = try JSONataField(text, field: field)
                expressions.append(expression)
                places.append(keys)
                return .expression(expression)
            } catch {
                faults.append(JSONataFault(keys: keys, field: field, error: error))
                return .constant(.null)
            }
        }
    }
}

/// An expression of a template that is not JSONata.
package struct JSONataFault: Sendable {
    /// The keys (and array indexes) that lead from the template to the fault.
    package let keys: [String]
    /// Where it stands in its state: `Output/total`.
    package let field: String
    package let error: JSONataError
}
