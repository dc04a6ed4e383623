/// What an expression asks for that Step Functions doesn't have, or AWS doesn't accept.
package enum JSONataConcern: Sendable, Hashable {
    /// `$`, `$$` or a bare name where there is no context: an expression of Step Functions has no input but `$states.input`.
    case input(String)
    /// A function of JSONata that Step Functions leaves out: `eval`.
    case function(String)
    /// An operator that JSONata has since 2.1.
    case newOperator(String)
    /// A member of `$states`.
    case states(String)
}

extension JSONata {
    /// In the order of the text, each once.
    package var concerns: [JSONataConcern] {
        var walk = ConcernWalk()
        walk.walk(from: program.node)
        return walk.concerns
    }
}

/// Goes through a compiled expression. A definition can nest it deeply, so what is still to be seen is a list.
private struct ConcernWalk {
    private(set) var concerns: [JSONataConcern] = []
    private var open: [(node: Node, hasContext: Bool)] = []

    mutating func walk(from root: Node) {
        open = [(root, false)]
        while let (node, hasContext) = open.popLast() { see(node, hasContext: hasContext) }
    }

    private mutating func add(_ concern: JSONataConcern) {
        if !concerns.contains(concern) { concerns.append(concern) }
    }

    private mutating func see(_ node: Node, hasContext: Bool) {
        var next: [(node: Node, hasContext: Bool)] = []
        func push(_ nodes: [Node], _ hasContext: Bool) { next += nodes.map { ($0, hasContext) } }
        func push(_ grouping: Node.Grouping, _ hasContext: Bool) {
            for pair in grouping.pairs { push([pair.key, pair.value], hasContext) }
        }
        switch node.kind {
        case .name(let name): if !hasContext { add(.input(name)) }
        case .context: if !hasContext { add(.input("$")) }
        case .wildcard: if !hasContext { add(.input("*")) }
        case .descendants: if !hasContext { add(.input("**")) }
        case .root: add(.input("$$"))
        case .external(let name): if name == "eval" { add(.function(name)) }
        case .variable, .library, .string, .number, .constant, .regex, .placeholder: break
        case .negate(let operand), .bind(_, let operand): push([operand], hasContext)
        case .array(let items), .block(let items, _): push(items, hasContext)
        case .object(let grouping): push(grouping, hasContext)
        case .binary(_, let left, let right): push([left, right], hasContext)
        case .call(let procedure, let arguments, _), .partial(let procedure, let arguments):
            push([procedure] + arguments, hasContext)
        case .lambda(let lambda): push([lambda.body], hasContext)
        case .condition(let condition, let then, let otherwise):
            push([condition, then] + (otherwise.map { [$0] } ?? []), hasContext)
        case .coalesce(let left, let right):
            add(.newOperator("??"))
            push([left, right], hasContext)
        case .elvis(let left, let right):
            add(.newOperator("?:"))
            push([left, right], hasContext)
        case .transform(let transform):
            push([transform.pattern, transform.update] + (transform.delete.map { [$0] } ?? []), true)
        case .path(let path):
            if let first = path.steps.first { push([first], hasContext) }
            push(Array(path.steps.dropFirst()), true)
            if case .external("states")? = path.steps.first?.kind, path.steps.count > 1,
                case .name(let member) = path.steps[1].kind
            {
                add(.states(member))
            }
        case .sort(let terms): push(terms.map(\.expression), true)
        case .chain(let value, let procedure, let arguments): push([value, procedure] + arguments, hasContext)
        }
        push(node.predicates, true)
        for case .filter(let filter) in node.stages { push([filter], true) }
        if let grouping = node.grouping { push(grouping, true) }
        open += next.reversed()
    }
}
