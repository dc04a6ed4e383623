/// Steps that remember what led to their results: `@`, `#` and `%`; and sorting, which can work on them.
extension Evaluator {
    func tupleStep(
        _ step: Node,
        _ inputs: [TupleRow],
        isFirst: Bool,
        _ frame: Frame
    ) throws(JSONataError) -> [TupleRow] {
        var results: [TupleRow] = []
        if case .sort = step.kind {
            if isFirst {
                let sorted = try sort(try sequence(inputs.map(\.value)), by: step, frame)
                for (place, value) in sorted.elements.enumerated() {
                    var row = TupleRow(value: value)
                    if let index = step.index { row.bind(index, .number(Double(place))) }
                    results.append(row)
                }
            } else {
                results = try sort(inputs, by: step, frame)
                if let index = step.index {
                    for place in results.indices { results[place].bind(index, .number(Double(place))) }
                }
            }
        } else {
            for input in inputs {
                let scope = Frame(parent: frame, names: input.names, values: input.values)
                let value = try evaluate(step, input.value, scope)
                try append(value, of: step, from: input, to: &results)
            }
        }
        for stage in step.stages {
            switch stage {
            case .filter(let predicate): results = try filter(results, by: predicate, frame)
            case .index(let name):
                for place in results.indices { results[place].bind(name, .number(Double(place))) }
            }
        }
        return results
    }

    private func append(
        _ value: Value,
        of step: Node,
        from input: TupleRow,
        to results: inout [TupleRow]
    ) throws(JSONataError) {
        let items = value.elements
        try allocate(Cost.rows(items.count, variables: input.names.count + 1))
        for (place, item) in items.enumerated() {
            try self.step()
            var row = input
            if case .tuple(let tuple) = item {
                row.value = tuple.row.value
                for (name, value) in zip(tuple.row.names, tuple.row.values) { row.bind(name, value) }
            } else {
                if let focus = step.focus {
                    row.bind(focus, item)
                } else {
                    row.value = item
                }
                if let index = step.index { row.bind(index, .number(Double(place))) }
                if let ancestor = step.ancestor { row.bind(ancestor, input.value) }
            }
            results.append(row)
        }
    }

    private func filter(
        _ rows: [TupleRow],
        by predicate: Node,
        _ frame: Frame
    ) throws(JSONataError) -> [TupleRow] {
        var results: [TupleRow] = []
        for (place, row) in rows.enumerated() {
            let scope = Frame(parent: frame, names: row.names, values: row.values)
            let verdict = try evaluate(predicate, row.value, scope)
            for _ in 0..<(try selections(by: verdict, place, of: rows.count)) { results.append(row) }
        }
        return results
    }

    // MARK: Sorting

    func sort(_ input: Value, by step: Node, _ frame: Frame) throws(JSONataError) -> Value {
        let rows = input.elements.map { item in
            if case .tuple(let tuple) = item { return tuple.row }
            return TupleRow(value: item)
        }
        let sorted = try sort(rows, by: step, frame)
        if case .list(let list) = input, list.traits.contains(.tuples) {
            return try self.list(sorted.map { .tuple(Tuple($0)) }, [.sequence, .tuples])
        }
        return try sequence(sorted.map(\.value))
    }

    private func sort(_ rows: [TupleRow], by step: Node, _ frame: Frame) throws(JSONataError) -> [TupleRow] {
        // What is alone is compared with nothing, so that its keys may be anything.
        guard case .sort(let terms) = step.kind, rows.count > 1 else { return rows }
        try allocate(rows.count * 2 * (MemoryLayout<TupleRow>.stride + 8 + 48 + terms.count * Cost.value))
        // The keys of each row as far as they are needed: later ones only where the earlier ones are equal.
        var keys = [[Value]](repeating: [], count: rows.count)
        func key(_ place: Int, of row: Int) throws(JSONataError) -> Value {
            if place == keys[row].count {
                let (names, values) = (rows[row].names, rows[row].values)
                let scope = names.isEmpty ? frame : Frame(parent: frame, names: names, values: values)
                keys[row].append(try evaluate(terms[place].expression, rows[row].value, scope))
            }
            return keys[row][place]
        }
        let sorted = try MergeSort.sorted(Array(rows.indices)) { (left, right) throws(JSONataError) -> Bool in
            try self.step(2)
            for (place, term) in terms.enumerated() {
                let (first, second) = (try key(place, of: left), try key(place, of: right))
                let order = try Self.order(first, second, term.isDescending, at: step.position)
                if order != 0 { return order > 0 }
            }
            return false
        }
        return sorted.map { rows[$0] }
    }

    /// How two sort keys follow each other; undefined comes last.
    private static func order(
        _ left: Value,
        _ right: Value,
        _ isDescending: Bool,
        at position: Int
    ) throws(JSONataError) -> Int {
        if left.isUndefined { return right.isUndefined ? 0 : 1 }
        if right.isUndefined { return -1 }
        let order: Int
        if let left = left.number, let right = right.number {
            order = left < right ? -1 : left == right ? 0 : 1
        } else if let left = left.string, let right = right.string {
            order = left.order(to: right)
        } else {
            let isComparable = [left, right].allSatisfy { $0.number != nil || $0.string != nil }
            throw JSONataError(
                code: isComparable ? "T2007" : "T2008",
                reason: isComparable
                    ? "Type mismatch when comparing values \(left.quoted) and \(right.quoted) in order-by clause"
                    : "The expressions within an order-by clause must evaluate to numeric or string values",
                position: position
            )
        }
        return isDescending ? -order : order
    }
}

/// Sorting that keeps the order of equals and lets the comparison fail. Halves are sorted first, as JSONata's own
/// implementation does it: which elements are compared with each other decides which error there is.
enum MergeSort {
    static func sorted<Element>(
        _ elements: [Element],
        isAfter: (Element, Element) throws(JSONataError) -> Bool
    ) throws(JSONataError) -> [Element] {
        try sorted(elements[...], isAfter: isAfter)
    }

    /// As deep as the logarithm of the number of elements.
    private static func sorted<Element>(
        _ elements: ArraySlice<Element>,
        isAfter: (Element, Element) throws(JSONataError) -> Bool
    ) throws(JSONataError) -> [Element] {
        guard elements.count > 1 else { return Array(elements) }
        let middle = elements.startIndex + elements.count / 2
        var left = try sorted(elements[..<middle], isAfter: isAfter)[...]
        var right = try sorted(elements[middle...], isAfter: isAfter)[...]
        var merged: [Element] = []
        merged.reserveCapacity(elements.count)
        while let first = left.first, let second = right.first {
            if try isAfter(first, second) {
                merged.append(second)
                right.removeFirst()
            } else {
                merged.append(first)
                left.removeFirst()
            }
        }
        return merged + left + right
    }
}
