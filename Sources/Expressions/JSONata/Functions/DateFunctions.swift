/// Functions on moments, which are milliseconds since 1970.
extension Library {
    static let dates: [NativeFunction?] = [
        define("now", "<s?s?:s>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            let milliseconds = Double(evaluator.now.epochMilliseconds)
            return try format(milliseconds, arguments.string(0), zone: arguments.string(1), evaluator)
        },
        define("millis", "<:n>", arity: 0) { (evaluator, _) in .number(Double(evaluator.now.epochMilliseconds)) },
        define("fromMillis", "<n-s?s?:s>", arity: 3) { (evaluator, arguments) throws(JSONataError) in
            guard let number = arguments.number(0) else { return .undefined }
            return try format(number, arguments.string(1), zone: arguments.string(2), evaluator)
        },
        define("toMillis", "<s-s?:n>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            guard let picture = arguments.string(1) else { return .number(try parseISO8601(text)) }
            let now = DateFields(milliseconds: evaluator.now.epochMilliseconds, offset: 0)
            // The picture becomes a regular expression, whose compilation and matching cost more than the text's length.
            try evaluator.step(500 + text.utf8.count)
            try evaluator.checkRoom(8 * text.utf8.count)
            guard let moment = try DateParser(DatePicture(evaluator.picture(picture))).parse(text, now: now) else {
                return .undefined
            }
            return .number(Double(moment))
        },
    ]

    /// The moments that JavaScript's dates reach, in milliseconds from 1970.
    private static let furthest = 8.64e15

    private static func format(
        _ milliseconds: Double,
        _ picture: String?,
        zone: String?,
        _ evaluator: Evaluator
    ) throws(JSONataError) -> Value {
        guard milliseconds.magnitude <= furthest, let moment = Int64(exactly: milliseconds.rounded(.towardZero)) else {
            throw JSONataError(code: "D3110", reason: "\(number: milliseconds) is out of the range of dates")
        }
        let offset = zone.map { DateParser.zone($0) } ?? 0
        let fields = DateFields(milliseconds: moment, offset: offset)
        let shape = try DatePicture(evaluator.picture(picture ?? DatePicture.iso8601))
        return try evaluator.text(shape.format(fields))
    }

    /// `2017`, `2017-10`, `2017-10-30`, `2017-10-30T16:25:32.935Z`, `…+01:00`.
    private static func parseISO8601(_ text: String) throws(JSONataError) -> Double {
        var scanner = DigitScanner(text)
        var parts: [Int64] = [1970, 1, 1, 0, 0, 0, 0]
        guard let year = scanner.digits(4) else { throw notISO8601(text) }
        parts[0] = year
        for place in 1...2 where scanner.skip("-") {
            guard let value = scanner.digits(2) else { throw notISO8601(text) }
            parts[place] = value
        }
        if scanner.skip("T") {
            for place in 3...5 {
                guard place == 3 || scanner.skip(":"), let value = scanner.digits(2) else { throw notISO8601(text) }
                parts[place] = value
            }
            if scanner.skip(".") {
                guard let value = scanner.fraction() else { throw notISO8601(text) }
                parts[6] = value
            }
        }
        var offset: Int64 = 0
        let isWest = scanner.skip("-")
        if isWest || scanner.skip("+") {
            guard let hours = scanner.digits(2) else { throw notISO8601(text) }
            _ = scanner.skip(":")
            guard let minutes = scanner.digits(2) else { throw notISO8601(text) }
            offset = (isWest ? -1 : 1) * (hours * 60 + minutes)
        } else {
            _ = scanner.skip("Z")
        }
        let date = CivilDate(year: parts[0], month: parts[1], day: parts[2])
        guard scanner.isAtEnd, (1...12).contains(date.month), (1...date.daysInMonth).contains(date.day),
            parts[3] < 24 || parts[3] == 24 && parts[4] + parts[5] + parts[6] == 0, parts[4] < 60, parts[5] < 60
        else { throw notISO8601(text) }
        let seconds = (parts[3] * 60 + parts[4] - offset) * 60 + parts[5]
        return Double((date.daysSinceEpoch * 86_400 + seconds) * 1_000 + parts[6])
    }

    private static func notISO8601(_ text: String) -> JSONataError {
        JSONataError(
            code: "D3110",
            reason: "The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given"
                + " \(Value.string(text).quoted)",
            token: "toMillis"
        )
    }
}

/// Reads fixed numbers of digits.
private struct DigitScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = Substring(text).utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: scalar) else { return false }
        rest = rest.dropFirst()
        return true
    }

    mutating func digits(_ count: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<count {
            guard let byte = rest.first, byte >= 0x30, byte <= 0x39 else { return nil }
            value = value * 10 + Int64(byte - 0x30)
            rest = rest.dropFirst()
        }
        return value
    }

    /// A fraction of a second, cut to milliseconds.
    mutating func fraction() -> Int64? {
        let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
        guard !digits.isEmpty else { return nil }
        rest = rest.dropFirst(digits.count)
        var value: Int64 = 0
        for place in 0..<3 {
            let index = digits.index(digits.startIndex, offsetBy: place, limitedBy: digits.endIndex)
            let digit = index.flatMap { $0 < digits.endIndex ? Int64(digits[$0] - 0x30) : nil }
            value = value * 10 + (digit ?? 0)
        }
        return value
    }
}
