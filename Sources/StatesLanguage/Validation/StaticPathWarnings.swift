import JSON

/// Warnings about constants that look as if they were meant to be evaluated.
extension FieldReader {
    /// A template's value that looks like a path or an intrinsic under a key without `.$`: it is passed on as text.
    func warnOfMissingDollars(in template: JSONValue, field: Place) {
        template.forEachString(at: field) { key, text, place in
            guard !key.hasSuffix(".$"), looksLikeExpression(text) else { return }
            findings.warning(
                code: .noDollar,
                "No '.$' on field '\(key)', whose value appears to be a JSONPath or an intrinsic function",
                at: field,
                exactly: place
            )
        }
    }

    /// A constant that looks like a path, in a field that has a `…Path` form.
    func warnOfMissingPath(_ name: String) {
        guard let text = object[name]?.string, looksLikePath(text) else { return }
        findings.warning(
            code: .noPath,
            "The value of field '\(name)' looks like a path, but the field's name does not end with 'Path'",
            at: place.field(name)
        )
    }

    /// Paths in the `Result` of a Pass: they are not evaluated.
    func warnOfStaticResult() {
        guard let result = object["Result"] else { return }
        let field = place.field("Result")
        result.forEachString(at: field) { key, text, place in
            guard looksLikeExpression(text) else { return }
            findings.warning(
                code: .passResultIsStatic,
                "The Result of a Pass is static: the path in field '\(key)' is not evaluated",
                at: field,
                exactly: place,
                hint: "use Parameters"
            )
        }
    }
}

private func looksLikePath(_ text: String) -> Bool {
    text == "$" || text == "$$" || text.hasPrefix("$.") || text.hasPrefix("$[") || text.hasPrefix("$$.")
}

private func looksLikeExpression(_ text: String) -> Bool {
    looksLikePath(text) || (text.hasPrefix("States.") && text.hasSuffix(")") && text.utf8.contains(UInt8(ascii: "(")))
}

extension JSONValue {
    /// Calls `body` with every string in the value, the key it stands under and its place. The depth of a parsed value
    /// is bounded, so recursion is.
    fileprivate func forEachString(at place: Place, _ body: (_ key: String, _ text: String, Place) -> Void) {
        switch self {
        case .object(let object):
            for (key, value) in object {
                if case .string(let text) = value {
                    body(key, text, place.field(key))
                } else {
                    value.forEachString(at: place.field(key), body)
                }
            }
        case .array(let array):
            for (index, value) in array.enumerated() {
                if case .string(let text) = value {
                    body("[\(index)]", text, place.item(index))
                } else {
                    value.forEachString(at: place.item(index), body)
                }
            }
        case .null, .bool, .number, .string: return
        }
    }
}
