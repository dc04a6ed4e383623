/// Base64 and the escapes of web addresses.
extension Library {
    static let encodings: [NativeFunction?] = [
        ofString("base64encode") { Base64.encode($0.utf8) },
        ofString("base64decode") { (text) throws(JSONataError) in
            let plain = text.utf8.filter { byte in
                byte != UInt8(ascii: "=") && byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r")
            }
            return String(decoding: Base64.decode(plain) ?? [], as: UTF8.self)
        },
        ofString("encodeUrlComponent") { (text) throws(JSONataError) in
            try encoded(text, keeping: unreserved, "encodeUrlComponent")
        },
        ofString("encodeUrl") { (text) throws(JSONataError) in
            try encoded(text, keeping: unreserved.union(reserved), "encodeUrl")
        },
        ofString("decodeUrlComponent") { (text) throws(JSONataError) in
            try decoded(text, keeping: [], "decodeUrlComponent")
        },
        ofString("decodeUrl") { (text) throws(JSONataError) in try decoded(text, keeping: reserved, "decodeUrl") },
    ]

    private static let unreserved = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()".utf8
    )
    private static let reserved = Set(";/?:@&=+$,#".utf8)
    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func malformed(_ name: String, _ text: String) -> JSONataError {
        JSONataError(code: "D3140", reason: "$\(name) was given a malformed text", token: text)
    }

    private static func encoded(
        _ text: String,
        keeping kept: Set<UInt8>,
        _ name: String
    ) throws(JSONataError) -> String {
        guard !text.unicodeScalars.contains(where: Surrogates.isStandIn) else { throw malformed(name, text) }
        var output: [UInt8] = []
        for byte in text.utf8 {
            if kept.contains(byte) {
                output.append(byte)
            } else {
                output += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func decoded(
        _ text: String,
        keeping kept: Set<UInt8>,
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
            if kept.contains(byte) {
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
