/// Turns what the parser read into what is evaluated: dots become paths, brackets become filters of steps, tail calls
/// are marked, and every `%` finds the step it refers to.
struct Arranger {
    private var nextLabel = 0

    /// The arranged expression.
    static func arrange(_ expression: Syntax) throws(JSONataError) -> Syntax {
        var arranger = Arranger()
        let result = try arranger.arrange(expression)
        if case .parent = result.kind { throw noParent("%", at: result.position) }
        if result.seekingParents != nil { throw noParent("%", at: result.position) }
        return result
    }

    private static func noParent(_ token: String, at position: Int) -> JSONataError {
        JSONataError(
            code: "S0217",
            reason: "The object representing the 'parent' cannot be derived from this expression",
            position: position,
            token: token
        )
    }

    private mutating func arrange(_ node: Syntax) throws(JSONataError) -> Syntax {
        switch node.kind {
        case .string, .number, .constant, .regex, .wildcard, .descendants, .variable, .placeholder, .path, .sort:
            return node
        case .end:
            throw JSONataError(
                code: "S0207",
                reason: "Unexpected end of expression",
                position: node.position,
                token: "(end)"
            )
        case .name: return path([node], keepingSingleton: node.keepsArray, at: node.position)
        case .word(let word):
            let name = Syntax(.name(word), at: node.position)
            name.keepsArray = node.keepsArray
            return path([name], keepingSingleton: node.keepsArray, at: node.position)
        case .parent:
            let slot = AncestorSlot(label: nextLabel)
            nextLabel += 1
            node.kind = .parent(slot)
        case .negate(let operand):
            let value = try arrange(operand)
            if case .number(let number) = value.kind {
                value.kind = .number(-number)
                return value
            }
            node.kind = .negate(value)
            inheritParents(node, from: value)
        case .array(let items): node.kind = .array(try arrange(items, into: node))
        case .object(let pairs): node.kind = .object(try arrange(pairs, into: node))
        case .block(let parts):
            let arranged = try arrange(parts, into: node)
            node.kind = .block(arranged)
            node.isConstructedArray = arranged.contains { part in
                if case .path(let steps) = part.kind { return steps.first?.isConstructedArray ?? false }
                return part.isConstructedArray
            }
        case .binary(".", let left, let right): return try dot(left, right, at: node.position)
        case .binary(let symbol, let left, let right):
            let operands = try arrange([left, right], into: node)
            node.kind = .binary(symbol, operands[0], operands[1])
            if symbol == "~>" { node.keepsArray = operands[0].keepsArray || operands[1].keepsArray }
        case .filter(let left, let predicate): return try filter(left, by: predicate, at: node.position)
        case .group(let left, let pairs):
            let result = try arrange(left)
            guard result.grouping == nil else {
                throw JSONataError(
                    code: "S0210",
                    reason: "Each step can only have one grouping expression",
                    position: node.position,
                    token: "{"
                )
            }
            result.grouping = try arrange(pairs, into: nil)
            return result
        case .order(let left, let terms):
            let result = try order(left, terms, at: node.position)
            if node.keepsArray { result.keepsSingleton = true }
            return result
        case .focus(let left, let name): return try focus(left, name, at: node)
        case .index(let left, let name):
            let result = try index(left, name, at: node.position)
            if node.keepsArray { result.keepsSingleton = true }
            return result
        case .bind(let name, let value):
            node.kind = .bind(name: name, try arrange([value], into: node)[0])
        case .call(let procedure, let arguments, let isPartial):
            let arranged = try arrange(arguments, into: node)
            node.kind = .call(try arrange(procedure), arranged, isPartial: isPartial)
        case .lambda(let parameters, let signature, let body):
            let body = try arrange(body)
            Self.markTailCalls(in: body)
            node.kind = .lambda(parameters: parameters, signature: signature, body: body)
        case .condition(let condition, let then, let otherwise):
            let parts = try arrange([condition, then] + (otherwise.map { [$0] } ?? []), into: node)
            node.kind = .condition(parts[0], then: parts[1], otherwise: parts.count > 2 ? parts[2] : nil)
        case .coalesce(let left, let right):
            let parts = try arrange([left, right], into: node)
            node.kind = .coalesce(parts[0], parts[1])
        case .elvis(let left, let right):
            let parts = try arrange([left, right], into: node)
            node.kind = .elvis(parts[0], parts[1])
        case .transform(let pattern, let update, let delete):
            node.kind = .transform(
                pattern: try arrange(pattern),
                update: try arrange(update),
                delete: try optionally(delete)
            )
        }
        return node
    }

