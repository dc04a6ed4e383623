import JSON

/// Functions on arrays.
extension Library {
    static let arrays: [NativeFunction?] = [
        define("append", "<xx:a>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            if arguments[0].isUndefined { return arguments[1] }
            if arguments[1].isUndefined { return arguments[0] }
            return try evaluator.list(arguments[0].elements + arguments[1].elements)
        },
        define("reverse", "<a:a>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0] else { return .undefined }
            guard list.count > 1 else { return arguments[0] }
            return try evaluator.list(list.items.reversed())
        },
        define("shuffle", "<a:a>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0] else { return .undefined }
            guard list.count > 1 else { return arguments[0] }
            return try evaluator.list(list.items.shuffled(using: &evaluator.random))
        },
        define("distinct", "<x:x>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0], list.count > 1 else { return arguments[0] }
            var seen: Set<DistinctValue> = []
            var items: [Value] = []
            for item in list.items {
                try evaluator.step()
                if seen.insert(DistinctValue(value: item)).inserted { items.append(item) }
            }
            return try evaluator.list(items, list.isSequence ? .sequence : [])
        },
        define("zip", "<a+>", arity: 0) { (evaluator, arguments) throws(JSONataError) in
            let lists = arguments.values.map(\.elements)
            var rows: [Value] = []
            for place in 0..<(lists.map(\.count).min() ?? 0) {
                rows.append(try evaluator.list(lists.map { $0[place] }))
            }
            return try evaluator.list(rows)
        },
        define("sort", "<af?:a>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0] else { return .undefined }
            guard list.count > 1 else { return arguments[0] }
            return try evaluator.list(try sorted(list.items, by: arguments[1].function, evaluator))
        },
    ]

    private static func sorted(
        _ items: [Value],
        by function: Function?,
        _ evaluator: Evaluator
    ) throws(JSONataError) -> [Value] {
        if let function {
            return try MergeSort.sorted(items) { (left, right) throws(JSONataError) in
                try evaluator.apply(function, [left, right], input: .undefined).isTruthy
            }
        }
        try evaluator.step(items.count)
        if items.allSatisfy({ $0.number != nil }) {
            return try MergeSort.sorted(items) { (left, right) in (left.number ?? 0) > (right.number ?? 0) }
        }
        guard items.allSatisfy({ $0.string != nil }) else {
            throw JSONataError(
                code: "D3070",
                reason: "$sort without a function sorts either numbers or strings; give it a function"
            )
        }
        return try MergeSort.sorted(items) { (left, right) in (left.string ?? "").order(to: right.string ?? "") > 0 }
    }
}

/// A value that equals, and hashes like, every value it is deeply equal to.
private struct DistinctValue: Hashable {
    let value: Value

    static func == (left: DistinctValue, right: DistinctValue) -> Bool { left.value.isEqual(to: right.value) }

    func hash(into hasher: inout Hasher) {
        switch value {
        case .undefined, .tuple: hasher.combine(0)
        case .null: hasher.combine(1)
        case .bool(let bool): hasher.combine(bool)
        case .number(let number): hasher.combine(number)
        case .exact(let number): hasher.combine(number.double)
        case .string(let text): hasher.combine(text)
        case .function(let function): hasher.combine(ObjectIdentifier(function))
        case .list(let list):
            hasher.combine(list.count)
            for item in list.items { DistinctValue(value: item).hash(into: &hasher) }
        case .object(let object):
            var sum = 0
            for key in object.keys {
                var own = Hasher()
                own.combine(key)
                DistinctValue(value: object[key]).hash(into: &own)
                sum &+= own.finalize()
            }
            hasher.combine(sum)
        }
    }
}
