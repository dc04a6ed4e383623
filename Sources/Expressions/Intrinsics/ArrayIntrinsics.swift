import JSON

extension Intrinsic {
    /// The most elements that `States.ArrayRange` makes.
    static let rangeLimit = 1_000

    static func partition(_ arguments: IntrinsicArguments) throws(IntrinsicFailure) -> JSONValue {
        let elements = try arguments.array(0)
        let size = try arguments.integer(1)
        guard size > 0 else {
            throw IntrinsicFailure(reason: "The second argument must be a positive integer but was \(size).")
        }
        let starts = stride(from: 0, to: elements.count, by: size)
        return .array(starts.map { .array(Array(elements[$0..<min($0 + size, elements.count)])) })
    }

    static func contains(_ arguments: IntrinsicArguments) throws(IntrinsicFailure) -> JSONValue {
        .bool(try arguments.array(0).contains { $0.isSame(as: arguments.values[1]) })
    }

    static func range(_ arguments: IntrinsicArguments) throws(IntrinsicFailure) -> JSONValue {
        let first = try arguments.integer(0)
        let last = try arguments.integer(1)
        let step = try arguments.integer(2)
        guard step != 0 else { throw IntrinsicFailure(reason: "The third argument must not be 0.") }
        let count = step > 0 ? (last - first) / step + 1 : (first - last) / -step + 1
        guard (step > 0) == (last >= first) || first == last else { return .array([]) }
        guard count <= rangeLimit else {
            throw IntrinsicFailure(
                reason: "The range would have \(count) elements; at most \(rangeLimit) are allowed."
            )
        }
        return .array((0..<count).map { .number(JSONNumber(first + $0 * step)) })
    }

    static func item(_ arguments: IntrinsicArguments) throws(IntrinsicFailure) -> JSONValue {
        let elements = try arguments.array(0)
        let index = try arguments.integer(1)
        guard elements.indices.contains(index) else {
            throw IntrinsicFailure(
                reason: "The index \(index) is out of bounds for an array of \(elements.count) elements."
            )
        }
        return elements[index]
    }

    static func unique(_ arguments: IntrinsicArguments) throws(IntrinsicFailure) -> JSONValue {
        var seen: Set<SameValue> = []
        return .array(try arguments.array(0).filter { seen.insert(SameValue($0)).inserted })
    }
}
