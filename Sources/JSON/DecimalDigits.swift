/// A decimal number taken apart: `0.digits × 10^exponent`, the first and last digit not zero, no digits for zero.
struct DecimalDigits {
    let isNegative: Bool
    /// Values 0 to 9.
    let digits: ArraySlice<UInt8>
    let exponent: Int

    /// Takes apart a JSON number or the description of a finite floating-point number.
    init(_ text: String) {
        var digits: [UInt8] = []
        var isNegative = false
        var isExponentNegative = false
        var wholeDigits: Int?
        var exponent: Int?
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-") where exponent == nil: isNegative = true
            case UInt8(ascii: "-"): isExponentNegative = true
            case UInt8(ascii: "."): wholeDigits = digits.count
            case UInt8(ascii: "e"), UInt8(ascii: "E"): exponent = 0
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let digit = byte - UInt8(ascii: "0")
                guard let current = exponent else {
                    digits.append(digit)
                    continue
                }
                // Larger than the digits of any text can make up for.
                exponent = min(current * 10 + Int(digit), Self.exponentLimit)
            default: break
            }
        }
        let leadingZeros = digits.prefix { $0 == 0 }.count
        let end = digits.lastIndex { $0 != 0 } ?? leadingZeros - 1
        self.isNegative = isNegative
        self.digits = digits[leadingZeros..<end + 1]
        self.exponent =
            (wholeDigits ?? digits.count) - leadingZeros + (isExponentNegative ? -1 : 1) * (exponent ?? 0)
    }

    private static let exponentLimit = 1_000_000_000_000_000

    /// The number as an integer, if it is one and the type can hold it.
    func exactly<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer? {
        // No type in use has more digits, so the loop below is short.
        guard digits.count <= exponent, exponent <= Integer.bitWidth else { return digits.isEmpty ? 0 : nil }
        var value: Integer = 0
        for position in 0..<exponent {
            let digit = position < digits.count ? digits[digits.startIndex + position] : 0
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, tooFar) =
                isNegative
                ? product.subtractingReportingOverflow(Integer(digit)) : product.addingReportingOverflow(Integer(digit))
            if tooLarge || tooFar { return nil }
            value = sum
        }
        return value
    }

    /// The number as JavaScript's `Number.prototype.toString` arranges it; zero keeps its sign.
    var javaScriptText: String {
        let sign = isNegative ? "-" : ""
        guard let first = digits.first else { return sign + "0" }
        if exponent >= digits.count && exponent <= 21 {
            return sign + text(digits) + zeros(exponent - digits.count)
        }
        if exponent >= 1 && exponent <= 21 {
            return sign + text(digits.prefix(exponent)) + "." + text(digits.dropFirst(exponent))
        }
        if exponent >= -5 && exponent <= 0 {
            return sign + "0." + zeros(-exponent) + text(digits)
        }
        let fraction = digits.count > 1 ? "." + text(digits.dropFirst()) : ""
        let power = exponent - 1
        return "\(sign)\(first)\(fraction)e\(power < 0 ? "-" : "+")\(power.magnitude)"
    }

    private func text(_ digits: ArraySlice<UInt8>) -> String {
        String(decoding: digits.lazy.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
    }

    private func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }
}
