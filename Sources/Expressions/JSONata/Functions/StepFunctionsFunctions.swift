import JSON

/// What Step Functions adds to the language.
extension Library {
    static let stepFunctionsOnly: [NativeFunction?] = [
        define("partition", "<an:a>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0], let number = arguments.number(1) else { return .undefined }
            guard number >= 1, let size = Int(exactly: number.rounded(.down)) else {
                throw invalid("the size of $partition must be a positive integer, not \(number: number)")
            }
            let items = list.items
            var parts: [Value] = []
            var start = 0
            while start < items.count {
                let end = start + min(size, items.count - start)
                parts.append(try evaluator.list(Array(items[start..<end])))
                start = end
            }
            return try evaluator.list(parts)
        },
        define("range", "<nnn:a>", arity: 3) { (evaluator, arguments) throws(JSONataError) in
            guard let first = arguments.number(0), let last = arguments.number(1), let step = arguments.number(2) else {
                return .undefined
            }
            return try range(from: first, to: last, by: step, evaluator)
        },
        define("hash", "<ss:s>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0), let name = arguments.string(1) else { return .undefined }
            try evaluator.step(text.utf8.count / 8)
            try evaluator.checkRoom(text.utf8.count)
            guard let digest = Digest(rawValue: name)?.hexadecimal(of: text) else {
                throw invalid("$hash knows MD5, SHA-1, SHA-256, SHA-384 and SHA-512, not \"\(name.prefix(40))\"")
            }
            return .string(digest)
        },
        define("random", "<n?:n>", arity: 1) { (evaluator, arguments) in
            guard let seed = arguments.number(0) else {
                return .number(Double.random(in: 0..<1, using: &evaluator.random))
            }
            var seeded = SeededGenerator(seed: seed.bitPattern)
            return .number(Double.random(in: 0..<1, using: &seeded))
        },
        define("uuid", "<:s>", arity: 0) { (evaluator, _) in .string(Intrinsic.uuid(random: &evaluator.random)) },
        define("parse", "<s-:x>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            try evaluator.step(text.utf8.count / 8)
            try evaluator.allocate(text.utf8.count * 16)
            do throws(JSONSyntaxError) {
                return evaluator.value(of: try JSONValue(parsing: text))
            } catch {
                throw invalid("$parse was given a text that is not JSON: \(error)")
            }
        },
    ]

    private static func invalid(_ reason: String) -> JSONataError { JSONataError(code: "D3001", reason: reason) }

    private static func range(
        from first: Double,
        to last: Double,
        by step: Double,
        _ evaluator: Evaluator
    ) throws(JSONataError) -> Value {
        guard step != 0 else { throw invalid("the step of $range must not be 0") }
        let steps = ((last - first) / step).rounded(.down)
        guard steps >= 0 else { return try evaluator.list([]) }
        guard let count = Int(exactly: steps), count < 10_000_000 else {
            throw JSONataError(code: "D2014", reason: "$range makes more than 10,000,000 numbers")
        }
        try evaluator.allocate((count + 1) * Cost.value)
        try evaluator.step(count / 16)
        return try evaluator.list((0...count).map { .number(first + Double($0) * step) })
    }
}
