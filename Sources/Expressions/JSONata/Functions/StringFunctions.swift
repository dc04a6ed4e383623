/// Functions on strings. They count Unicode code points.
extension Library {
    static let strings: [NativeFunction?] = [
        define("string", "<x-b?:s>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            if arguments[0].isUndefined { return .undefined }
            var value = arguments[0]
            if case .list(let list) = value, list.traits.contains(.wrapper) { value = list.items[0] }
            return .string(try evaluator.string(value, isPretty: evaluator.isTruthy(arguments[1])))
        },
        define("substring", "<s-nn?:s>", arity: 3) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            guard let start = arguments.number(1) else { return .string(arguments[2].isUndefined ? text : "") }
            try evaluator.step(text.utf8.count / 64)
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
        ofString("lowercase", stepsPerByte: 0.25) { $0.lowercased() },
        ofString("uppercase", stepsPerByte: 0.25) { $0.uppercased() },
        define("length", "<s-:n>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            try evaluator.step(text.utf8.count / 64)
            return .number(Double(length(of: text)))
        },
        ofString("trim", stepsPerByte: 0.25) { trimmed($0) },
        define("pad", "<s-ns?:s>", arity: 3) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            return try pad(text, to: arguments.number(1) ?? 0, with: arguments.string(2) ?? " ", evaluator)
        },
        define("join", "<a<s>s?:s>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0] else { return .undefined }
            let separator = arguments.string(1) ?? ""
            var result = ""
            for (place, item) in list.items.enumerated() {
                try evaluator.step()
                let item = item.string ?? ""
                try evaluator.checkRoom(result.utf8.count + separator.utf8.count + item.utf8.count)
                if place > 0 { result += separator }
                result += item
            }
            return try evaluator.text(result)
        },
    ]

    static func substring(_ text: String, _ start: Double, length: Double?) -> String {
        let count = Double(self.length(of: text))
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
        if text.utf8.count == Int(exactly: count) {
            return String(decoding: text.utf8.dropFirst(low).prefix(high - low), as: UTF8.self)
        }
        return String(String.UnicodeScalarView(text.unicodeScalars.dropFirst(low).prefix(high - low)))
    }

    /// The number of code points: of bytes that do not continue one.
    private static func length(of text: String) -> Int {
        let count = text.utf8.withContiguousStorageIfAvailable { bytes in
            bytes.reduce(0) { $0 &+ ($1 & 0xC0 == 0x80 ? 0 : 1) }
        }
        return count ?? text.unicodeScalars.count
    }

    /// The first place of one text in another, in bytes.
    private static func find(
        _ mark: String,
        in text: String,
        _ evaluator: Evaluator
    ) throws(JSONataError) -> Range<Int>? {
        try evaluator.step(text.utf8.count / 32)
        try evaluator.checkRoom(text.utf8.count)
        return Substrings.ranges(of: mark, in: text, limit: 1).first
    }

    static func trimmed(_ text: String) -> String {
        let space = UInt8(ascii: " ")
        var result: [UInt8] = []
        var isPending = false
        for byte in text.utf8 {
            switch byte {
            case space, UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): isPending = !result.isEmpty
            default:
                if isPending { result.append(space) }
                isPending = false
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The text so many times, made by doubling.
    private static func repeated(_ text: String, _ count: Int) -> String {
        let size = text.utf8.count * count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        while bytes.count < size {
            if bytes.isEmpty {
                bytes += text.utf8
            } else {
                bytes += bytes.prefix(size - bytes.count)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func pad(
        _ text: String,
        to width: Double,
        with padding: String,
        _ evaluator: Evaluator
    ) throws(JSONataError) -> Value {
        let filler = padding.isEmpty ? " " : padding
        let missing = width.magnitude.rounded(.down) - Double(length(of: text))
        guard missing > 0 else { return .string(text) }
        guard let count = Int(exactly: missing) else {
            throw .bound("$pad makes a string of \(number: width.magnitude) characters")
        }
        let (rounds, rest) = count.quotientAndRemainder(dividingBy: length(of: filler))
        let (bytes, overflow) = rounds.multipliedReportingOverflow(by: filler.utf8.count)
        try evaluator.checkRoom(overflow ? Int.max : bytes)
        try evaluator.step(bytes / 64)
        let fill = repeated(filler, rounds) + substring(filler, 0, length: Double(rest))
        return try evaluator.text(width < 0 ? fill + text : text + fill)
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
