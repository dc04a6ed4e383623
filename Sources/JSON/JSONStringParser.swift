extension JSONParser {
    /// Reads the string whose opening quote stands here.
    ///
    /// A first pass finds the end and checks everything, so that the second, which copies, cannot fail.
    @inline(__always)
    mutating func parseString() throws(JSONFault) -> String {
        position += 1
        let start = position
        let saved = try skipStringContent()
        let raw = UnsafeBufferPointer(rebasing: text[start..<position])
        position += 1
        if saved == 0 { return String(decoding: raw, as: UTF8.self) }
        return String(unsafeUninitializedCapacity: raw.count - saved) { Self.unescape(raw, into: $0) }
    }

    /// Moves to the closing quote.
    ///
    /// - Returns: how many bytes shorter the string is than its escaped form.
    private mutating func skipStringContent() throws(JSONFault) -> Int {
        var saved = 0
        while true {
            skipPlainCharacters()
            guard position < text.count else { throw fault(.unterminatedString) }
            switch text[position] {
            case UInt8(ascii: "\""): return saved
            case UInt8(ascii: "\\"): saved += try skipEscape()
            case ..<0x20: throw fault(.controlCharacter)
            case 0x80... where !isValidUTF8: try skipMultibyteCharacter()
            default: position += 1
            }
        }
    }

    /// Moves over characters that stand for themselves, eight bytes at a time while there are so many.
    @inline(__always)
    private mutating func skipPlainCharacters() {
        let bytes = UnsafeRawBufferPointer(text)
        let checkedBits: UInt64 = isValidUTF8 ? 0 : .max
        while bytes.count - position >= 8 {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let marks = EightBytes.marks(word) | (word & checkedBits & EightBytes.highBits)
            guard marks == 0 else {
                position += marks.trailingZeroBitCount / 8
                return
            }
            position += 8
        }
    }

    /// Moves over a character of several bytes, checking that it is the shortest encoding of a Unicode scalar.
    private mutating func skipMultibyteCharacter() throws(JSONFault) {
        let first = text[position]
        // Only the second byte has limits that depend on the first (Unicode, table 3-7).
        let (length, second): (Int, ClosedRange<UInt8>)
        switch first {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw fault(.invalidUTF8)
        }
        guard text.count - position >= length, second.contains(text[position + 1]) else { throw fault(.invalidUTF8) }
        for index in 2..<max(length, 2) where text[position + index] & 0xC0 != 0x80 { throw fault(.invalidUTF8) }
        position += length
    }

    /// Moves over the escape sequence that starts here.
    ///
    /// - Returns: how many bytes shorter the character is than its escaped form.
    private mutating func skipEscape() throws(JSONFault) -> Int {
        let start = position
        position += 1
        guard position < text.count else { throw fault(.unterminatedString) }
        let letter = text[position]
        guard letter == UInt8(ascii: "u") else {
            guard Self.unescaped(letter) != nil else { throw fault(.escape) }
            position += 1
            return 1
        }
        let unit = try skipUnicodeEscape()
        var scalar = UInt32(unit)
        if UTF16.isLeadSurrogate(unit) {
            guard text.count - position >= 2, text[position] == UInt8(ascii: "\\"),
                text[position + 1] == UInt8(ascii: "u")
            else { throw fault(.loneSurrogate, at: start) }
            position += 1
            let low = try skipUnicodeEscape()
            guard UTF16.isTrailSurrogate(low) else { throw fault(.loneSurrogate, at: start) }
            scalar = Self.join(unit, low)
        } else if UTF16.isTrailSurrogate(unit) {
            throw fault(.loneSurrogate, at: start)
        }
        return position - start - Self.utf8Length(scalar)
    }

    /// Moves over a `u` and the four digits behind it.
    private mutating func skipUnicodeEscape() throws(JSONFault) -> UInt16 {
        position += 1
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard position < text.count else { throw fault(.unterminatedString) }
            guard let digit = Self.hexadecimalDigit(text[position]) else { throw fault(.unicodeEscape) }
            unit = unit << 4 | digit
            position += 1
        }
        return unit
    }

    /// Copies the content of a checked string, escapes replaced.
    ///
    /// - Returns: the number of bytes written.
    private static func unescape(
        _ raw: UnsafeBufferPointer<UInt8>,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        var read = 0
        var written = 0
        func put(_ byte: UInt8) {
            output[written] = byte
            written += 1
        }
        func readUnit() -> UInt16 {
            var unit: UInt16 = 0
            for digit in raw[read..<read + 4] { unit = unit << 4 | (hexadecimalDigit(digit) ?? 0) }
            read += 4
            return unit
        }
        while read < raw.count {
            let byte = raw[read]
            read += 1
            guard byte == UInt8(ascii: "\\") else {
                put(byte)
                continue
            }
            let letter = raw[read]
            read += 1
            if let character = unescaped(letter) {
                put(character)
                continue
            }
            let unit = readUnit()
            var scalar = UInt32(unit)
            if UTF16.isLeadSurrogate(unit) {
                read += 2
                scalar = join(unit, readUnit())
            }
            for byte in UTF8.encode(Unicode.Scalar(scalar) ?? "\u{FFFD}") ?? UTF8.encodedReplacementCharacter {
                put(byte)
            }
        }
        return written
    }

    /// The character that a letter stands for behind a backslash; nil for `u` and for what is no escape.
    @inline(__always)
    private static func unescaped(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    private static func join(_ high: UInt16, _ low: UInt16) -> UInt32 {
        0x10000 + (UInt32(high & 0x3FF) << 10 | UInt32(low & 0x3FF))
    }

    private static func utf8Length(_ scalar: UInt32) -> Int {
        switch scalar {
        case ..<0x80: 1
        case ..<0x800: 2
        case ..<0x10000: 3
        default: 4
        }
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
