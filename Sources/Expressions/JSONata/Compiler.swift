/// Makes the tree that is evaluated of an arranged expression.
struct Compiler {
    /// The numbers of the variables that the expression binds. Ancestors have negative numbers.
    private(set) var names: [String: Int]
    /// The variables that come from outside, functions among them.
    private(set) var externals: Set<String> = []
    private let dialect: JSONataDialect

    /// - Parameter names: Those that may be bound although this text doesn't bind them: the ones around an `$eval`.
    init(names: [String: Int] = [:], dialect: JSONataDialect) {
        self.names = names
        self.dialect = dialect
    }

    /// - Throws: An error for a regex that isn't one.
    mutating func compile(_ syntax: Syntax) throws(JSONataError) -> Node {
        collectNames(syntax)
        return try node(syntax)
    }

    private mutating func number(of name: String) -> Int {
        if let number = names[name] { return number }
        names[name] = names.count
        return names.count - 1
    }

    /// Numbers every name that is bound anywhere, before the first use is compiled.
    private mutating func collectNames(_ syntax: Syntax) {
        switch syntax.kind {
        case .bind(let name, _): _ = number(of: name)
        case .lambda(let parameters, _, _): for parameter in parameters { _ = number(of: parameter) }
        default: break
        }
        if let focus = syntax.focus { _ = number(of: focus) }
        if let index = syntax.index { _ = number(of: index) }
        for case .index(let name) in syntax.stages ?? [] { _ = number(of: name) }
        for part in syntax.allParts { collectNames(part) }
    }

    private mutating func nodes(_ parts: [Syntax]) throws(JSONataError) -> [Node] {
        var nodes: [Node] = []
        nodes.reserveCapacity(parts.count)
        for part in parts { nodes.append(try node(part)) }
        return nodes
    }

    private mutating func optional(_ part: Syntax?) throws(JSONataError) -> Node? {
        guard let part else { return nil }
        return try node(part)
    }

    private mutating func grouping(_ pairs: [Syntax.Pair], at position: Int) throws(JSONataError) -> Node.Grouping {
        var nodes: [(key: Node, value: Node)] = []
        for pair in pairs { nodes.append((try node(pair.key), try node(pair.value))) }
        return Node.Grouping(pairs: nodes, position: position)
    }

    private mutating func node(_ syntax: Syntax) throws(JSONataError) -> Node {
        let kind = try kind(of: syntax)
        var stages: [Node.Stage] = []
        for stage in syntax.stages ?? [] {
            switch stage {
            case .filter(let filter): stages.append(.filter(try node(filter)))
            case .index(let name): stages.append(.index(number(of: name)))
            }
        }
        var grouped: Node.Grouping?
        if let pairs = syntax.grouping { grouped = try grouping(pairs, at: syntax.position) }
        return Node(
            kind,
            syntax,
            predicates: try nodes(syntax.predicates ?? []),
            stages: stages,
            grouping: grouped,
            focus: syntax.focus.map { number(of: $0) },
            index: syntax.index.map { number(of: $0) }
        )
    }

    private mutating func kind(of syntax: Syntax) throws(JSONataError) -> Node.Kind {
        switch syntax.kind {
        case .name(let name), .word(let name): return .name(name)
        case .variable(""): return .context
        case .variable("$"): return .root
        case .variable(let name):
            if let number = names[name] { return .variable(number, global: name) }
            externals.insert(name)
            return Library.function(name, in: dialect).map { .library($0) } ?? .external(name)
        case .string(let text): return .string(text)
        case .number(let number): return .number(number)
        case .constant(let constant): return .constant(constant)
        case .regex(let pattern, let flags): return .regex(try Regex(pattern, flags: flags, at: syntax.position))
        case .wildcard: return .wildcard
        case .descendants: return .descendants
        case .parent(let slot): return .variable(-1 - slot.label, global: "%")
        case .placeholder: return .placeholder
        case .negate(let operand): return .negate(try node(operand))
        case .array(let items): return .array(try nodes(items))
        case .object(let pairs): return .object(try grouping(pairs, at: syntax.position))
        case .block(let parts):
            return .block(try nodes(parts), needsFrame: parts.contains { $0.bindsHere })
        case .binary("~>", let left, let right):
            if case .call(let procedure, let arguments, isPartial: false) = right.kind {
                return .chain(try node(left), try node(procedure), try nodes(arguments))
            }
            return .binary(.apply, try node(left), try node(right))
        case .binary(let symbol, let left, let right):
            guard let symbol = Node.Operator(rawValue: symbol) else { return .constant(.null) }
            return .binary(symbol, try node(left), try node(right))
        case .bind(let name, let value): return .bind(number(of: name), try node(value))
        case .call(let procedure, let arguments, let isPartial):
            let function = try node(procedure)
            let nodes = try nodes(arguments)
            return isPartial ? .partial(function, nodes) : .call(function, nodes, isTail: syntax.isTail)
        case .lambda(let parameters, let signature, let body):
            let numbers = parameters.map { number(of: $0) }
            return .lambda(Lambda(parameters: numbers, signature: signature, body: try node(body)))
        case .condition(let condition, let then, let otherwise):
            return .condition(try node(condition), then: try node(then), otherwise: try optional(otherwise))
        case .coalesce(let left, let right): return .coalesce(try node(left), try node(right))
        case .elvis(let left, let right): return .elvis(try node(left), try node(right))
        case .transform(let pattern, let update, let delete):
            return .transform(
                Transform(
                    pattern: try node(pattern),
                    update: try node(update),
                    delete: try optional(delete),
                    position: syntax.position
                )
            )
        case .path(let steps): return .path(try path(steps, of: syntax))
        case .sort(let terms):
            var nodes: [Node.SortTerm] = []
            for term in terms {
                nodes.append(Node.SortTerm(isDescending: term.isDescending, expression: try node(term.expression)))
            }
            return .sort(nodes)
        case .filter(let part, _), .group(let part, _), .order(let part, _), .focus(let part, _),
            .index(let part, _):
            // The arranger has replaced these by properties of their parts.
            return try kind(of: part)
        case .end: return .constant(.null)
        }
    }

    private mutating func path(_ steps: [Syntax], of syntax: Syntax) throws(JSONataError) -> Node.Path {
        var isAbsolute = false
        if case .variable? = steps.first?.kind { isAbsolute = true }
        return Node.Path(
            steps: try nodes(steps),
            keepsSingleton: syntax.keepsSingleton,
            isTuple: syntax.isTuple,
            isAbsolute: isAbsolute
        )
    }
}
