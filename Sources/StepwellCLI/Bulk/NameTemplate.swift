import JSON

/// How the executions of many inputs are named: text, with members of the input in braces.
///
/// `order-{id}`, `{customer.id}-{items.0.sku}`; `{#}` is the number of the line. No valid name has a brace in it.
struct NameTemplate {
    private enum Part {
        case text(String)
        case line
        case field([String])
    }

    private let parts: [Part]

    /// nil: the braces don't match, or nothing is in them. Without any, all executions would have one name.
    init?(_ template: String) {
        var parts: [Part] = []
        var rest = Substring(template)
        while let open = rest.firstIndex(of: "{") {
            guard !rest[..<open].contains("}") else { return nil }
            parts.append(.text(String(rest[..<open])))
            let inside = rest[rest.index(after: open)...]
            guard let close = inside.firstIndex(of: "}"), close > inside.startIndex else { return nil }
            let name = inside[..<close]
            parts.append(
                name == "#"
                    ? .line : .field(name.split(separator: ".", omittingEmptySubsequences: false).map(String.init))
            )
            rest = inside[inside.index(after: close)...]
        }
        guard !parts.isEmpty, !rest.contains("}") else { return nil }
        self.parts = parts + [.text(String(rest))]
    }

    /// The name for an input.
    ///
    /// - Throws: a `Failure` if the input has no such member, or one that can't be part of a name.
    func name(of input: JSONValue, line: Int) throws(Failure) -> String {
        var name = ""
        for part in parts {
            switch part {
            case .text(let text): name += text
            case .line: name += "\(line)"
            case .field(let path): name += try Self.text(at: path, in: input)
            }
        }
        return name
    }

    private static func text(at path: [String], in input: JSONValue) throws(Failure) -> String {
        var value: JSONValue? = input
        for step in path {
            value =
                value?.array
                .flatMap { array in
                    Int(step).flatMap { array.indices.contains($0) ? array[$0] : nil }
                } ?? value?[step]
        }
        switch value {
        case .string(let text)?: return text
        case .number(let number)?: return number.text
        case nil: throw Failure(.refused, "the input has no '\(path.joined(separator: "."))' to name it by")
        default: throw Failure(.refused, "'\(path.joined(separator: "."))' is neither text nor a number to name it by")
        }
    }
}
