/// Why an expression could not be evaluated: a States Language error name and the cause that the history shows.
package struct ExpressionError: Error, Sendable, Hashable {
    /// `States.Runtime`, `States.IntrinsicFailure`, `States.ResultPathMatchFailure` …
    package let error: String
    /// The sentence AWS writes, without the frame that names the state ("An error occurred while executing …").
    package let cause: String
    /// Where in its state a JSONata expression stands: `Output/total`; nil elsewhere.
    package let location: String?

    package init(error: String, cause: String, location: String? = nil) {
        self.error = error
        self.cause = cause
        self.location = location
    }

    /// The error names of this target.
    enum Name: String {
        case runtime = "States.Runtime"
        case intrinsicFailure = "States.IntrinsicFailure"
        case queryEvaluationError = "States.QueryEvaluationError"
        case resultPathMatchFailure = "States.ResultPathMatchFailure"
    }

    init(error: Name, cause: String) {
        self.init(error: error.rawValue, cause: cause)
    }
}

/// Why the text of an expression is not one.
package struct ExpressionSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    package let reason: String
    /// Where in the expression, in UTF-8 bytes from its start.
    package let offset: Int

    package init(reason: String, offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    package var description: String { "\(reason) at position \(offset)" }
}
