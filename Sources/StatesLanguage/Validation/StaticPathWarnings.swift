import JSON

/// Warnings about constants that look as if they were meant to be evaluated.
extension FieldReader {
    /// A template's value that looks like a path or an intrinsic under a key without `.$`: it is passed on as text.
    func warnOfMissingDollars(in template: JSONValue, field: Place) {
        var steps = field.steps
        template.forEachString(&steps) { key, text, steps in
            guard !key.hasSuffix(".$"), looksLikeExpression(text) else { return }
            findings.warning(
                code: .noDollar,
                "No '.$' on field '\(key)', whose value appears to be a JSONPath or an intrinsic function",
                at: field,
                exactly: Place(steps)
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
        var steps = field.steps
        result.forEachString(&steps) { key, text, steps in
            guard looksLikeExpression(text) else { return }
            findings.warning(
                code: .passResultIsStatic,
                "The Result of a Pass is static: the path in field '\(key)' is not evaluated",
                at: field,
                exactly: Place(steps),
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
    /// Calls `body` with every string in the value, the key it stands under and the way to it. The depth of a parsed
    /// value is bounded, so recursion is.
    fileprivate func forEachString(
        _ steps: inout [Place.Step],
        _ body: (_ key: String, _ text: String, _ steps: [Place.Step]) -> Void
    ) {
        switch self {
        case .object(let object):
            for (key, value) in object {
                steps.append(.key(key))
                if case .string(let text) = value { body(key, text, steps) } else { value.forEachString(&steps, body) }
                steps.removeLast()
            }
        case .array(let array):
            for (index, value) in array.enumerated() {
                steps.append(.index(index))
                if case .string(let text) = value {
                    body("[\(index)]", text, steps)
                } else {
                    value.forEachString(&steps, body)
                }
                steps.removeLast()
            }
        case .null, .bool, .number, .string: return
        }
    }
}
