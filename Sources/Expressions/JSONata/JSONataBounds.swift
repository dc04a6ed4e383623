/// What one evaluation may use. Each bound ends it with the error `U1001` and a sentence of its own.
package struct JSONataBounds: Sendable {
    /// The most evaluations of a part of the expression.
    package var steps: Int
    /// The deepest nesting of evaluations, where a call in tail position costs none.
    package var depth: Int
    /// The time from the start of the evaluation. The steps end it within 100 ms on a machine that is not busy; this
    /// is for one that is, where an expression that does nothing wrong must not fail.
    package var time: Duration
    /// The memory asked for in the course of the evaluation, in bytes; what has been given back counts too.
    package var allocatedBytes: Int
    /// The size of the result as JSON, in bytes.
    package var outputBytes: Int

    package init(
        steps: Int = 1_000_000,
        depth: Int = 2_000,
        time: Duration = .seconds(5),
        allocatedBytes: Int = 36 * 1_024 * 1_024,
        outputBytes: Int = 16 * 1_024 * 1_024
    ) {
        self.steps = steps
        self.depth = depth
        self.time = time
        self.allocatedBytes = allocatedBytes
        self.outputBytes = outputBytes
    }
}
