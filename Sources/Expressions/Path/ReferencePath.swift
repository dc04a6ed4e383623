package import JSON

/// The path of a `ResultPath`: where in the state's input a result is put.
package struct ReferencePath: Sendable, Hashable {
    /// How deep below the input a result may be put.
    static let depthLimit = 100

    /// The path as written.
    package let text: String
    private let segments: [PathSegment]

    /// - Throws: ``ExpressionSyntaxError`` when the text is no path, could name several nodes, or does not start at the
    ///   input (`$$` and variables are read-only).
    package init(_ text: String) throws(ExpressionSyntaxError) {
        let path = try Path(text)
        guard path.root == .input else {
            throw ExpressionSyntaxError(reason: "a result can only be put below '$'", offset: 0)
        }
        guard path.isReference else {
            throw ExpressionSyntaxError(reason: "a reference path must name exactly one node", offset: 0)
        }
        guard path.steps.segments.count <= Self.depthLimit else {
            throw ExpressionSyntaxError(reason: "a result can be put at most \(Self.depthLimit) deep", offset: 0)
        }
        self.text = text
        segments = path.steps.segments
    }

    /// Whether the path is `$`: the result replaces the input.
    package var isRoot: Bool { segments.isEmpty }

    /// `target` with `value` put at this path, objects created on the way.
    ///
    /// - Throws: `States.ResultPathMatchFailure` when the path runs through something that is not an object (or an
    ///   array index that is not there).
    package func put(_ value: JSONValue, into target: JSONValue) throws(ExpressionError) -> JSONValue {
        var result = target
        guard Self.put(value, at: segments[...], in: &result) else {
            throw ExpressionError(
                error: .resultPathMatchFailure,
                cause: "Unable to apply ReferencePath \(text) to input \(target.excerpt)"
            )
        }
        return result
    }

    private static func put(_ value: JSONValue, at segments: ArraySlice<PathSegment>, in node: inout JSONValue) -> Bool
    {
        guard let segment = segments.first else {
            node = value
            return true
        }
        let rest = segments.dropFirst()
        switch (segment, node) {
        case (.name(let name), .object(var members)):
            var member = members[name] ?? .object(JSONObject())
            guard put(value, at: rest, in: &member) else { return false }
            members[name] = member
            node = .object(members)
            return true
        case (.index(let index), .array(var elements)):
            let place = index < 0 ? index + elements.count : index
            guard elements.indices.contains(place) else { return false }
            guard put(value, at: rest, in: &elements[place]) else { return false }
            node = .array(elements)
            return true
        default: return false
        }
    }
}

extension ReferencePath: CustomStringConvertible {
    package var description: String { text }
}
