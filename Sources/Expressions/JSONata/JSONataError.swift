/// Why an expression can't be parsed or evaluated, with the code that the JSONata documentation gives the reason.
package struct JSONataError: Error, Sendable, Hashable {
    /// `S0xxx` for syntax, `T…` for types, `D…` for values, `U1001` for a bound of the evaluation.
    package var code: String
    /// What is wrong, as a sentence without the place.
    package var reason: String
    /// Where the token at fault ends, in Unicode code points from the start of the expression.
    package var position: Int?
    /// The token, function or variable at fault.
    package var token: String?

    package init(code: String, reason: String, position: Int? = nil, token: String? = nil) {
        self.code = code
        self.reason = reason
        self.position = position
        self.token = token
    }

    /// The code of an expression of Step Functions whose result can't be JSON, because it is or holds a function.
    package static let unsupportedResult = "unsupported-result"

    /// The code of what the library that AWS runs has no error of its own for; AWS tells no more of it.
    package static let internalError = "internal-error"

    /// The error with a place, unless it has a more exact one already.
    func located(at position: Int, token: String?) -> JSONataError {
        var error = self
        if error.position == nil { error.position = position }
        if error.token == nil { error.token = token }
        return error
    }

    /// Stops an evaluation that uses more than it may; no expression can catch it.
    static func bound(_ reason: String) -> JSONataError { JSONataError(code: "U1001", reason: reason) }
}

extension JSONataError: CustomStringConvertible {
    /// The code and the sentence, with the place where one is known.
    package var description: String {
        let place = position.map { " (at position \($0))" } ?? ""
        return "\(code): \(reason)\(place)"
    }

    /// The error for people: the sentence, the line of the expression, and a caret under the place.
    ///
    /// - Parameter expression: The text that was parsed.
    package func explained(in expression: String) -> String {
        guard let position else { return "\(code): \(reason)" }
        let scalars = Array(expression.unicodeScalars)
        let end = min(max(position, 0), scalars.count)
        let width = min(token?.unicodeScalars.count ?? 1, end)
        let caret = max(end - max(width, 1), 0)
        let start = scalars[..<caret].lastIndex(of: "\n").map { $0 + 1 } ?? 0
        let line = scalars[start...].prefix { $0 != "\n" }
        let number = scalars[..<start].count { $0 == "\n" } + 1
        let text = line.reduce(into: "") { $0.unicodeScalars.append($1.value < 0x20 ? " " : $1) }
        let indent = String(repeating: " ", count: caret - start)
        let marks = String(repeating: "^", count: max(width, 1))
        return "\(code): \(reason)\n  line \(number), column \(caret - start + 1)\n    \(text)\n    \(indent)\(marks)"
    }
}
