/// Why an expression, a time zone or a span is refused: what is wrong, where, and what would do.
package struct ScheduleError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
