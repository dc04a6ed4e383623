/// Paths, filters and the steps that select members.
extension Evaluator {
    func evaluatePath(
        _ node: Node,
        _ path: Node.Path,
        _ input: Value,
        _ frame: Frame
    ) throws(JSONataError) -> Value {
        // One value stands for the sequence of that value, a list for the sequence of its items.
        var current = input
        var isMany = false
        if !path.isAbsolute, case .list = input { isMany = true }
        var rows: [TupleRow]?
        for (place, step) in path.steps.enumerated() {
            if place == 0, step.isConstructedArray {
                let context = isMany ? current : try sequence([current])
                current = try evaluate(step, context, frame)
                if step.isTuple { rows = current.elements.map { TupleRow(value: $0) } }
            } else if step.isTuple || rows != nil {
                let inputs = rows ?? (isMany ? current.elements : [current]).map { TupleRow(value: $0) }
                rows = try tupleStep(step, inputs, isFirst: rows == nil, frame)
                continue
            } else {
                let isLast = place == path.steps.count - 1
                current =
                    isMany
                    ? try evaluateStep(step, onEachOf: current, isLast: isLast, frame)
                    : try evaluateStep(step, on: current, isLast: isLast, frame)
            }
            guard case .list(let list) = current else {
                if current.isUndefined { break }
                isMany = false
                continue
            }
            isMany = true
            if list.count == 0 { break }
        }
        if let rows {
            if path.isTuple, node.grouping == nil {
                return try list(rows.map { .tuple(Tuple($0)) }, [.sequence, .tuples])
            }
            if let grouping = node.grouping { return try group(rows, by: grouping, frame) }
            current = try sequence(rows.map(\.value))
        }
        if path.keepsSingleton { current = try keepingSingleton(current) }
        if let grouping = node.grouping { return try group(current, by: grouping, frame) }
        return current
    }

    private func keepingSingleton(_ value: Value) throws(JSONataError) -> Value {
        switch value {
        case .undefined: return value
        case .list(let list) where !list.traits.contains(.constructed) || list.isSequence:
            guard list.isSequence else { return value }
            list.traits.insert(.keepsSingleton)
            return value
        default: return try list([value], [.sequence, .keepsSingleton])
        }
    }

    /// The result of a step for one value: one value, a list, or undefined for none.
    private func evaluateStep(
        _ step: Node,
        on input: Value,
        isLast: Bool,
        _ frame: Frame
    ) throws(JSONataError) -> Value {
        if case .sort = step.kind { return try sort(step, try sequence([input]), frame) }
        let result = try evaluateStaged(step, on: input, frame)
        guard case .list(let list) = result else { return result }
        if isLast, !list.isSequence { return result }
        if list.traits.contains(.constructed) { return try sequence([result]) }
        if list.count == 0 { return .undefined }
        return list.traits == .sequence ? result : try sequence(list.items)
    }

    private func evaluateStep(
        _ step: Node,
        onEachOf inputs: Value,
        isLast: Bool,
        _ frame: Frame
    ) throws(JSONataError) -> Value {
        if case .sort = step.kind { return try sort(step, inputs, frame) }
        let items = inputs.elements
        var results: [Value] = []
        results.reserveCapacity(items.count)
        for input in items {
            let result = try evaluateStaged(step, on: input, frame)
            if !result.isUndefined { results.append(result) }
        }
        try allocate(results.count * Cost.value)
        if isLast, results.count == 1, case .list(let list) = results[0], !list.isSequence { return results[0] }
        return try sequence(try flattened(results))
    }

    private func flattened(_ results: [Value]) throws(JSONataError) -> [Value] {
        let isFlat = results.allSatisfy { result in
            if case .list(let list) = result { return list.traits.contains(.constructed) }
            return true
        }
        if isFlat { return results }
        var items: [Value] = []
        for result in results {
            if case .list(let list) = result, !list.traits.contains(.constructed) {
                try step(list.count / 8)
                try allocate(list.count * Cost.value)
                items += list.items
            } else {
                items.append(result)
            }
        }
        return items
    }

    private func sort(_ step: Node, _ inputs: Value, _ frame: Frame) throws(JSONataError) -> Value {
        var result = try sort(inputs, by: step, frame)
        for case .filter(let predicate) in step.stages { result = try filter(result, by: predicate, frame) }
        return result
    }

    @inline(__always)
    private func evaluateStaged(_ step: Node, on input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        if case .name(let name) = step.kind, step.isPlain, step.stages.isEmpty, case .object(let object) = input {
            try self.step()
            return object[name]
        }
        var result = try evaluate(step, input, frame)
        for case .filter(let predicate) in step.stages { result = try filter(result, by: predicate, frame) }
        return result
    }

