import JSON

extension Intrinsic {
    /// Splits at every character of the second argument; empty parts are left out.
    static func split(_ arguments: IntrinsicArguments) throws(IntrinsicFailure) -> JSONValue {
        let text = try arguments.string(0)
        let delimiters = Set(try arguments.string(1).unicodeScalars)
        let parts = text.unicodeScalars.split { delimiters.contains($0) }
        return .array(parts.map { .string(String($0)) })
    }

    /// Fills the `{}` of the first argument with the others; `\{`, `\}`, `\'` and `\\` stand for the second character.
    static func format(_ arguments: IntrinsicArguments) throws(IntrinsicFailure) -> JSONValue {
        let template = Array(try arguments.string(0).utf8)
        var result = ""
        var literal: [UInt8] = []
        var next = 1
        var place = 0
        while place < template.count {
            let byte = template[place]
            let following = place + 1 < template.count ? template[place + 1] : nil
            place += 1
            if byte == UInt8(ascii: "\\") {
                guard let following else {
                    throw IntrinsicFailure(reason: "The first argument ends in an unfinished escape.")
                }
                if "'{}\\".utf8.contains(following) {
                    literal.append(following)
                    place += 1
                } else {
                    literal.append(byte)
                }
            } else if byte == UInt8(ascii: "{"), following == UInt8(ascii: "}") {
                place += 1
                result += String(decoding: literal, as: UTF8.self)
                literal.removeAll(keepingCapacity: true)
                guard next < arguments.values.count else {
                    throw IntrinsicFailure(reason: "The first argument has more placeholders than there are values.")
                }
                guard arguments.values[next].appendAsJava(to: &result, limit: JSONValue.sizeLimit) else {
                    throw IntrinsicFailure(reason: "The result would be too large to be written as text.")
                }
                next += 1
            } else {
                literal.append(byte)
            }
        }
        guard next == arguments.values.count else {
            throw IntrinsicFailure(reason: "The first argument has fewer placeholders than there are values.")
        }
        return .string(result + String(decoding: literal, as: UTF8.self))
    }
}
