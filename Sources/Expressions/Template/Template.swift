package import JSON

/// Data with expressions, in the language of its state.
package enum Template: Sendable {
    case jsonPath(PayloadTemplate)
    case jsonata(JSONataTemplate)

    /// The template as written.
    package var source: JSONValue {
        switch self {
        case .jsonPath(let template): template.source
        case .jsonata(let template): template.source
        }
    }

    /// The variables it reads.
    package var variableNames: Set<String> {
        switch self {
        case .jsonPath(let template): template.variableNames
        case .jsonata(let template): template.variableNames
        }
    }

    /// Whether the result can depend on the input of the whole execution.
    package var readsExecutionInput: Bool {
        switch self {
        case .jsonPath(let template): template.readsExecutionInput
        case .jsonata(let template): template.readsContext
        }
    }
}

extension JSONataTemplate {
    /// The variables it reads.
    package var variableNames: Set<String> { Set(expressions.flatMap(\.variableNames)) }

    /// Whether some expression may read `$states.context`.
    package var readsContext: Bool { expressions.contains(where: \.readsContext) }
}
