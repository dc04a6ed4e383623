import Expressions
import JSON
import Testing

/// One line of a table: an expression over a document gives a value, or fails with an error and its cause.
struct Row: Sendable, CustomTestStringConvertible {
    enum Expected: Sendable, Equatable {
        case gives(String)
        case fails(String, String)
    }

    let expression: String
    let document: String
    let expected: Expected

    init(_ expression: String, _ document: String = "{}", gives value: String) {
        self.expression = expression
        self.document = document
        expected = .gives(value)
    }

    init(_ expression: String, _ document: String = "{}", error: String = "States.Runtime", cause: String) {
        self.expression = expression
        self.document = document
        expected = .fails(error, cause)
    }

    var testDescription: String { "\(expression) | \(document.prefix(60))" }

    /// Evaluates with the document as `$` and compares.
    func check(
        context: String = "{}",
        variables: [String: JSONValue] = [:],
        _ evaluate: (Scope) throws(ExpressionError) -> JSONValue
    ) throws {
        let scope = Scope(
            input: try JSONValue(parsing: document),
            context: try JSONValue(parsing: context),
            variables: variables
        )
        let outcome: Expected
        do throws(ExpressionError) {
            outcome = .gives(try evaluate(scope).text)
        } catch {
            outcome = .fails(error.error, error.cause)
        }
        #expect(outcome == expected)
    }
}

/// A generator whose numbers are known: 0, 1, 2 …
struct Counting: RandomNumberGenerator {
    var state: UInt64 = 0

    mutating func next() -> UInt64 {
        defer { state &+= 1 }
        return state
    }
}

/// `depth` arrays within each other, as a value that no text was parsed for.
func nested(_ depth: Int) -> JSONValue {
    (0..<depth).reduce(.null) { value, _ in .array([value]) }
}
