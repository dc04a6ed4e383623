/// Functions that search strings by regular expressions, or by functions that behave like one.
extension Library {
    static let matching: [NativeFunction?] = [
        define("match", "<s-f<s:o>n?:a<o>>", arity: 3) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0), let pattern = arguments[1].function else { return .undefined }
            let limit = try count(arguments[2], code: "D3040", "match")
            var results: [Value] = []
            for match in try evaluator.matches(of: pattern, in: text, limit: limit) {
                try evaluator.allocate(Cost.object(3))
                let object = Object(capacity: 3)
                object["match"] = .string(match.text)
                object["index"] = .number(match.start)
                object["groups"] = try evaluator.list(match.groupValues)
                results.append(.object(object))
            }
            return try evaluator.sequence(results)
        },
        define("contains", "<s-(sf):b>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            if let pattern = arguments[1].function {
                return .bool(try evaluator.hasMatch(of: pattern, in: text))
            }
            try evaluator.step(text.utf8.count / 32)
            return .bool(Substrings.contains(arguments.string(1) ?? "", in: text))
        },
        define("split", "<s-(sf)n?:a<s>>", arity: 3) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            var limit = try count(arguments[2], code: "D3020", "split") ?? Int.max
            if arguments[1].string != nil, let number = arguments.number(2) {
                limit = Int(exactly: number.rounded(.down)) ?? Int.max
            }
            return try split(text, arguments[1], limit: limit, evaluator)
        },
        define("replace", "<s-(sf)(sf)n?:s>", arity: 4) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            if arguments.string(1) == "" {
                throw JSONataError(
                    code: "D3010",
                    reason: "Second argument of replace function cannot be an empty string"
                )
            }
            let limit = try count(arguments[3], code: "D3011", "replace") ?? Int.max
            return try replace(text, arguments[1], by: arguments[2], limit: limit, evaluator)
        },
    ]

    /// A limit, when there is one.
    private static func count(_ value: Value, code: String, _ name: String) throws(JSONataError) -> Int? {
        guard let number = value.number else { return nil }
        guard number >= 0 else {
            throw JSONataError(
                code: code,
                reason:
                    "\(name == "replace" ? "Fourth" : "Third") argument of \(name) function must evaluate to a positive number"
            )
        }
        return Int(exactly: number.rounded(.up)) ?? Int.max
    }

    private static func split(
        _ text: String,
        _ separator: Value,
        limit: Int,
        _ evaluator: Evaluator
    ) throws(JSONataError) -> Value {
        try evaluator.allocate(text.utf8.count)
        let bytes = Array(text.utf8)
        var parts: [Value] = []
        if let mark = separator.string {
            try evaluator.step(bytes.count / 32)
            if mark.isEmpty {
                let count = min(limit, bytes.count)
                try evaluator.step(count / 4)
                try evaluator.allocate(2 * Cost.list(count))
                return try evaluator.list(text.unicodeScalars.prefix(limit).map { .string(String($0)) })
            }
            var start = 0
            for range in Substrings.ranges(of: mark, in: text, limit: limit) {
                try evaluator.step()
                try evaluator.allocate(2 * Cost.value + range.lowerBound - start)
                parts.append(.string(String(decoding: bytes[start..<range.lowerBound], as: UTF8.self)))
                start = range.upperBound
            }
            parts.append(.string(String(decoding: bytes[start...], as: UTF8.self)))
        } else if let pattern = separator.function {
            let positions = try evaluator.positions(in: text)
            var start = 0
            for match in try evaluator.matches(of: pattern, in: text, limit: limit) {
                let low = positions.byte(match.start)
                try evaluator.allocate(2 * Cost.value + max(0, low - start))
                parts.append(.string(String(decoding: bytes[min(start, low)..<low], as: UTF8.self)))
                start = positions.byte(match.end)
            }
            parts.append(.string(String(decoding: bytes[start...], as: UTF8.self)))
        }
        return try evaluator.list(Array(parts.prefix(limit)))
    }

    private static func replace(
        _ text: String,
        _ search: Value,
        by replacement: Value,
        limit: Int,
        _ evaluator: Evaluator
    ) throws(JSONataError) -> Value {
        try evaluator.allocate(text.utf8.count)
        let bytes = Array(text.utf8)
        var output: [UInt8] = []
        var start = 0
        func append(_ kept: ArraySlice<UInt8>, _ text: String) throws(JSONataError) {
            try evaluator.step(1 + text.utf8.count / 256)
            try evaluator.checkRoom(output.count + kept.count + text.utf8.count)
            output += kept
            output += text.utf8
        }
        if let mark = search.string {
            for range in Substrings.ranges(of: mark, in: text, limit: limit).prefix(limit) {
                var text = replacement.string ?? ""
                if let function = replacement.function { text = try replaced(.string(mark), by: function, evaluator) }
                try append(bytes[start..<range.lowerBound], text)
                start = range.upperBound
            }
        } else if let pattern = search.function {
            let positions = try evaluator.positions(in: text)
            for match in try evaluator.matches(of: pattern, in: text, limit: limit) {
                let low = positions.byte(match.start)
                var text = ""
                if let template = replacement.string {
                    try evaluator.step(template.utf8.count / 8)
                    text = try match.filled(template, checkRoom: evaluator.checkRoom)
                } else if let function = replacement.function {
                    text = try replaced(try evaluator.object(of: match), by: function, evaluator)
                }
                try append(bytes[min(start, low)..<low], text)
                start = positions.byte(match.end)
            }
        }
        output += bytes[min(start, bytes.count)...]
        return try evaluator.text(String(decoding: output, as: UTF8.self))
    }

    private static func replaced(
        _ match: Value,
        by function: Function,
        _ evaluator: Evaluator
    ) throws(JSONataError) -> String {
        let value = try evaluator.apply(function, [match], input: .undefined)
        guard let text = value.string else {
            throw JSONataError(
                code: "D3012",
                reason: "Attempted to replace a matched string with a non-string value"
            )
        }
        return text
    }
}

/// Places in a text by code point and by byte.
struct Positions {
    private let offsets: [Int]?
    /// Whether every code point is a byte.
    var isTrivial: Bool { offsets == nil }
    private let count: Int

    init(_ text: String) {
        count = text.utf8.count
        guard text.utf8.contains(where: { $0 >= 0x80 }) else {
            offsets = nil
            return
        }
        var offsets: [Int] = []
        var offset = 0
        for scalar in text.unicodeScalars {
            offsets.append(offset)
            offset += UTF8.width(scalar)
        }
        self.offsets = offsets
    }

    /// The byte where a code point begins, held within the text.
    func byte(_ place: Double) -> Int {
        guard let place = Int(exactly: place.rounded(.down)), place > 0 else { return 0 }
        guard let offsets else { return min(place, count) }
        return place < offsets.count ? offsets[place] : count
    }

    /// The code point that begins at a byte.
    func scalar(_ byte: Int) -> Int {
        guard let offsets else { return byte }
        var (low, high) = (0, offsets.count)
        while low < high {
            let middle = (low + high) / 2
            if offsets[middle] < byte { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
