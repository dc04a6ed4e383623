internal import Glibc

/// Functions on numbers.
extension Library {
    static let numbers: [NativeFunction?] = [
        define("number", "<(nsb)-:n>", arity: 1) { (_, arguments) throws(JSONataError) in
            switch arguments[0] {
            case .undefined: return .undefined
            case .bool(let bool): return .number(bool ? 1 : 0)
            case .string(let text):
                guard let number = number(text), number.isFinite else {
                    throw JSONataError(
                        code: "D3030",
                        reason: "Unable to cast value to a number: \(Value.string(text).quoted)",
                        token: "number"
                    )
                }
                return .number(number)
            default: return arguments[0]
            }
        },
        ofNumber("floor") { $0.rounded(.down) },
        ofNumber("ceil") { $0.rounded(.up) },
        ofNumber("abs") { $0.magnitude },
        ofNumber("sqrt") { (number) throws(JSONataError) in
            guard number >= 0 else {
                throw JSONataError(
                    code: "D3060",
                    reason: "The sqrt function cannot be applied to a negative number: \(number: number)"
                )
            }
            return number.squareRoot()
        },
        define("round", "<n-n?:n>", arity: 2) { (_, arguments) in
            guard let number = arguments.number(0) else { return .undefined }
            return .number(rounded(number, places: arguments.number(1) ?? 0))
        },
        define("power", "<n-n:n>", arity: 2) { (_, arguments) throws(JSONataError) in
            guard let base = arguments.number(0) else { return .undefined }
            let exponent = arguments.number(1) ?? .nan
            let power = pow(base, exponent)
            guard power.isFinite else {
                throw JSONataError(
                    code: "D3061",
                    reason: "The power function has resulted in a value that cannot be represented as a JSON number:"
                        + " base=\(number: base), exponent=\(number: exponent)"
                )
            }
            return .number(power)
        },
    ]

    static let standardRandom = define("random", "<:n>", arity: 0) { (evaluator, _) in
        .number(Double.random(in: 0..<1, using: &evaluator.random))
    }

    /// The number that a text says: decimal as in JSON, where zeros may stand in front, or `0x`, `0o`, `0b` and digits.
    static func number(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        if bytes.count > 2, bytes[0] == UInt8(ascii: "0") {
            let radix: Int? =
                switch bytes[1] | 0x20 {
                case UInt8(ascii: "x"): 16
                case UInt8(ascii: "o"): 8
                case UInt8(ascii: "b"): 2
                default: nil
                }
            if let radix {
                var value = 0.0
                for byte in bytes.dropFirst(2) {
                    guard byte < 0x80, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < radix else {
                        return nil
                    }
                    value = value * Double(radix) + Double(digit)
                }
                return value
            }
        }
        var rest = bytes[...]
        func digits() -> Int {
            let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        guard digits() > 0 else { return nil }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return nil }
        }
        if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard digits() > 0 else { return nil }
        }
        return rest.isEmpty ? Double(text) : nil
    }

    /// The number rounded to so many decimal places, halves to the even neighbour; the point is moved in the text, so
    /// that moving it changes nothing else.
    static func rounded(_ number: Double, places: Double) -> Double {
        guard number.isFinite else { return number }
        let places = Int(exactly: places.rounded(.towardZero)) ?? 0
        guard places != 0 else { return number.rounded(.toNearestOrEven) + 0 }
        let shifted = moved(number, by: places)
        guard shifted.isFinite else { return number }
        return moved(shifted.rounded(.toNearestOrEven), by: -places) + 0
    }

    private static func moved(_ number: Double, by places: Int) -> Double {
        let parts = number.description.split(separator: "e")
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let (sum, overflow) = exponent.addingReportingOverflow(places)
        return overflow ? number : Double("\(parts[0])e\(sum)") ?? number
    }
}
