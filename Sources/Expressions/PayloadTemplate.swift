package import JSON

/// A payload template (`Parameters`, `ResultSelector`, `ItemSelector`, `Assign`): JSON in which the value of a key
/// that ends in `.$` is a path, a context path, a variable or an intrinsic function. Compiled once.
package struct PayloadTemplate: Sendable {
    /// A fault in a template, at a place below the field it stands in.
    package struct Fault: Error, Sendable, Hashable {
        /// The keys (and array indexes) that lead from the template to the fault: `["order", "id.$"]`.
        package let keys: [String]
        package let reason: String

        package init(keys: [String], reason: String) {
            self.keys = keys
            self.reason = reason
        }
    }

    /// The template as written.
    package let source: JSONValue

    /// Compiles a template; all of its faults are reported at once.
    package static func compile(_ source: JSONValue) -> (template: PayloadTemplate, faults: [Fault]) {
        (PayloadTemplate(source: source), [])
    }

    /// The template with every expression replaced by its value and every `.$` taken off its key.
    ///
    /// - Throws: `States.ParameterPathFailure`, `States.IntrinsicFailure` or `States.Runtime` with AWS's texts.
    package func evaluate(
        in scope: Scope,
        random: inout some RandomNumberGenerator
    ) throws(ExpressionError) -> JSONValue { source }
}

/// One value of a template: a path, or an intrinsic function whose arguments are expressions again.
package struct TemplateExpression: Sendable, Hashable {
    package let text: String

    /// - Throws: ``ExpressionSyntaxError`` for text that is neither a path nor a known intrinsic with the right number
    ///   of arguments.
    package init(_ text: String) throws(ExpressionSyntaxError) { self.text = text }

    /// The name of the outermost intrinsic, `States.Format`; nil for a path.
    package var intrinsic: String? { nil }

    /// Every path in it, arguments of intrinsics included.
    package var paths: [Path] { [] }

    package func evaluate(
        in scope: Scope,
        random: inout some RandomNumberGenerator
    ) throws(ExpressionError) -> JSONValue { .null }
}
