/// Functions on objects.
extension Library {
    static let objects: [NativeFunction?] = [
        define("keys", "<x-:a<s>>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            var seen: Set<ObjectKey> = []
            var keys: [Value] = []
            try collectKeys(of: arguments[0], &seen, &keys, evaluator)
            return try evaluator.sequence(keys)
        },
        define("lookup", "<x-s:x>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            try evaluator.lookUp(arguments.string(1) ?? "", in: arguments[0])
        },
        define("spread", "<x-:a<o>>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            try spread(arguments[0], evaluator)
        },
        define("merge", "<a<o>:o>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0] else { return .undefined }
            let result = Object()
            try evaluator.allocate(Cost.object(0))
            for case .object(let object) in list.items {
                try evaluator.step(1 + 4 * object.count)
                try evaluator.allocate(object.count * 160)
                for (key, value) in object.members { result[key] = value }
            }
            return .object(result)
        },
        define("each", "<o-f:a>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard let object = arguments[0].object, let function = arguments[1].function else { return .undefined }
            var results: [Value] = []
            for (key, value) in object.members {
                let result = try evaluator.apply(function, value, .string(key), arguments[0])
                if !result.isUndefined { results.append(result) }
            }
            return try evaluator.sequence(results)
        },
        define("sift", "<o-f?:o>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard let object = arguments[0].object, let function = arguments[1].function else { return .undefined }
            let result = Object()
            try evaluator.allocate(Cost.object(object.count))
            for (key, value) in object.members {
                let verdict = try evaluator.apply(function, value, .string(key), arguments[0])
                try evaluator.step(4)
                if try evaluator.isTruthy(verdict) { result[key] = value }
            }
            return result.count == 0 ? .undefined : .object(result)
        },
    ]

    private static func collectKeys(
        of value: Value,
        _ seen: inout Set<ObjectKey>,
        _ keys: inout [Value],
        _ evaluator: Evaluator
    ) throws(JSONataError) {
        try evaluator.step()
        try evaluator.enter()
        defer { evaluator.leave() }
        switch value {
        case .object(let object):
            try evaluator.step(2 * object.count)
            for (key, _) in object.members where seen.insert(ObjectKey(key)).inserted {
                try evaluator.allocate(96)
                keys.append(.string(key))
            }
        case .list(let list):
            for item in list.items { try collectKeys(of: item, &seen, &keys, evaluator) }
        default: break
        }
    }

    private static func spread(_ value: Value, _ evaluator: Evaluator) throws(JSONataError) -> Value {
        try evaluator.enter()
        defer { evaluator.leave() }
        switch value {
        case .list(let list):
            var results: [Value] = []
            for item in list.items {
                try evaluator.step()
                results += try spread(item, evaluator).elements
            }
            return list.count == 0 ? .undefined : try evaluator.list(results)
        case .object(let object):
            var results: [Value] = []
            for (key, value) in object.members {
                try evaluator.step()
                try evaluator.allocate(Cost.object(1) + 2 * Cost.value)
                let single = Object(capacity: 1)
                single[key] = value
                results.append(.object(single))
            }
            return try evaluator.sequence(results)
        default: return value
        }
    }
}
