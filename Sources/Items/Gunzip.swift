internal import CZlib

/// Unpacks what gzip has packed, piece by piece: no more is in memory than a piece of either.
package final class Gunzip {
    private static let partBytes = 256 << 10

    /// zlib remembers where its stream lies, so it has a place of its own.
    private let stream: UnsafeMutablePointer<z_stream>
    private var input: [UInt8] = []
    private var offset = 0
    /// Files may follow each other; between them the end is no surprise.
    private var isAtEnd = false

    package init() throws(ItemError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, and 16 for gzip's header instead of zlib's.
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            throw ItemError("There is no memory to unpack the file.")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Whether a file begins as gzip's do.
    package static func canRead(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// Takes the next packed bytes, once ``next()`` has answered nil for those before.
    package func load(_ bytes: [UInt8]) {
        input = bytes
        offset = 0
    }

    /// The next unpacked bytes; nil: more packed ones are needed.
    package func next() throws(ItemError) -> [UInt8]? {
        while true {
            if isAtEnd {
                guard offset < input.count else { return nil }
                guard inflateReset(stream) == Z_OK else { throw Self.damaged }
                isAtEnd = false
            }
            let (output, result) = inflateSome()
            guard [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(result) else { throw Self.damaged }
            isAtEnd = result == Z_STREAM_END
            if !output.isEmpty { return output }
            // Without progress nothing more can come of these bytes.
            if !isAtEnd, offset == input.count || result == Z_BUF_ERROR { return nil }
        }
    }

    private func inflateSome() -> (output: [UInt8], result: Int32) {
        var result = Z_OK
        let output = [UInt8](unsafeUninitializedCapacity: Self.partBytes) { buffer, count in
            input.withUnsafeMutableBufferPointer { packed in
                guard let start = packed.baseAddress else { return }
                stream.pointee.next_in = start + offset
                stream.pointee.avail_in = UInt32(clamping: packed.count - offset)
                stream.pointee.next_out = buffer.baseAddress
                stream.pointee.avail_out = UInt32(clamping: buffer.count)
                result = inflate(stream, Z_NO_FLUSH)
                offset = packed.count - Int(stream.pointee.avail_in)
                count = buffer.count - Int(stream.pointee.avail_out)
            }
        }
        return (output, result)
    }

    /// The packed bytes have ended.
    package func finish() throws(ItemError) {
        guard isAtEnd, offset == input.count else { throw ItemError("The packed file ends too early.") }
    }

    private static let damaged = ItemError("The packed file is damaged.")
}
