/// Object constructors and groupings: `{key: value}` alone, or after a path.
extension Evaluator {
    private struct Group {
        var rows: [TupleRow]
        let pair: Int
    }

    func group(_ input: Value, by grouping: Node.Grouping, _ frame: Frame) throws(JSONataError) -> Value {
        if case .list(let list) = input, list.traits.contains(.tuples) {
            let rows = list.items.map { item in
                if case .tuple(let tuple) = item { return tuple.row }
                return TupleRow(value: item)
            }
            return try group(rows, by: grouping, frame)
        }
        if case .list(let list) = input, list.count > 0 {
            try allocate(list.count * MemoryLayout<TupleRow>.stride)
            let rows = list.items.map { TupleRow(value: $0) }
            return try group(rows, by: grouping, frame, isReduced: false)
        }
        let item: Value = if case .list = input { .undefined } else { input }
        return try groupOne(item, by: grouping, frame)
    }

    /// The usual case of an object constructor: one item, so every group is that item.
    private func groupOne(_ item: Value, by grouping: Node.Grouping, _ frame: Frame) throws(JSONataError) -> Value {
        var keys: [(key: String, pair: Int)] = []
        for (place, pair) in grouping.pairs.enumerated() {
            guard let key = try key(pair.key, item, frame, at: grouping) else { continue }
            if keys.contains(where: { $0.key.isIdentical(to: key) }) { throw Self.sameKey(key, at: grouping) }
            keys.append((key, place))
        }
        try step(2 + keys.count)
        try allocate(Cost.object(keys.count))
        let object = Object(capacity: keys.count)
        for (key, place) in keys {
            let value = try evaluate(grouping.pairs[place].value, item, frame)
            if !value.isUndefined { object[key] = value }
        }
        try checkNesting(object.nesting)
        return .object(object)
    }

    func group(
        _ rows: [TupleRow],
        by grouping: Node.Grouping,
        _ frame: Frame,
        isReduced: Bool = true
    ) throws(JSONataError) -> Value {
        var order: [String] = []
        var groups: [ObjectKey: Group] = [:]
        for row in rows.isEmpty ? [TupleRow(value: .undefined)] : rows {
            let scope = isReduced ? Frame(parent: frame, names: row.names, values: row.values) : frame
            for (place, pair) in grouping.pairs.enumerated() {
                guard let key = try key(pair.key, row.value, scope, at: grouping) else { continue }
                if let present = groups[ObjectKey(key)] {
                    guard present.pair == place else { throw Self.sameKey(key, at: grouping) }
                    try allocate(2 * MemoryLayout<TupleRow>.stride)
                    groups[ObjectKey(key)]?.rows.append(row)
                } else {
                    try step(8)
                    try allocate(256)
                    order.append(key)
                    groups[ObjectKey(key)] = Group(rows: [row], pair: place)
                }
            }
        }
        try allocate(Cost.object(order.count))
        let object = Object(capacity: order.count)
        for key in order {
            guard let group = groups[ObjectKey(key)] else { continue }
            let row = try reduced(group.rows)
            let scope = isReduced ? Frame(parent: frame, names: row.names, values: row.values) : frame
            let value = try evaluate(grouping.pairs[group.pair].value, row.value, scope)
            if !value.isUndefined { object[key] = value }
        }
        try checkNesting(object.nesting)
        return .object(object)
    }

    private func key(
        _ node: Node,
        _ item: Value,
        _ frame: Frame,
        at grouping: Node.Grouping
    ) throws(JSONataError) -> String? {
        switch try evaluate(node, item, frame) {
        case .undefined: return nil
        case .string(let key): return key
        case let value:
            throw JSONataError(
                code: "T1003",
                reason: "Key in object structure must evaluate to a string; got: \(value.quoted)",
                position: grouping.position
            )
        }
    }

    private static func sameKey(_ key: String, at grouping: Node.Grouping) -> JSONataError {
        JSONataError(
            code: "D1009",
            reason: "Multiple key definitions evaluate to same key: \(Value.string(key).quoted)",
            position: grouping.position,
            token: key
        )
    }

    /// The rows of a group as one: every value and variable appended to a list.
    private func reduced(_ rows: [TupleRow]) throws(JSONataError) -> TupleRow {
        guard rows.count > 1, let first = rows.first else { return rows.first ?? TupleRow(value: .undefined) }
        var result = first
        result.value = try appended(rows.map(\.value))
        for name in first.names {
            let values = rows.compactMap { row in row.names.firstIndex(of: name).map { row.values[$0] } }
            result.bind(name, try appended(values))
        }
        return result
    }

    private func appended(_ values: [Value]) throws(JSONataError) -> Value {
        let defined = values.filter { !$0.isUndefined }
        if defined.count == 1 { return defined[0] }
        var items: [Value] = []
        for value in defined { items += value.elements }
        return defined.isEmpty ? .undefined : try list(items)
    }
}
