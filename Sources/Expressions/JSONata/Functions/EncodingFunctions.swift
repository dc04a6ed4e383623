/// Base64 and the escapes of web addresses.
extension Library {
    static let encodings: [NativeFunction?] = [
        ofString("base64encode", stepsPerByte: 0.25) { Base64.encode($0.utf8) },
        ofString("base64decode", stepsPerByte: 0.25) { (text) throws(JSONataError) in
            let plain = text.utf8.filter { byte in
                byte != UInt8(ascii: "=") && byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r")
            }
            guard let bytes = Base64.decode(plain) else {
                throw JSONataError(code: JSONataError.internalError, reason: "the text is not Base64", token: text)
            }
            return String(decoding: bytes, as: UTF8.self)
        },
        ofString("encodeUrlComponent", stepsPerByte: 1) { (text) throws(JSONataError) in
            try encoded(text, keeping: unreserved, "encodeUrlComponent")
        },
        ofString("encodeUrl", stepsPerByte: 1) { (text) throws(JSONataError) in
            try encoded(text, keeping: notReserved, "encodeUrl")
        },
        ofString("decodeUrlComponent", stepsPerByte: 1) { (text) throws(JSONataError) in
            try decoded(text, keeping: table(of: ""), "decodeUrlComponent")
        },
        ofString("decodeUrl", stepsPerByte: 1) { (text) throws(JSONataError) in
            try decoded(text, keeping: reserved, "decodeUrl")
        },
    ]

    private static let unreserved = table(
        of: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()"
    )
    private static let reserved = table(of: ";/?:@&=+$,#")
    private static let notReserved = zip(unreserved, reserved).map { $0 || $1 }

    /// For every byte whether it is one of a text.
    private static func table(of text: String) -> [Bool] {
        var table = [Bool](repeating: false, count: 256)
        for byte in text.utf8 { table[Int(byte)] = true }
        return table
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func malformed(_ name: String, _ text: String) -> JSONataError {
        JSONataError(
            code: "D3140",
            reason: "Malformed URL passed to $\(name)(): \(Value.string(text).quoted)",
            token: text
        )
    }

    private static func encoded(
        _ text: String,
        keeping kept: [Bool],
        _ name: String
    ) throws(JSONataError) -> String {
        guard !text.unicodeScalars.contains(where: Surrogates.isStandIn) else { throw malformed(name, text) }
        var output: [UInt8] = []
        for byte in text.utf8 {
            if kept[Int(byte)] {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(digits[Int(byte >> 4)])
                output.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func decoded(
        _ text: String,
        keeping kept: [Bool],
        _ name: String
    ) throws(JSONataError) -> String {
        let bytes = Array(text.utf8)
        var output: [UInt8] = []
        var place = 0
        while place < bytes.count {
            guard bytes[place] == UInt8(ascii: "%") else {
                output.append(bytes[place])
                place += 1
                continue
            }
            guard place + 2 < bytes.count, let high = hexadecimal(bytes[place + 1]),
                let low = hexadecimal(bytes[place + 2])
            else { throw malformed(name, text) }
            let byte = high << 4 | low
            if kept[Int(byte)] {
                output += bytes[place..<place + 3]
            } else {
                output.append(byte)
            }
            place += 3
        }
        guard let result = String(validating: output, as: UTF8.self) else { throw malformed(name, text) }
        return result
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        guard byte < 0x80 else { return nil }
        return Character(Unicode.Scalar(byte)).hexDigitValue.flatMap { UInt8(exactly: $0) }
    }
}
