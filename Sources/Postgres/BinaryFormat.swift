/// PostgreSQL's clock starts in 2000, everyone else's in 1970.
enum PostgresTime {
    private static let offset: Int64 = 946_684_800_000_000

    /// From microseconds since 1970 to the server's microseconds since 2000; what doesn't fit becomes an infinity.
    static func encode(_ microseconds: Int64) -> Int64 {
        guard microseconds != .max else { return .max }
        let (value, overflow) = microseconds.subtractingReportingOverflow(offset)
        return overflow ? .min : value
    }

    /// From the server's microseconds since 2000 to microseconds since 1970; infinities are the extremes of `Int64`.
    static func decode(_ value: Int64) -> Int64 {
        guard value != .min else { return .min }
        let (microseconds, overflow) = value.addingReportingOverflow(offset)
        return overflow ? .max : microseconds
    }
}

extension [UInt8] {
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    mutating func append(_ uuid: PGUUID) {
        append(bigEndian: uuid.high)
        append(bigEndian: uuid.low)
    }

    mutating func append(_ row: PGRowID) {
        append(bigEndian: row.block)
        append(bigEndian: row.offset)
    }

    /// The integer whose most significant byte is at `offset`; nil beyond the end.
    func bigEndian<I: FixedWidthInteger>(at offset: Int, as type: I.Type = I.self) -> I? {
        guard offset >= 0, count - offset >= MemoryLayout<I>.size else { return nil }
        return I(bigEndian: withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: I.self) })
    }
}
