package import JSON

/// What an expression can see while it is evaluated: `$` the state's data, `$$` the context object, `$name` variables.
package struct Scope: Sendable {
    /// The value of `$`.
    package var input: JSONValue
    /// The value of `$$`.
    package var context: JSONValue
    /// Workflow variables by name, without the dollar sign; inner scopes already merged over outer ones.
    package var variables: [String: JSONValue]

    package init(input: JSONValue, context: JSONValue = .object([:]), variables: [String: JSONValue] = [:]) {
        self.input = input
        self.context = context
        self.variables = variables
    }
}
