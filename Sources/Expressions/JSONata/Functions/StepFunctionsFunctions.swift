import JSON

/// What Step Functions adds to the language. Numbers are taken as whole ones, rounded towards zero.
extension Library {
    static let stepFunctionsOnly: [NativeFunction?] = [
        define("partition", "<x?x?:x>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            if arguments[0].isUndefined { return .undefined }
            guard case .list(let list) = arguments[0] else {
                throw JSONataError(
                    code: "T0412",
                    reason: "Argument 1 of function \"partition\" must be an array of undefined"
                )
            }
            guard list.count > 0 else { return .undefined }
            if arguments[1].isUndefined { return try evaluator.list([.list(list)]) }
            let size = try integer(arguments, 1, of: "partition")
            guard size >= 0 else { throw invalid("Second argument must be zero or greater") }
            return size == 0 ? .undefined : try partition(list.items, by: size, evaluator)
        },
        define("range", "<x?x?x?:x>", arity: 3) { (evaluator, arguments) throws(JSONataError) in
            let first = try integer(arguments, 0, of: "range")
            let last = try integer(arguments, 1, of: "range")
            if arguments[2].isUndefined { return .undefined }
            return try range(from: first, to: last, by: try integer(arguments, 2, of: "range"), evaluator)
        },
        define("hash", "<x?x?:x>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0) else { throw mismatch(0, of: "hash") }
            if arguments[1].isUndefined { return .undefined }
            guard let name = arguments.string(1) else { throw mismatch(1, of: "hash") }
            try evaluator.step(text.utf8.count / 8)
            try evaluator.checkRoom(text.utf8.count)
            guard let digest = Digest(rawValue: name)?.hexadecimal(of: text) else {
                throw invalid("Hash algorithm '\(name)' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5")
            }
            return .string(digest)
        },
        define("random", "<x?:x>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            if arguments[0].isUndefined { return .number(Double.random(in: 0..<1, using: &evaluator.random)) }
            var seeded = JavaRandom(seed: Int64(try integer(arguments, 0, of: "random")))
            return .number(seeded.nextDouble())
        },
        define("uuid", "<:s>", arity: 0) { (evaluator, _) in .string(Intrinsic.uuid(random: &evaluator.random)) },
        define("parse", "<x?:x>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            if arguments[0].isUndefined { return .undefined }
            guard let text = arguments.string(0) else { throw mismatch(0, of: "parse") }
            try evaluator.step(text.utf8.count / 8)
            try evaluator.allocate(text.utf8.count * 16)
            guard let value = try? JSONValue(parsing: text) else { throw invalid("Invalid JSON") }
            return evaluator.value(of: value)
        },
    ]

    private static func invalid(_ reason: String) -> JSONataError { JSONataError(code: "D3137", reason: reason) }

    private static func mismatch(_ place: Int, of function: String) -> JSONataError {
        JSONataError(
            code: "T0410",
            reason: "Argument \(place + 1) of function \"\(function)\" does not match function signature"
        )
    }

    /// A number without its decimals, held in the range in which doubles count by ones.
    private static func integer(
        _ arguments: Arguments,
        _ place: Int,
        of function: String
    ) throws(JSONataError) -> Int {
        guard let number = arguments.number(place), !number.isNaN else { throw mismatch(place, of: function) }
        let limit = 9_007_199_254_740_992.0
        return Int(min(max(number.rounded(.towardZero), -limit), limit))
    }

    private static func partition(
        _ items: [Value],
        by size: Int,
        _ evaluator: Evaluator
    ) throws(JSONataError) -> Value {
        var parts: [Value] = []
        var start = 0
        while start < items.count {
            let end = start + min(size, items.count - start)
            parts.append(try evaluator.list(Array(items[start..<end])))
            start = end
        }
        return try evaluator.list(parts)
    }

    private static func range(
        from first: Int,
        to last: Int,
        by step: Int,
        _ evaluator: Evaluator
    ) throws(JSONataError) -> Value {
        guard step != 0, step > 0 ? first <= last : first >= last else { return .undefined }
        guard first != last else { return .number(Double(first)) }
        let count = (last - first) / step + 1
        guard count <= 10_000_000 else {
            throw JSONataError(code: "D2014", reason: "$range makes more than 10,000,000 numbers")
        }
        try evaluator.allocate(count * Cost.value)
        try evaluator.step(count / 16)
        return try evaluator.list((0..<count).map { .number(Double(first + $0 * step)) })
    }
}
