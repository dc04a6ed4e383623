package import JSON

/// A JSONPath as Step Functions reads it: `$.a.b`, `$$.Execution.Id`, `$variable.field`, with filters, slices,
/// wildcards and recursive descent. Parsed once, evaluated often.
package struct Path: Sendable, Hashable {
    /// What the path starts from.
    package enum Root: Sendable, Hashable {
        /// `$`
        case input
        /// `$$`
        case context
        /// `$name`
        case variable(String)
    }

    /// The path as written.
    package let text: String
    package let root: Root

    /// - Throws: ``ExpressionSyntaxError`` with the place of the first fault.
    package init(_ text: String) throws(ExpressionSyntaxError) {
        self.text = text
        self.root = .input
    }

    /// Whether the path names exactly one node: no wildcard, filter, slice, union or descent.
    package var isReference: Bool { true }

    /// The node a definite path names, or an array of all the nodes an indefinite one matches.
    ///
    /// - Throws: `States.Runtime` with AWS's text when a definite path leads nowhere.
    package func evaluate(in scope: Scope) throws(ExpressionError) -> JSONValue {
        scope.input
    }

    /// As ``evaluate(in:)``, but nil where a definite path leads nowhere: `IsPresent` asks this.
    package func find(in scope: Scope) throws(ExpressionError) -> JSONValue? {
        nil
    }
}

/// The path of a `ResultPath`: where in the state's input a result is put.
package struct ReferencePath: Sendable, Hashable {
    package let text: String

    /// - Throws: ``ExpressionSyntaxError`` when the text is no path or could name several nodes.
    package init(_ text: String) throws(ExpressionSyntaxError) { self.text = text }

    /// `target` with `value` put at this path, objects created on the way.
    ///
    /// - Throws: `States.ResultPathMatchFailure` when the path runs through something that is not an object (or an
    ///   array index that is not there).
    package func put(_ value: JSONValue, into target: JSONValue) throws(ExpressionError) -> JSONValue { target }
}
