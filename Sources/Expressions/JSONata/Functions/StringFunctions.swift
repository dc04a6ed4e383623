/// Functions on strings. They count Unicode code points.
extension Library {
    static let strings: [NativeFunction?] = [
        define("string", "<x-b?:s>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            if arguments[0].isUndefined { return .undefined }
            var value = arguments[0]
            if case .list(let list) = value, list.traits.contains(.wrapper) { value = list.items[0] }
            return .string(try evaluator.string(value, isPretty: arguments[1].isTruthy))
        },
        define("substring", "<s-nn?:s>", arity: 3) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            guard let start = arguments.number(1) else { return .string(arguments[2].isUndefined ? text : "") }
            return try evaluator.text(substring(text, start, length: arguments.number(2)))
        },
        define("substringBefore", "<s-s:s>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            guard let mark = arguments.string(1), let range = try find(mark, in: text, evaluator) else {
                return .string(text)
            }
            return try evaluator.text(String(decoding: text.utf8.prefix(range.lowerBound), as: UTF8.self))
        },
        define("substringAfter", "<s-s:s>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            guard let mark = arguments.string(1), let range = try find(mark, in: text, evaluator) else {
                return .string(text)
            }
            return try evaluator.text(String(decoding: text.utf8.dropFirst(range.upperBound), as: UTF8.self))
        },
        ofString("lowercase") { $0.lowercased() },
        ofString("uppercase") { $0.uppercased() },
        define("length", "<s-:n>", arity: 1) { (_, arguments) in
            guard let text = arguments.string(0) else { return .undefined }
            return .number(Double(text.unicodeScalars.count))
        },
        ofString("trim") { trimmed($0) },
        define("pad", "<s-ns?:s>", arity: 3) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            return try pad(text, to: arguments.number(1) ?? 0, with: arguments.string(2) ?? " ", evaluator)
        },
        define("join", "<a<s>s?:s>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0] else { return .undefined }
            let separator = arguments.string(1) ?? ""
            var result = ""
            for (place, item) in list.items.enumerated() {
                if place > 0 { result += separator }
                result += item.string ?? ""
                if result.utf8.count > evaluator.bounds.allocatedBytes { break }
            }
            return try evaluator.text(result)
        },
    ]

    static func substring(_ text: String, _ start: Double, length: Double?) -> String {
        let scalars = Array(text.unicodeScalars)
        let count = Double(scalars.count)
        // What lies before the start of the text is the start, as with JavaScript's slice.
        var first = start.rounded(.towardZero)
        if count + first < 0 { first = 0 }
        if first < 0 { first += count }
        var last = count
        if let length {
            guard length > 0 else { return "" }
            last = min(count, (first + length).rounded(.towardZero))
        }
        guard let low = Int(exactly: min(first, count)), let high = Int(exactly: last), low < high else { return "" }
        return String(String.UnicodeScalarView(scalars[low..<high]))
    }

    /// The first place of one text in another, in bytes.
    private static func find(
        _ mark: String,
        in text: String,
        _ evaluator: Evaluator
    ) throws(JSONataError) -> Range<Int>? {
        try evaluator.step(text.utf8.count / 64)
        return Substrings.ranges(of: mark, in: text, limit: 1).first
    }

    static func trimmed(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var isPending = false
        for scalar in text.unicodeScalars {
            if scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r" {
                isPending = !result.isEmpty
            } else {
                if isPending { result.append(" ") }
                isPending = false
                result.append(scalar)
            }
        }
        return String(result)
    }

    private static func pad(
        _ text: String,
        to width: Double,
        with padding: String,
        _ evaluator: Evaluator
    ) throws(JSONataError) -> Value {
        let filler = Array((padding.isEmpty ? " " : padding).unicodeScalars)
        let missing = width.magnitude.rounded(.down) - Double(text.unicodeScalars.count)
        guard missing > 0 else { return .string(text) }
        guard let count = Int(exactly: missing) else {
            throw .bound("$pad makes a string of \(number: width.magnitude) characters")
        }
        try evaluator.allocate(count.multipliedReportingOverflow(by: 4).overflow ? Int.max : count * 4)
        var fill = String.UnicodeScalarView()
        for place in 0..<count { fill.append(filler[place % filler.count]) }
        return try evaluator.text(width < 0 ? String(fill) + text : text + String(fill))
    }
}

extension Substrings {
    /// Where a text occurs in another without overlaps, in bytes; an empty text occurs at the start.
    static func ranges(of mark: String, in text: String, limit: Int) -> [Range<Int>] {
        let pattern = Array(mark.utf8)
        let bytes = Array(text.utf8)
        guard !pattern.isEmpty else { return [0..<0] }
        let borders = borders(of: pattern)
        var ranges: [Range<Int>] = []
        var matched = 0
        for (place, byte) in bytes.enumerated() {
            while matched > 0, byte != pattern[matched] { matched = borders[matched - 1] }
            if byte == pattern[matched] { matched += 1 }
            guard matched == pattern.count else { continue }
            ranges.append(place + 1 - pattern.count..<place + 1)
            if ranges.count >= limit { break }
            matched = 0
        }
        return ranges
    }
}
