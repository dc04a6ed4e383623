import Expressions
import JSON
import Testing

/// One line of a table: an expression and what it gives, as JSON; nil for nothing, `!CODE` for an error.
struct JSONataRow: CustomTestStringConvertible, Sendable {
    let expression: String
    let expected: String?

    init(_ expression: String, _ expected: String?) {
        self.expression = expression
        self.expected = expected
    }

    var testDescription: String { expression }

    /// Evaluates the expression on a document and compares.
    func check(_ document: JSONValue? = nil, dialect: JSONataDialect = .stepFunctions) {
        var answer: String?
        do throws(JSONataError) {
            answer = try JSONata(expression, dialect: dialect).result(document)?.text
        } catch {
            answer = "!" + error.code
        }
        #expect(answer == expected, "\(expression)")
    }
}

/// A long text with a short name.
struct LongText: CustomTestStringConvertible, Sendable {
    let text: String
    var testDescription: String { "\(text.prefix(20))… of \(text.unicodeScalars.count)" }
}

extension JSONata {
    /// The result at a fixed moment, on a clock that stands still: the machine may be slow, the counted bounds are not.
    func result(
        _ input: JSONValue? = nil,
        bindings: [String: JSONValue] = [:],
        bounds: JSONataBounds = JSONataBounds()
    ) throws(JSONataError) -> JSONValue? {
        // 2023-11-14T22:13:20.123Z
        let now = Timestamp(microseconds: 1_700_000_000_123_000)
        return try evaluate(
            input: input,
            bindings: bindings,
            environment: JSONataEnvironment(now: now, elapsed: { .zero }),
            bounds: bounds
        )
    }
}
