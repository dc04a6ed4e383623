extension JSONParser {
    /// Reads the number that starts here with `-` or a digit.
    mutating func parseNumber() throws(JSONFault) -> JSONNumber {
        let start = position
        let isNegative = text[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }

        let firstDigit = position
        // Held negative, since Int64 reaches one further down than up.
        var value: Int64 = 0
        var overflows = false
        while let digit = digit() {
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (difference, tooLow) = product.subtractingReportingOverflow(Int64(digit))
            overflows = overflows || tooLarge || tooLow
            value = difference
            position += 1
        }
        guard position > firstDigit else { throw fault(.digitAfterMinus) }
        if text[firstDigit] == UInt8(ascii: "0") && position > firstDigit + 1 {
            throw fault(.leadingZero, at: firstDigit)
        }

        let isWhole = try !skipFractionAndExponent()
        if isWhole && !overflows {
            if !isNegative && value != .min { return JSONNumber(-value) }
            if isNegative && value != 0 { return JSONNumber(value) }
        }
        return JSONNumber(uncheckedText: String(decoding: text[start..<position], as: UTF8.self))
    }

    /// Whether there was one.
    private mutating func skipFractionAndExponent() throws(JSONFault) -> Bool {
        let start = position
        if position < text.count, text[position] == UInt8(ascii: ".") {
            position += 1
            guard skipDigits() else { throw fault(.digitAfterPoint) }
        }
        if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < text.count, text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-") {
                position += 1
            }
            guard skipDigits() else { throw fault(.digitAfterExponent) }
        }
        return position > start
    }

    /// Whether there was at least one.
    private mutating func skipDigits() -> Bool {
        let start = position
        while digit() != nil { position += 1 }
        return position > start
    }

    /// The value of the digit that stands here.
    @inline(__always)
    private func digit() -> UInt8? {
        guard position < text.count else { return nil }
        let value = text[position] &- UInt8(ascii: "0")
        return value < 10 ? value : nil
    }
}
