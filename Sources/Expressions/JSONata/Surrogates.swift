/// Halves of surrogate pairs, which JavaScript's strings can hold and Swift's can't. They are kept as code points of a
/// private plane, in order and one for one, so that they can be carried along and be recognised.
package enum Surrogates {
    private static let base: UInt32 = 0x10_F000
    private static let halves: ClosedRange<UInt32> = 0xD800...0xDFFF

    /// What stands for half a pair.
    static func standIn(for unit: UInt32) -> Unicode.Scalar? {
        halves.contains(unit) ? Unicode.Scalar(base + unit - halves.lowerBound) : nil
    }

    /// Whether a code point stands for half a pair.
    static func isStandIn(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= base && scalar.value - base <= halves.upperBound - halves.lowerBound
    }

    /// A JSON text whose escapes of lone halves are replaced by their stand-ins, so that it can be parsed.
    package static func replaceEscapes(in json: String) -> String {
        let bytes = Array(json.utf8)
        guard bytes.contains(UInt8(ascii: "\\")) else { return json }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var place = 0
        while place < bytes.count {
            guard bytes[place] == UInt8(ascii: "\\"), place + 1 < bytes.count else {
                output.append(bytes[place])
                place += 1
                continue
            }
            guard let unit = escape(in: bytes, at: place), halves.contains(unit) else {
                output += bytes[place...place + 1]
                place += 2
                continue
            }
            if unit < 0xDC00, let low = escape(in: bytes, at: place + 6), (0xDC00...0xDFFF).contains(low) {
                output += bytes[place..<place + 12]
                place += 12
            } else {
                if let scalar = standIn(for: unit) { output += Array(String(scalar).utf8) }
                place += 6
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func escape(in bytes: [UInt8], at place: Int) -> UInt32? {
        guard place + 6 <= bytes.count, bytes[place] == UInt8(ascii: "\\"), bytes[place + 1] == UInt8(ascii: "u") else {
            return nil
        }
        return UInt32(String(decoding: bytes[place + 2..<place + 6], as: UTF8.self), radix: 16)
    }
}
