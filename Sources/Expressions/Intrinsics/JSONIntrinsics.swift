import JSON

extension Intrinsic {
    /// The members of both objects; of equal keys the second object's value wins.
    static func merge(_ arguments: IntrinsicArguments) throws(IntrinsicFailure) -> JSONValue {
        var merged = try arguments.object(0)
        let other = try arguments.object(1)
        guard case .bool(let isDeep) = arguments.values[2] else { throw arguments.mismatch(2, "a boolean") }
        guard !isDeep else {
            throw IntrinsicFailure(reason: "The third argument must be false: only shallow merging is supported.")
        }
        for (key, value) in other { merged[key] = value }
        return .object(merged)
    }

    static func parse(_ arguments: IntrinsicArguments) throws(IntrinsicFailure) -> JSONValue {
        let text = try arguments.string(0)
        do throws(JSONSyntaxError) {
            return try JSONValue(parsing: text)
        } catch {
            throw IntrinsicFailure(reason: "The first argument is not valid JSON: \(error.description).")
        }
    }
}
