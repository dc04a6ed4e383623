import JSON

/// Values in the words of error sentences and of `States.Format`.
extension JSONValue {
    /// What sort of value this is, with its article.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// Appends the value as Java prints it (`{Id=1, Name=x}`, `[1, 2]`), which is what `States.Format` does.
    ///
    /// - Returns: False once the text has outgrown the limit in bytes, or the value the depth of a document; the text is
    ///   incomplete then.
    func appendAsJava(to text: inout String, limit: Int, depth: Int = 0) -> Bool {
        guard depth <= Self.depthLimit else { return false }
        switch self {
        case .null: text += "null"
        case .bool(let bool): text += bool ? "true" : "false"
        case .number(let number): text += number.text
        case .string(let string): text += string
        case .array(let elements):
            text += "["
            for (position, element) in elements.enumerated() {
                if position > 0 { text += ", " }
                guard element.appendAsJava(to: &text, limit: limit, depth: depth + 1) else { return false }
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (position, member) in members.enumerated() {
                if position > 0 { text += ", " }
                text += member.key
                text += "="
                guard member.value.appendAsJava(to: &text, limit: limit, depth: depth + 1) else { return false }
            }
            text += "}"
        }
        return text.utf8.count <= limit
    }

    /// The value as Java prints it, cut off after ``excerptLimit`` bytes.
    var excerptAsJava: String {
        var text = ""
        return appendAsJava(to: &text, limit: Self.excerptLimit) ? text : text.cut(Self.excerptLimit)
    }

    /// The value as JSON, cut off after ``excerptLimit`` bytes, for sentences that quote it.
    var excerpt: String {
        isWritable(bytes: Self.sizeLimit) ? text.cut(Self.excerptLimit) : "…"
    }

    /// How much of a value an error sentence shows, so that the cause stays below AWS's 32,768 characters.
    static let excerptLimit = 30_000

    /// The largest value that is turned into text, in bytes: the largest payload.
    static let sizeLimit = 16 * 1024 * 1024
}

extension String {
    fileprivate func cut(_ limit: Int) -> String {
        utf8.count <= limit ? self : String(decoding: utf8.prefix(limit), as: UTF8.self) + "…"
    }
}
