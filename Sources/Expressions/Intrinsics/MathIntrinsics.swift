import JSON

extension Intrinsic {
    static func sum(_ arguments: IntrinsicArguments) throws(IntrinsicFailure) -> JSONValue {
        .number(JSONNumber(try arguments.integer(0) + arguments.integer(1)))
    }

    /// A number from the first argument up to but without the second; the same one for the same seed.
    static func randomNumber(
        _ arguments: IntrinsicArguments,
        random: inout some RandomNumberGenerator
    ) throws(IntrinsicFailure) -> JSONValue {
        let start = try arguments.integer(0)
        let end = try arguments.integer(1)
        guard start < end else {
            throw IntrinsicFailure(
                reason: "The first argument must be less than the second but they were \(start) and \(end)."
            )
        }
        guard arguments.values.count == 3 else {
            return .number(JSONNumber(Int.random(in: start..<end, using: &random)))
        }
        var seeded = JavaRandom(seed: Int64(try arguments.integer(2)))
        return .number(JSONNumber(seeded.nextInteger(in: start..<end)))
    }

    /// A random (version 4) UUID.
    package static func uuid(random: inout some RandomNumberGenerator) -> String {
        let high = random.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits = hexadecimal(high) + hexadecimal(low)
        var text = ""
        for (place, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(place) { text += "-" }
            text.append(digit)
        }
        return text
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
