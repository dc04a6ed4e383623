import CLibpq

/// The arrays in which libpq takes parameters, kept between statements so that sending allocates nothing.
struct ParameterBuffers {
    private var values: [UnsafePointer<CChar>?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    /// Hands a statement to libpq, which copies it; false if libpq refused.
    mutating func send(
        _ statement: EncodedStatement,
        as use: PreparedStatements.Use,
        over pointer: OpaquePointer
    ) -> Bool {
        let count = Int32(statement.ends.count)
        return statement.bytes.withUnsafeBytes { bytes in
            point(into: bytes, ends: statement.ends)
            return switch use {
            case .named(let name):
                PQsendQueryPrepared(pointer, name, count, values, lengths, formats, 1) == 1
            case .unnamed, .prepare:
                PQsendQueryParams(
                    pointer,
                    statement.sql,
                    count,
                    statement.key.types,
                    values,
                    lengths,
                    formats,
                    1
                ) == 1
            }
        }
    }

    private mutating func point(into bytes: UnsafeRawBufferPointer, ends: [Int32?]) {
        values.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        formats.removeAll(keepingCapacity: true)
        var start: Int32 = 0
        for end in ends {
            formats.append(1)
            guard let end else {
                values.append(nil)
                lengths.append(0)
                continue
            }
            // An empty value still needs an address: none means null.
            values.append(bytes.baseAddress.map { $0.assumingMemoryBound(to: CChar.self) + Int(start) } ?? Self.empty)
            lengths.append(end - start)
            start = end
        }
    }

    /// The address of nothing, for a statement whose values are all empty. Nobody reads or writes there, so threads may
    /// share it.
    private static nonisolated(unsafe) let empty = UnsafePointer(UnsafeMutablePointer<CChar>.allocate(capacity: 1))
}
