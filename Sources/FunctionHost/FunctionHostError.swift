/// Why functions can't be run in processes of their own.
public struct FunctionHostError: Error, CustomStringConvertible {
    /// What happened, and where.
    public let description: String

    init(_ description: String) { self.description = description }

    func at(_ place: String) -> FunctionHostError { FunctionHostError("\(place): \(description)") }
}
