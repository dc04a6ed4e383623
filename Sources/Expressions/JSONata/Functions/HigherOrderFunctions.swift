/// Functions that call functions.
extension Library {
    static let higherOrder: [NativeFunction?] = [
        define("map", "<af>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0], let function = arguments[1].function else { return .undefined }
            var results: [Value] = []
            results.reserveCapacity(list.count)
            for (place, item) in list.items.enumerated() {
                let result = try evaluator.apply(function, item, .number(Double(place)), arguments[0])
                if !result.isUndefined { results.append(result) }
            }
            return try evaluator.sequence(results)
        },
        define("filter", "<af>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0], let function = arguments[1].function else { return .undefined }
            var results: [Value] = []
            for (place, item) in list.items.enumerated() {
                let verdict = try evaluator.apply(function, item, .number(Double(place)), arguments[0])
                if try evaluator.isTruthy(verdict) { results.append(item) }
            }
            return try evaluator.sequence(results)
        },
        define("single", "<af?>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0] else { return .undefined }
            return try single(of: list, arguments[1].function, arguments[0], evaluator)
        },
        define("reduce", "<afj?:j>", arity: 3) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0], let function = arguments[1].function else { return .undefined }
            return try reduce(list, function, from: arguments[2], arguments[0], evaluator)
        },
    ]

    private static func single(
        of list: List,
        _ function: Function?,
        _ whole: Value,
        _ evaluator: Evaluator
    ) throws(JSONataError) -> Value {
        var result: Value?
        for (place, item) in list.items.enumerated() {
            if let function {
                let verdict = try evaluator.apply(function, item, .number(Double(place)), whole)
                guard try evaluator.isTruthy(verdict) else { continue }
            }
            guard result == nil else {
                throw JSONataError(
                    code: "D3138",
                    reason: "The $single() function expected exactly 1 matching result.  Instead it matched more."
                )
            }
            result = item
        }
        guard let result else {
            throw JSONataError(
                code: "D3139",
                reason: "The $single() function expected exactly 1 matching result.  Instead it matched 0."
            )
        }
        return result
    }

    private static func reduce(
        _ list: List,
        _ function: Function,
        from initial: Value,
        _ whole: Value,
        _ evaluator: Evaluator
    ) throws(JSONataError) -> Value {
        let arity = function.arity
        guard arity >= 2 else {
            throw JSONataError(
                code: "D3050",
                reason: "The second argument of reduce function must be a function with at least two arguments"
            )
        }
        var items = list.items[...]
        var result = initial
        if result.isUndefined, let first = items.popFirst() { result = first }
        for (place, item) in zip(items.indices, items) {
            var arguments = [result, item]
            if arity >= 3 { arguments.append(.number(Double(place))) }
            if arity >= 4 { arguments.append(whole) }
            result = try evaluator.apply(function, arguments)
        }
        return result
    }
}

extension Evaluator {
    /// Calls a function of a higher-order function with as many of its three arguments as it takes.
    func apply(_ function: Function, _ first: Value, _ second: Value, _ third: Value) throws(JSONataError) -> Value {
        switch function.arity {
        case ...1: try apply(function, [first])
        case 2: try apply(function, [first, second])
        default: try apply(function, [first, second, third])
        }
    }

    func apply(_ function: Function, _ arguments: [Value]) throws(JSONataError) -> Value {
        try nested { () throws(JSONataError) in try self.apply(function, arguments, input: .null) }
    }
}
