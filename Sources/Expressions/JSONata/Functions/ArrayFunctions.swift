import JSON

/// Functions on arrays.
extension Library {
    static let arrays: [NativeFunction?] = [
        define("append", "<xx:a>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            if arguments[0].isUndefined { return arguments[1] }
            if arguments[1].isUndefined { return arguments[0] }
            try evaluator.step((arguments[0].elements.count + arguments[1].elements.count) / 16)
            return try evaluator.list(arguments[0].elements + arguments[1].elements)
        },
        define("reverse", "<a:a>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0] else { return .undefined }
            guard list.count > 1 else { return arguments[0] }
            try evaluator.step(list.count / 16)
            return try evaluator.list(list.items.reversed())
        },
        define("shuffle", "<a:a>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0] else { return .undefined }
            guard list.count > 1 else { return arguments[0] }
            try evaluator.step(list.count)
            return try evaluator.list(list.items.shuffled(using: &evaluator.random))
        },
        define("distinct", "<x:x>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0], list.count > 1 else { return arguments[0] }
            let items = try distinct(list.items, evaluator)
            return try evaluator.list(items, list.isSequence ? .sequence : [])
        },
        define("zip", "<a+>", arity: 0) { (evaluator, arguments) throws(JSONataError) in
            let lists = arguments.values.map(\.elements)
            var rows: [Value] = []
            for place in 0..<(lists.map(\.count).min() ?? 0) {
                try evaluator.step(lists.count)
                try evaluator.allocate(2 * Cost.value)
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
        try evaluator.allocate(Cost.list(2 * items.count))
        if let function {
            return try MergeSort.sorted(items) { (left, right) throws(JSONataError) in
                try evaluator.isTruthy(evaluator.apply(function, [left, right]))
            }
        }
        if items.allSatisfy({ $0.number != nil }) {
            return try MergeSort.sorted(items) { (left, right) throws(JSONataError) in
                try evaluator.step()
                return (left.number ?? 0) > (right.number ?? 0)
            }
        }
        guard items.allSatisfy({ $0.string != nil }) else {
            throw JSONataError(
                code: "D3070",
                reason: "The single argument form of the sort function can only be applied to an array of strings or an"
                    + " array of numbers.  Use the second argument to specify a comparison function"
            )
        }
        return try MergeSort.sorted(items) { (left, right) throws(JSONataError) in
            try evaluator.step(1 + (left.string?.utf8.count ?? 0) / 64)
            return (left.string ?? "").order(to: right.string ?? "") > 0
        }
    }

    /// The first of every set of equal values. Only values with the same hash are compared.
    private static func distinct(_ items: [Value], _ evaluator: Evaluator) throws(JSONataError) -> [Value] {
        var places: [Int: [Int]] = [:]
        var results: [Value] = []
        candidates: for item in items {
            try evaluator.step(4)
            var hasher = Hasher()
            hash(item, into: &hasher, depth: 0)
            let hash = hasher.finalize()
            for place in places[hash] ?? [] where try evaluator.isEqual(item, results[place]) { continue candidates }
            try evaluator.allocate(192)
            places[hash, default: []].append(results.count)
            results.append(item)
        }
        return results
    }

    /// Equal values hash alike. It looks at the beginnings of the upper levels only, so its time is bounded.
    private static func hash(_ value: Value, into hasher: inout Hasher, depth: Int) {
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
            guard depth < 3 else { return }
            for item in list.items.prefix(8) { hash(item, into: &hasher, depth: depth + 1) }
        case .object(let object):
            hasher.combine(object.count)
            guard depth < 3, object.count <= 16 else { return }
            var sum = 0
            for (key, member) in object.members {
                var own = Hasher()
                own.combine(key)
                hash(member, into: &own, depth: depth + 1)
                sum &+= own.finalize()
            }
            hasher.combine(sum)
        }
    }
}
