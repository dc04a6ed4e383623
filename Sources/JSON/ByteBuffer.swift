/// Bytes that grow at the end, with one check of the capacity per piece instead of one per byte.
struct ByteBuffer: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private var count = 0

    init(capacity: Int) {
        self.capacity = max(capacity, 1)
        base = .allocate(byteCount: self.capacity, alignment: 8)
    }

    deinit { base.deallocate() }

    var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        reserve(1)
        put(byte)
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends the decimal digits of a number.
    mutating func append(_ integer: Int64) {
        reserve(20)
        var rest = integer.magnitude
        if integer < 0 { put(UInt8(ascii: "-")) }
        var length = 1
        var limit: UInt64 = 10
        while length < 19 && rest >= limit {
            length += 1
            limit &*= 10
        }
        var position = count + length
        count = position
        repeat {
            position -= 1
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            base.storeBytes(
                of: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit),
                toByteOffset: position,
                as: UInt8.self
            )
            rest = quotient
        } while rest > 0
    }

    /// Appends a line feed and the indentation of a depth.
    mutating func appendLine(depth: Int) {
        reserve(1 + 2 * depth)
        put(UInt8(ascii: "\n"))
        for _ in 0..<2 * depth { put(UInt8(ascii: " ")) }
    }

    /// Appends a JSON string: quotes, and escapes where JSON demands them.
    @inline(__always)
    mutating func appendQuoted(_ text: UnsafeBufferPointer<UInt8>) {
        let bytes = UnsafeRawBufferPointer(text)
        reserve(bytes.count + 2)
        put(UInt8(ascii: "\""))
        var read = 0
        while bytes.count - read >= 8 {
            let word = bytes.loadUnaligned(fromByteOffset: read, as: UInt64.self)
            guard EightBytes.marks(UInt64(littleEndian: word)) == 0 else { break }
            base.storeBytes(of: word, toByteOffset: count, as: UInt64.self)
            count += 8
            read += 8
        }
        while read < bytes.count {
            let byte = bytes[read]
            guard byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") else {
                appendEscaped(UnsafeRawBufferPointer(rebasing: bytes[read...]))
                break
            }
            put(byte)
            read += 1
        }
        append(UInt8(ascii: "\""))
    }

    /// Appends the rest of a string, from its first character on that is escaped.
    @inline(never)
    private mutating func appendEscaped(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            reserve(6)
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): putEscape(byte)
            case 0x08: putEscape(UInt8(ascii: "b"))
            case 0x0C: putEscape(UInt8(ascii: "f"))
            case 0x0A: putEscape(UInt8(ascii: "n"))
            case 0x0D: putEscape(UInt8(ascii: "r"))
            case 0x09: putEscape(UInt8(ascii: "t"))
            case ..<0x20:
                putEscape(UInt8(ascii: "u"))
                put(UInt8(ascii: "0"))
                put(UInt8(ascii: "0"))
                put(UInt8(ascii: "0") + byte >> 4)
                put((byte & 0xF < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10) + byte & 0xF)
            default: put(byte)
            }
        }
    }

    @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count)
        UnsafeMutableRawBufferPointer(start: base + count, count: bytes.count).copyMemory(from: bytes)
        count += bytes.count
    }

    private mutating func putEscape(_ letter: UInt8) {
        put(UInt8(ascii: "\\"))
        put(letter)
    }

    /// Writes where ``reserve(_:)`` has made room.
    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    @inline(__always)
    private mutating func reserve(_ additional: Int) {
        if capacity - count < additional { grow(by: additional) }
    }

    @inline(never)
    private mutating func grow(by additional: Int) {
        capacity = max(capacity * 2, count + additional)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
        larger.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = larger
    }
}