    private mutating func optionally(_ node: Syntax?) throws(JSONataError) -> Syntax? {
        guard let node else { return nil }
        return try arrange(node)
    }

    private mutating func arrange(_ parts: [Syntax], into owner: Syntax) throws(JSONataError) -> [Syntax] {
        var arranged: [Syntax] = []
        for part in parts {
            let result = try arrange(part)
            inheritParents(owner, from: result)
            arranged.append(result)
        }
        return arranged
    }

    private mutating func arrange(_ pairs: [Syntax.Pair], into owner: Syntax?) throws(JSONataError) -> [Syntax.Pair] {
        var arranged: [Syntax.Pair] = []
        for pair in pairs {
            let result = Syntax.Pair(key: try arrange(pair.key), value: try arrange(pair.value))
            if let owner {
                inheritParents(owner, from: result.key)
                inheritParents(owner, from: result.value)
            }
            arranged.append(result)
        }
        return arranged
    }

    private func path(_ steps: [Syntax], keepingSingleton: Bool = false, at position: Int) -> Syntax {
        let path = Syntax(.path(steps), at: position)
        path.keepsSingleton = keepingSingleton
        return path
    }

    private static func steps(of node: Syntax) -> [Syntax]? {
        guard case .path(let steps) = node.kind else { return nil }
        return steps
    }

    // MARK: Paths

    private mutating func dot(_ left: Syntax, _ right: Syntax, at position: Int) throws(JSONataError) -> Syntax {
        let first = try arrange(left)
        let result: Syntax
        if case .path = first.kind {
            result = first
        } else {
            result = path([first], at: position)
            if case .parent(let slot) = first.kind { result.seekingParents = [slot] }
        }
        var steps = Self.steps(of: result) ?? []
        let rest = try arrange(right)
        if let more = Self.steps(of: rest) {
            steps += more
        } else {
            if let predicates = rest.predicates {
                rest.stages = predicates.map(Syntax.Stage.filter)
                rest.predicates = nil
            }
            steps.append(rest)
        }
        for step in steps {
            switch step.kind {
            case .number, .constant:
                throw JSONataError(
                    code: "S0213",
                    reason: "The literal value \(step.kind.literal) cannot be used as a step within a path expression",
                    position: step.position
                )
            case .string(let name): step.kind = .name(name)
            default: break
            }
        }
        if steps.contains(where: \.keepsArray) { result.keepsSingleton = true }
        for step in [steps.first, steps.last] {
            if let step, case .array = step.kind { step.isConstructedArray = true }
        }
        result.kind = .path(steps)
        try resolveAncestors(of: result)
        return result
    }

    private mutating func filter(
        _ left: Syntax,
        by predicate: Syntax,
        at position: Int
    ) throws(JSONataError) -> Syntax {
        let result = try arrange(left)
        let lastStep = Self.steps(of: result)?.last
        let step = lastStep ?? result
        guard step.grouping == nil else {
            throw JSONataError(
                code: "S0209",
                reason: "A predicate cannot follow a grouping expression in a step",
                position: position,
                token: "["
            )
        }
        let condition = try arrange(predicate)
        if let parents = condition.seekingParents {
            for slot in parents {
                if slot.level == 1 {
                    try seek(slot, in: step)
                } else {
                    slot.level -= 1
                }
            }
            inheritParents(step, from: condition)
        }
        if lastStep != nil {
            step.stages = (step.stages ?? []) + [.filter(condition)]
        } else {
            step.predicates = (step.predicates ?? []) + [condition]
        }
        return result
    }

