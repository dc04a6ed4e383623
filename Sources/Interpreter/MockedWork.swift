package import JSON

/// What takes the place of the work of a Task, Parallel or Map in a test.
package enum MockedWork: Sendable {
    case result(JSONDocument)
    case failure(error: String, cause: String)

    /// The same as what happens to a Task.
    var outcome: Outcome {
        switch self {
        case .result(let result): .succeeded(result)
        case .failure(let error, let cause): .failed(error: error, cause: cause)
        }
    }
}

/// A Task whose work is about to be asked for.
package struct MockedTask: Sendable {
    /// The name of its state.
    package var state: String
    /// What the work is given.
    package var input: JSONDocument
}

/// Stands in for the work of Tasks, whatever their resources are; nil for a Task whose work is to be done.
package typealias TaskMock = @Sendable (MockedTask) -> MockedWork?
