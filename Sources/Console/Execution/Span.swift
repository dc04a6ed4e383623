import Expressions

/// One time that an execution was in a state.
struct Span: Sendable {
    enum Outcome: String, Sendable {
        case running
        case succeeded
        /// It failed, and a Catch went on.
        case caught
        case failed
        /// It was ended because something else had failed, or the execution was stopped.
        case aborted
    }

    /// A call of what the state calls.
    struct Attempt: Sendable {
        let start: Timestamp
        var end: Timestamp?
        var error: String?
        var hasFailed = false
    }

    /// The event that entered the state.
    let id: Int
    let state: String
    /// The span of the Parallel or Map around it, by its place in the list.
    let parent: Int?
    /// Of the Map around it.
    let iteration: Int?
    /// The span of the state that led here, by its place in the list.
    let before: Int?
    let enteredAt: Timestamp
    var endedAt: Timestamp?
    /// The event that left the state.
    var exitEvent: Int?
    var outcome = Outcome.running
    var attempts: [Attempt] = []
    var error: String?
    /// The event of the last failure.
    var failure: Int?
    /// Of a Map.
    var itemCount: Int?

    var retries: Int { max(0, attempts.count - 1) }
}