    // MARK: Selection

    /// The member of an object, or of every object in a list.
    func lookUp(_ name: String, in value: Value) throws(JSONataError) -> Value {
        switch value {
        case .object(let object): return object[name]
        case .list(let list):
            var results: [Value] = []
            try collect(name, in: list, into: &results)
            return try sequence(results)
        default: return .undefined
        }
    }

    private func collect(_ name: String, in list: List, into results: inout [Value]) throws(JSONataError) {
        try enter()
        defer { leave() }
        for item in list.items {
            try step()
            switch item {
            case .object(let object):
                switch object[name] {
                case .undefined: break
                case .list(let list): results += list.items
                case let value: results.append(value)
                }
            case .list(let inner): try collect(name, in: inner, into: &results)
            default: break
            }
        }
    }

    func wildcard(_ input: Value) throws(JSONataError) -> Value {
        var input = input
        if case .list(let list) = input, list.traits.contains(.wrapper), list.count > 0 { input = list.items[0] }
        let values: [Value]
        switch input {
        case .object(let object): values = object.members.map(\.value)
        case .list(let list): values = list.items
        default: return .undefined
        }
        var results: [Value] = []
        var isSequence = true
        for value in values {
            try step()
            if case .list(let list) = value {
                isSequence = false
                try flatten(list, into: &results)
            } else {
                results.append(value)
            }
        }
        return try list(results, isSequence || results.count != 1 ? .sequence : [])
    }

    private func flatten(_ list: List, into results: inout [Value]) throws(JSONataError) {
        try enter()
        defer { leave() }
        for item in list.items {
            try step()
            if case .list(let inner) = item {
                try flatten(inner, into: &results)
            } else {
                results.append(item)
            }
        }
    }

    func descendants(_ input: Value) throws(JSONataError) -> Value {
        guard !input.isUndefined else { return .undefined }
        var results: [Value] = []
        try collectDescendants(of: input, into: &results)
        return results.count == 1 ? results[0] : try sequence(results)
    }

    private func collectDescendants(of value: Value, into results: inout [Value]) throws(JSONataError) {
        try step()
        try allocate(2 * Cost.value)
        try enter()
        defer { leave() }
        switch value {
        case .list(let list):
            for item in list.items { try collectDescendants(of: item, into: &results) }
        case .object(let object):
            results.append(value)
            for member in object.members { try collectDescendants(of: member.value, into: &results) }
        default: results.append(value)
        }
    }

    // MARK: Filters

    func filter(_ input: Value, by predicate: Node, _ frame: Frame) throws(JSONataError) -> Value {
        var isTuples = false
        var items = [input]
        if case .list(let list) = input {
            items = list.items
            isTuples = list.traits.contains(.tuples)
        }
        let traits: List.Traits = isTuples ? [.sequence, .tuples] : .sequence
        if case .number(let number) = predicate.kind, predicate.isPlain {
            guard let item = item(at: number, of: items), !item.isUndefined else { return try list([], traits) }
            if case .list = item { return item }
            return try list([item], traits)
        }
        var results: [Value] = []
        for (place, item) in items.enumerated() {
            var context = item
            var scope = frame
            if case .tuple(let tuple) = item {
                context = tuple.row.value
                scope = Frame(parent: frame, names: tuple.row.names, values: tuple.row.values)
            }
            let verdict = try evaluate(predicate, context, scope)
            for _ in 0..<(try selections(by: verdict, place, of: items.count)) { results.append(item) }
        }
        return try list(results, traits)
    }

    private func item(at number: Double, of items: [Value]) -> Value? {
        guard let floor = Int(exactly: number.rounded(.down)) else { return nil }
        let place = floor < 0 ? floor + items.count : floor
        return items.indices.contains(place) ? items[place] : nil
    }

    /// How often a filter's result chooses the item: by its place, when it is numbers, once for each that names it, or by
    /// being true.
    func selections(by verdict: Value, _ place: Int, of count: Int) throws(JSONataError) -> Int {
        func isPlace(_ number: Double) -> Bool {
            let floor = number.rounded(.down)
            return (floor < 0 ? floor + Double(count) : floor) == Double(place)
        }
        if let number = verdict.number { return isPlace(number) ? 1 : 0 }
        if case .list(let list) = verdict, list.count > 0 {
            let items = list.items
            try step(items.count / 4)
            if items.allSatisfy({ $0.number != nil }) {
                let chosen = items.count { isPlace($0.number ?? .nan) }
                try allocate(chosen * Cost.value)
                return chosen
            }
        }
        return try isTruthy(verdict) ? 1 : 0
    }
}
