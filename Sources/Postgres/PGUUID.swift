/// A UUID as PostgreSQL stores it: 16 bytes, ordered like the column that holds it.
package struct PGUUID: Sendable, Hashable {
    /// The first eight bytes, most significant first.
    package let high: UInt64
    /// The last eight bytes, most significant first.
    package let low: UInt64

    /// Takes the 16 bytes as two big-endian halves.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An RFC 9562 version 7 UUID: 48 bits of milliseconds since 1970, then random bits, so that ids made later sort
    /// later (to the millisecond). Times before 1970 count as 1970.
    package static func v7(
        microseconds: Int64,
        using generator: inout some RandomNumberGenerator
    ) -> PGUUID {
        let milliseconds = UInt64(max(0, microseconds)) / 1000
        let randomHigh = UInt64(truncatingIfNeeded: generator.next()) & 0x0FFF
        let randomLow = generator.next() & 0x3FFF_FFFF_FFFF_FFFF
        return PGUUID(high: milliseconds << 16 | 0x7000 | randomHigh, low: 0x8000_0000_0000_0000 | randomLow)
    }

    /// An RFC 9562 version 4 UUID: random bits from the system, nothing else.
    package static func v4() -> PGUUID {
        var generator = SystemRandomNumberGenerator()
        return PGUUID(
            high: generator.next() & ~0xF000 | 0x4000,
            low: generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        )
    }

    /// An RFC 9562 version 7 UUID whose random bits come from the system.
    package static func v7(microseconds: Int64) -> PGUUID {
        var generator = SystemRandomNumberGenerator()
        return v7(microseconds: microseconds, using: &generator)
    }
}

extension PGUUID: Comparable {
    /// Byte by byte, as PostgreSQL compares.
    package static func < (left: PGUUID, right: PGUUID) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}

extension PGUUID: LosslessStringConvertible {
    /// Takes the canonical form of 36 characters with hyphens, in either case, and nothing else.
    package init?(_ description: String) {
        var halves: (UInt64, UInt64) = (0, 0)
        var index = 0
        for byte in description.utf8 {
            switch index {
            case 8, 13, 18, 23:
                guard byte == UInt8(ascii: "-") else { return nil }
            case ..<36:
                guard let digit = hexDigit(byte) else { return nil }
                if index < 18 {
                    halves.0 = halves.0 << 4 | digit
                } else {
                    halves.1 = halves.1 << 4 | digit
                }
            default:
                return nil
            }
            index += 1
        }
        guard index == 36 else { return nil }
        self.init(high: halves.0, low: halves.1)
    }

    /// The canonical form: lower case, 36 characters.
    package var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var nibble = 0
            for position in 0..<36 {
                switch position {
                case 8, 13, 18, 23:
                    buffer[position] = UInt8(ascii: "-")
                default:
                    let half = nibble < 16 ? high : low
                    let digit = UInt8(truncatingIfNeeded: half >> UInt64(60 - nibble % 16 * 4)) & 0xF
                    buffer[position] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                    nibble += 1
                }
            }
            return 36
        }
    }
}

private func hexDigit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
}