    private mutating func order(
        _ left: Syntax,
        _ terms: [Syntax.Term],
        at position: Int
    ) throws(JSONataError) -> Syntax {
        var result = try arrange(left)
        if Self.steps(of: result) == nil { result = path([result], at: position) }
        let sort = Syntax(.sort([]), at: position)
        var arranged: [Syntax.Term] = []
        for term in terms {
            let expression = try arrange(term.expression)
            inheritParents(sort, from: expression)
            arranged.append(Syntax.Term(isDescending: term.isDescending, expression: expression))
        }
        sort.kind = .sort(arranged)
        result.kind = .path((Self.steps(of: result) ?? []) + [sort])
        try resolveAncestors(of: result)
        return result
    }

    private mutating func focus(_ left: Syntax, _ name: String, at node: Syntax) throws(JSONataError) -> Syntax {
        let result = try arrange(left)
        let step = Self.steps(of: result)?.last ?? result
        guard step.stages == nil, step.predicates == nil else {
            throw JSONataError(
                code: "S0215",
                reason: "A context variable binding must precede any predicates on a step",
                position: node.position,
                token: "@"
            )
        }
        if case .sort = step.kind {
            throw JSONataError(
                code: "S0216",
                reason: "A context variable binding must precede the 'order-by' clause on a step",
                position: node.position,
                token: "@"
            )
        }
        if node.keepsArray {
            step.keepsArray = true
            result.keepsSingleton = true
        }
        step.focus = name
        step.isTuple = true
        return result
    }

    private mutating func index(_ left: Syntax, _ name: String, at position: Int) throws(JSONataError) -> Syntax {
        var result = try arrange(left)
        var step = result
        if let last = Self.steps(of: result)?.last {
            step = last
        } else {
            if let predicates = step.predicates {
                step.stages = predicates.map(Syntax.Stage.filter)
                step.predicates = nil
            }
            result = path([step], at: position)
        }
        if step.stages == nil {
            step.index = name
        } else {
            step.stages?.append(.index(name))
        }
        step.isTuple = true
        return result
    }

    // MARK: Ancestors

    /// Hands the `%` of a part whose ancestors lie further out to the whole.
    private func inheritParents(_ owner: Syntax, from part: Syntax) {
        var parents = part.seekingParents ?? []
        if case .parent(let slot) = part.kind { parents.append(slot) }
        if !parents.isEmpty { owner.seekingParents = (owner.seekingParents ?? []) + parents }
    }

    private func resolveAncestors(of path: Syntax) throws(JSONataError) {
        guard let steps = Self.steps(of: path), let last = steps.last else { return }
        var parents = last.seekingParents ?? []
        if case .parent(let slot) = last.kind { parents.append(slot) }
        for slot in parents {
            var place = steps.count - 2
            while slot.level > 0 {
                guard place >= 0 else {
                    path.seekingParents = (path.seekingParents ?? []) + [slot]
                    break
                }
                var step = steps[place]
                place -= 1
                while place >= 0, step.focus != nil, steps[place].focus != nil {
                    step = steps[place]
                    place -= 1
                }
                try seek(slot, in: step)
            }
        }
    }

    /// Walks back through a step on the way to the ancestor.
    private func seek(_ slot: AncestorSlot, in node: Syntax) throws(JSONataError) {
        switch node.kind {
        case .name, .wildcard:
            slot.level -= 1
            if slot.level == 0 {
                if let present = node.ancestor { slot.label = present.label }
                node.ancestor = slot
                node.isTuple = true
            }
        case .parent: slot.level += 1
        case .block(let parts):
            if let last = parts.last {
                node.isTuple = true
                try seek(slot, in: last)
            }
        case .path(let steps):
            node.isTuple = true
            var place = steps.count - 1
            repeat {
                try seek(slot, in: steps[place])
                place -= 1
            } while slot.level > 0 && place >= 0
        default: throw Self.noParent("%", at: node.position)
        }
    }

    // MARK: Tail calls

    private static func markTailCalls(in node: Syntax) {
        guard node.predicates == nil, node.grouping == nil else { return }
        switch node.kind {
        case .call(_, _, isPartial: false): node.isTail = true
        case .condition(_, let then, let otherwise):
            markTailCalls(in: then)
            if let otherwise { markTailCalls(in: otherwise) }
        case .coalesce(_, let right), .elvis(_, let right): markTailCalls(in: right)
        case .block(let parts):
            if let last = parts.last { markTailCalls(in: last) }
        default: break
        }
    }
}
